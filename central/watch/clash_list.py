"""The clashes that were found, for people: newest first, and which of them are settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Select, func, select, update

from admission.facts import Clash, Conflicted
from central.sale.states import By, Refused
from central.store.schema import clash, feed
from central.watch import clashes, devices
from central.watch.devices import Gap
from runtime.wire import fact_from_data


@dataclass(frozen=True)
class Settled:
    by: By
    why: str


@dataclass(frozen=True)
class Found:
    """A clash by its number in the feed. `given_back`: the entries that it was about were given
    back, as one learned later, so nobody came in who should not have. `gaps`: when devices of it
    were cut off from central then."""

    n: int
    at: datetime
    told: Conflicted
    given_back: bool
    settled: Settled | None
    gaps: Sequence[Gap] = ()


def listed(connection: Connection, before: int, limit: int, zone: ZoneInfo) -> list[Found]:
    """Those that were found before the one with the number `before`, newest first."""
    rows = _all().where(clash.c.n < before).order_by(clash.c.n.desc()).limit(limit)
    return _found(connection, connection.execute(rows).all(), zone)


def settle(connection: Connection, n: int, why: str, by: By, zone: ZoneInfo) -> Found | Refused:
    """Somebody looked at it; what was done, or why nothing need be."""
    this = clash.c.n == n
    held = connection.execute(select(clash).where(this).with_for_update()).first()
    if held is None:
        return Refused("unknown_clash", f"no clash has the number {n}")
    if held.settled_at is not None:
        return Refused("settled_before", f"{held.settled_by} settled it: {held.settled_why}")
    values = {"settled_at": by.at, "settled_by": by.who, "settled_why": why}
    connection.execute(update(clash).where(this).values(values))
    return _found(connection, connection.execute(_all().where(this)).all(), zone)[0]


def unsettled(connection: Connection) -> dict[Clash, int]:
    """How many of each kind."""
    rows = connection.execute(
        select(clash.c.kind, func.count())
        .where(clash.c.settled_at.is_(None))
        .group_by(clash.c.kind)
    )
    found = {row[0]: row[1] for row in rows}
    return {clash: found.get(clash.value, 0) for clash in Clash}


def to_alert(connection: Connection, limit: int) -> list[tuple[int, Conflicted]]:
    """Those of which the bus has not been told, oldest first, by their numbers."""
    rows = _all().where(clash.c.alerted.is_(False)).order_by(clash.c.n).limit(limit)
    return [(row.n, _told(row)) for row in connection.execute(rows)]


def alerted(connection: Connection, n: int) -> None:
    connection.execute(update(clash).where(clash.c.n == n).values(alerted=True))


def _all() -> Select[tuple[object, ...]]:
    return select(clash, feed.c.received_at, feed.c.body).join(feed, feed.c.n == clash.c.n)


def _found(connection: Connection, rows: Sequence[Row[object]], zone: ZoneInfo) -> list[Found]:
    twice = {row.ticket for row in rows if row.kind == Clash.TWICE.value}
    still = clashes.still_beyond(connection, twice, zone) if twice else set()
    sides = {row.n: [(side.device, side.at) for side in _told(row).sides] for row in rows}
    gaps = devices.gaps_at(connection, {one for told in sides.values() for one in told})
    return [
        Found(
            row.n,
            row.received_at,
            _told(row),
            row.kind == Clash.TWICE.value and (row.device, row.number) not in still,
            Settled(By(row.settled_by, row.settled_at), row.settled_why)
            if row.settled_at
            else None,
            tuple(dict.fromkeys(gaps[side] for side in sides[row.n] if side in gaps)),
        )
        for row in rows
    ]


def _told(row: Row[object]) -> Conflicted:
    event = fact_from_data(row.body).event
    assert isinstance(event, Conflicted)
    return event
