"""What `wicket central rotate-key`, `revoke-key` and `keys` do, and how they end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from getpass import getuser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from admission.telling import moment
from central import device_keys, keys
from central.catalogue import venues
from central.device_keys import KeyReport
from central.sale import offline
from central.sale.states import By, Refused
from central.settings import CentralSettings
from central.store.database import DatabaseDown, Work, faults_of, make_engine
from central.store.revisions import newest, revision_of
from runtime.service import utc_now
from runtime.settings import BadSettings, load
from wicket.central_store import Said


def rotate(config: Path, in_hours: float, why: str) -> Said:
    """Raises BadSettings."""
    settings, by = load(config, CentralSettings), _by()

    def work(connection: Any) -> str:
        at = keys.from_now(by.at, in_hours)
        made = device_keys.rotate(connection, settings.state, at, why, by)
        return f"key {made.id} signs from {_short(at)} on; copy its file, as you did central.key"

    return _said(settings, work)


def revoke(config: Path, which: str, since: str, why: str) -> Said:
    """`since` as staff write a time. Raises BadSettings."""
    by = _by()

    def work(connection: Any) -> str | Refused:
        found = venues.newest(connection)
        try:
            when = moment(since, by.at, found.venue.zone if found else ZoneInfo("UTC"))
        except ValueError as error:
            return Refused("no_time", str(error))
        done = offline.revoke(connection, which, when, why, by)
        if isinstance(done, Refused):
            return done
        lines = [f"key {key.id} is revoked from {_short(key.revoked_at)} on" for key in done.keys]
        return "\n".join([*lines, f"{done.blocked} tickets sold after that are blocked"])

    return _said(load(config, CentralSettings), work)


def listing(config: Path) -> Said:
    """Raises BadSettings."""
    settings = load(config, CentralSettings)
    return _said(settings, lambda c: "\n".join(_table(device_keys.reports(c))))


def _table(found: Iterable[KeyReport]) -> Iterator[str]:
    yield f"{'id':>5}  {'whose':<20} {'from':<17} {'until':<17} {'revoked':<17} tickets"
    for one in found:
        key = one.key
        dates = (key.valid_from, key.valid_until, key.revoked_at)
        columns = " ".join(f"{_short(at):<17}" for at in dates)
        yield f"{key.id:>5}  {key.device or keys.NAME:<20} {columns} {one.tickets:>7}"
        for by, what, why in one.changes:
            yield f"{'':>7}{_short(by.at)} {by.who}: {what}" + (f" ({why})" if why else "")


def _short(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%MZ}" if at else ""


def _by() -> By:
    return By(f"user {getuser()}"[:40], utc_now())


def _said(settings: CentralSettings, work: Work[str] | Work[str | Refused]) -> Said:
    """One transaction on a database that central has set up."""
    engine = make_engine(settings.database_url)
    try:
        with faults_of(engine):
            if revision_of(engine) != newest():
                raise BadSettings(["the database is of another version; start central first"])
            with engine.execution_options(wicket_writes=True).begin() as connection:
                told = work(connection)
    except (DatabaseDown, OSError) as error:
        return Said(str(error), exit_code=1)
    if isinstance(told, Refused):
        return Said(told.detail, exit_code=1)
    return Said(told)
