"""`wicket central migrate`, `backup` and `restore`: what to tell the operator, and how to end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from central.settings import CentralSettings
from central.store import copies
from central.store.database import DatabaseDown, faults_of, make_engine
from central.store.database import migrate as bring_up_to_date
from central.store.revisions import newest as newest_revision
from central.store.revisions import revision_of
from runtime.settings import load


@dataclass(frozen=True)
class Said:
    text: str
    exit_code: int = 0


def migrate(config: Path, *, check: bool) -> Said:
    """Exit code 1 if the schema is behind and was only looked at. Raises BadSettings."""

    def work(url: str) -> Said:
        engine = make_engine(url)
        with faults_of(engine):
            before, newest = revision_of(engine), newest_revision()
            if before == newest:
                return Said(f"the database is at revision {newest}, the newest")
            if check:
                return Said(f"the database is at revision {before}, behind {newest}", exit_code=1)
            bring_up_to_date(engine)
        return Said(f"the database was at revision {before} and is at {newest} now")

    return _said(config, work)


def backup(config: Path, file: Path) -> Said:
    """Raises BadSettings."""

    def work(url: str) -> Said:
        copies.backup(url, file)
        return Said(f"{file}: {file.stat().st_size} bytes")

    return _said(config, work)


def restore(config: Path, file: Path, *, force: bool) -> Said:
    """Raises BadSettings."""

    def work(url: str) -> Said:
        copies.restore(url, file, force=force)
        return Said(f"the database is as in {file}; start central")

    return _said(config, work)


def _said(config: Path, work: Callable[[str], Said]) -> Said:
    try:
        return work(load(config, CentralSettings).database_url)
    except (copies.CopyRefused, DatabaseDown, OSError) as error:
        return Said(str(error), exit_code=1)
