"""What is heard of devices: their status on the bus, and when they were cut off."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from admission.presence import LONGEST_ZONE
from central.store.schema import device_gap, device_status
from runtime.convert import Invalid, structure_known
from runtime.wire import decode

MAX_STATUS = 16 * 1024
MAX_TEXT = 1000
MAX_ITEMS = 64
SILENT = timedelta(seconds=100)
"""A device says every 30 s how it is; who did not for so long cannot be heard, whatever the broker
believes."""
KEPT = timedelta(days=90)
LATELY = timedelta(days=1)


@dataclass(frozen=True)
class Status:
    """A device's own words; what it does not tell is None. `cursor`: the last number of the feed of
    that `epoch` that it knows; `as_of`: that of the snapshot it has; `waiting`: facts not
    acknowledged to it; `set_aside`: facts it could not read; `clock_offset_s`: so much its clock is
    ahead of central's; `lanes`: name → direction → mode; `admitted`: persons that each lane let in
    today; `leases`: places it may sell offline; `closed`: why staff had it stop selling."""

    online: bool
    version: str = ""
    epoch: int = 0
    cursor: int | None = None
    as_of: int | None = None
    waiting: int | None = None
    set_aside: int = 0
    name_taken: bool = False
    clock_trusted: bool | None = None
    clock_offset_s: float | None = None
    present: dict[str, int] = field(default_factory=dict)
    emergency: bool = False
    faults: tuple[str, ...] = ()
    lanes: dict[str, dict[str, str]] = field(default_factory=dict)
    out_of_order: str | None = None
    leases: int | None = None
    admitted: dict[str, int] = field(default_factory=dict)
    closed: str | None = None

    def __post_init__(self) -> None:
        modes = [word for lane in self.lanes.values() for pair in lane.items() for word in pair]
        said = (self.version, self.out_of_order or "", self.closed or "")
        for text in (*said, *self.faults, *self.lanes, *self.admitted, *modes):
            if len(text) > MAX_TEXT:
                raise ValueError(f"a text of {len(text)} characters; at most {MAX_TEXT}")
        for many in (self.faults, self.lanes, self.admitted, *self.lanes.values()):
            if len(many) > MAX_ITEMS:
                raise ValueError(f"{len(many)} at once; at most {MAX_ITEMS}")
        counts = (self.cursor, self.as_of, self.waiting, self.set_aside, self.leases)
        for number in (*counts, *self.admitted.values()):
            if number is not None and number < 0:
                raise ValueError(f"{number}: less than nothing")
        for zone in self.present:
            if not 0 < len(zone) <= LONGEST_ZONE:
                raise ValueError(f"present: no zone is called {zone[:LONGEST_ZONE]!r}")
        offset = self.clock_offset_s
        if offset is not None and not (math.isfinite(offset) and abs(offset) < 1e12):
            raise ValueError(f"clock_offset_s: {offset} is not possible")


@dataclass(frozen=True)
class Heard:
    """How a device is as far as central heard: online or not `since`, and what it told last."""

    device: str
    online: bool
    since: datetime
    heard_at: datetime
    status: Status


@dataclass(frozen=True)
class Gap:
    device: str
    began: datetime
    ended: datetime


def read(payload: bytes) -> Status:
    """Raises Invalid. A status that says nothing is of a device that is not there."""
    if len(payload) > MAX_STATUS:
        raise Invalid([("", f"{len(payload)} bytes are more than {MAX_STATUS}")])
    return structure_known(decode(payload), Status)


def hear(
    before: Heard | None,
    device: str,
    status: Status,
    now: datetime,
    *,
    kept: bool,
    listening: datetime,
) -> tuple[Heard, Gap | None]:
    """How the device is, and the gap that this ends. `kept`: the broker has kept the status for
    us, from nobody knows when; `listening`: since when central hears the broker without a break."""
    if before is None:
        return Heard(device, status.online, now, now, status), None
    if not status.online:
        gone = before.heard_at if kept else now
        since = gone if before.online else before.since
        return replace(before, online=False, since=since), None
    heard_at = before.heard_at if kept and before.online else now
    away = before.since if not before.online else before.heard_at
    silent = not kept and listening <= before.heard_at <= now - SILENT
    back = not before.online or silent
    gap = Gap(device, away, now) if back and away < now else None
    return Heard(device, True, now if back else before.since, heard_at, status), gap


def all_heard(connection: Connection) -> dict[str, Heard]:
    """By device. That of central itself tells since when it hears the broker."""
    rows = connection.execute(select(device_status))
    return {
        row.device: Heard(
            row.device, row.online, row.since, row.heard_at, structure_known(row.told, Status)
        )
        for row in rows
    }


def keep(connection: Connection, heard: Iterable[Heard], gaps: Collection[Gap]) -> None:
    for one in heard:
        told = asdict(one.status)
        row = {"online": one.online, "since": one.since, "heard_at": one.heard_at, "told": told}
        this = device_status.c.device == one.device
        if not connection.execute(update(device_status).where(this).values(row)).rowcount:
            connection.execute(insert(device_status).values(device=one.device, **row))
    if gaps:
        connection.execute(insert(device_gap), [asdict(gap) for gap in gaps])
        oldest = max(gap.ended for gap in gaps) - KEPT
        connection.execute(delete(device_gap).where(device_gap.c.ended < oldest))


def last_gaps(connection: Connection, device: str, now: datetime, most: int) -> list[Gap]:
    """When the device was cut off within the last day and is back since, the newest first."""
    rows = connection.execute(
        select(device_gap.c.began, device_gap.c.ended)
        .where(device_gap.c.device == device, device_gap.c.ended >= now - LATELY)
        .order_by(device_gap.c.ended.desc())
        .limit(most)
    )
    return [Gap(device, *row) for row in rows]


def gaps_at(
    connection: Connection, moments: Collection[tuple[str, datetime]]
) -> dict[tuple[str, datetime], Gap]:
    """Of moments of devices those in which central could not hear the device, as one knows since
    it is back."""
    if not moments:
        return {}
    first = min(at for _, at in moments)
    rows = connection.execute(
        select(device_gap.c.device, device_gap.c.began, device_gap.c.ended)
        .where(device_gap.c.device.in_({device for device, _ in moments}))
        .where(device_gap.c.ended >= first)
    )
    gaps = [Gap(*row) for row in rows]
    return {
        (device, at): gap
        for device, at in moments
        for gap in gaps
        if gap.device == device and gap.began <= at <= gap.ended
    }


def away_since(one: Heard, central: Heard | None, now: datetime) -> datetime | None:
    """Since when the device cannot be heard; None if it can."""
    if not one.online:
        return one.since
    listening = central.since if central else now
    return one.heard_at if max(one.heard_at, listening) < now - SILENT else None
