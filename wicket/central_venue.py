"""`wicket central import-venue`: what to tell the office, and how to end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from getpass import getuser
from pathlib import Path

from central.catalogue import imports
from central.catalogue.imports import Comparison
from central.catalogue.venue_diff import ChangeKind
from central.sale.states import By, Refused
from central.settings import CentralSettings
from central.store.database import DatabaseDown, faults_of, make_engine, migrate
from central.store.revisions import EMPTY, newest, revision_of
from runtime.service import utc_now
from runtime.settings import BadSettings, load, read_text

SIGNS = {
    ChangeKind.ADDED: "+",
    ChangeKind.CHANGED: "~",
    ChangeKind.GONE: "-",
    ChangeKind.CONFLICT: "!",
}


@dataclass(frozen=True)
class Import:
    """A file, and the database that it is to go into."""

    file: Path
    text: str
    url: str
    gates: Collection[str]


def import_venue(
    config: Path,
    file: Path | None,
    say: Callable[[str], None],
    agreed: Callable[[], bool],
    *,
    check: bool,
) -> int:
    """Say what the file would change, and import it if that is `agreed`; the exit code. `file` is
    by default the one of the settings. Raises BadSettings."""
    wanted = _wanted(config, file)
    try:
        comparison = _compare(wanted, utc_now())
        for line in told(comparison):
            say(line)
        if comparison.refused:
            return 1
        if check or comparison.same:
            return int(check and bool(comparison.changes))
        if not agreed():
            say("nothing was imported; --yes imports unasked")
            return 1
        done = _apply(wanted, comparison, utc_now())
    except (DatabaseDown, OSError) as error:
        say(str(error))
        return 1
    if isinstance(done, Refused):
        say(done.detail)
        return 1
    say(f"imported as revision {done.revision.number}; central sells by it within a second or two")
    return 0


def told(comparison: Comparison) -> Iterator[str]:
    """Line by line, the refusals last."""
    order = list(SIGNS)
    for change in sorted(comparison.changes, key=lambda one: order.index(one.kind)):
        yield f"{SIGNS[change.kind]} {change.text}"
    if not comparison.changes:
        yield "nothing changes for visitors"
    if any(change.kind is ChangeKind.CONFLICT for change in comparison.changes):
        yield "(! is for staff to settle: nothing is cancelled, GET /v1/conflicts will list it)"
    for refused in comparison.refused:
        yield f"cannot be imported: {refused}"


def _wanted(config: Path, file: Path | None) -> Import:
    settings = load(config, CentralSettings)
    file = file or settings.venue
    if file is None:
        raise BadSettings([f"{config}: venue: missing; or say the FILE to import"])
    return Import(file, read_text(file), settings.database_url, settings.gates)


def _compare(wanted: Import, now: datetime) -> Comparison:
    """A database that is not there is not made."""
    engine = make_engine(wanted.url)
    with faults_of(engine):
        found = revision_of(engine)
        if found == EMPTY:
            engine = make_engine("sqlite://")
            migrate(engine)
        elif found != newest():
            raise BadSettings(
                [f"the database is of an older version ({found}); start central, or migrate it"]
            )
        with engine.begin() as connection:
            return imports.compare(
                connection, wanted.text, str(wanted.file), now, gates=wanted.gates
            )


def _apply(wanted: Import, comparison: Comparison, now: datetime) -> imports.Imported | Refused:
    engine = make_engine(wanted.url)
    if engine.dialect.name == "sqlite" and engine.url.database:
        Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    writing = engine.execution_options(wicket_writes=True)
    by = By(f"user {getuser()}"[:40], now)
    with faults_of(engine):
        migrate(engine)
        with writing.begin() as connection:
            base, name = comparison.base, str(wanted.file)
            return imports.apply(connection, wanted.text, name, by, gates=wanted.gates, base=base)
