"""Time slots in the database, and how full each one is.

`sold`, `reserved` and `leased` are counted from the requests and leases themselves at every look,
so no counter can drift, and a reservation frees its places in the moment it expires. Slots without
a limit are not counted. Who was admitted and is present is summed up by visits.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from admission.booking import Occupancy, SaleBlocked, Visits, sale_blocked, share_of
from admission.values import Control, TimeSlot, Window
from central.schema import (
    lease,
    line_slot,
    slot_change,
    ticket_request,
    ticket_window,
    time_slot,
    visit,
)
from central.states import Status


@dataclass(frozen=True)
class Listed:
    """A slot as it stands now, its occupancy as one sales channel sees it. `planned` is false when
    the schedules have it no more; `by_hand` tells whether staff closed or reopened it."""

    slot: TimeSlot
    day: date
    occupancy: Occupancy
    planned: bool = True
    by_hand: bool | None = None

    @property
    def closed(self) -> bool:
        return not self.planned if self.by_hand is None else self.by_hand

    def blocked(self, now: datetime, wanted: int = 1) -> SaleBlocked | None:
        return sale_blocked(self.slot, self.occupancy.left, now, closed=self.closed, wanted=wanted)

    def off_sale(self, now: datetime) -> SaleBlocked | None:
        """Why it cannot be bought, however many places are left."""
        return sale_blocked(self.slot, None, now, closed=self.closed)


CAPACITY = case(
    (
        time_slot.c.control != Control.NONE.value,
        func.coalesce(time_slot.c.own_capacity, time_slot.c.capacity),
    )
)
"""As staff set it, or as planned."""


def refresh(
    connection: Connection, planned: Sequence[TimeSlot], zone: ZoneInfo, now: datetime
) -> None:
    """Make the future as planned. A slot that anybody has to do with is kept, closed, when it is
    planned no more, and keeps its seats; tickets that were sold stay good at the times that they
    tell."""
    wanted = {slot.id: _columns(slot, zone) for slot in planned}
    recent = time_slot.c.day >= now.astimezone(zone).date() - timedelta(days=1)
    connection.execute(select(time_slot.c.id).where(recent).order_by("id").with_for_update()).all()
    rows = connection.execute(select(time_slot).where(recent)).mappings()
    known = {row["id"]: dict(row) for row in rows}
    in_use = set(connection.scalars(select(time_slot.c.id).where(recent, _IN_USE)))
    for id_, row in known.items():
        this = time_slot.c.id == id_
        if id_ in wanted:
            if id_ in in_use and row["seating"] != wanted[id_]["seating"]:
                wanted[id_] |= {name: row[name] for name in ("seating", "capacity", "control")}
            if row | wanted[id_] != row:
                connection.execute(update(time_slot).where(this).values(wanted[id_]))
        elif row["start"] > now and id_ in in_use:
            if row["planned"]:
                connection.execute(update(time_slot).where(this).values(planned=False))
        elif row["start"] > now:
            connection.execute(delete(time_slot).where(this))
    new = [columns for id_, columns in wanted.items() if id_ not in known]
    if new:
        connection.execute(insert(time_slot), new)


_IN_USE = or_(
    *(
        exists().where(table.c.slot == time_slot.c.id)
        for table in (line_slot, lease, slot_change, ticket_window, visit)
    )
)


def on_days(
    connection: Connection,
    attraction: str,
    days: tuple[date, date],
    now: datetime,
    *,
    channel: str = "",
) -> list[Listed]:
    """The slots of the first to the last of `days`."""
    here = and_(time_slot.c.attraction == attraction, time_slot.c.day.between(*days))
    return listed(connection, now, here, channel=channel)


def on_next_days(
    connection: Connection,
    attraction: str,
    today: date,
    count: int,
    now: datetime,
    *,
    channel: str = "",
) -> dict[date, list[Listed]]:
    """The slots of the next `count` days, from `today` on, that have any."""
    coming = and_(time_slot.c.attraction == attraction, time_slot.c.day >= today)
    days = select(time_slot.c.day).where(coming).distinct().order_by("day").limit(count)
    by_day: dict[date, list[Listed]] = {day: [] for day in connection.scalars(days)}
    if by_day:
        until = time_slot.c.day <= max(by_day)
        for one in listed(connection, now, coming, until, channel=channel):
            by_day[one.day].append(one)
    return by_day


def find(
    connection: Connection, ids: Iterable[str], now: datetime, *, channel: str = ""
) -> dict[str, Listed]:
    """The slots with these ids, as they stand."""
    rows = listed(connection, now, time_slot.c.id.in_(sorted(set(ids))), channel=channel)
    return {one.slot.id: one for one in rows}


def lock(
    connection: Connection,
    ids: Iterable[str],
    now: datetime,
    *,
    but_for: int = 0,
    channel: str = "",
) -> dict[str, Listed]:
    """The slots with these ids; until the transaction ends nobody else books them.

    Places that the request `but_for` holds are not counted.
    """
    wanted = hold(connection, ids)
    rows = listed(connection, now, wanted, but_for=but_for, channel=channel)
    return {one.slot.id: one for one in rows}


def hold(connection: Connection, ids: Iterable[str]) -> ColumnElement[bool]:
    """Until the transaction ends nobody else books these slots; the condition that means them."""
    wanted = time_slot.c.id.in_(sorted(set(ids)))
    connection.execute(
        select(time_slot.c.id).where(wanted).order_by(time_slot.c.id).with_for_update()
    ).all()
    return wanted


def listed(
    connection: Connection,
    now: datetime,
    *conditions: ColumnElement[bool],
    but_for: int = 0,
    channel: str = "",
    count_all: bool = False,
) -> list[Listed]:
    """The slots that meet the conditions, as `channel` sees them; with `count_all` those without
    a limit are counted too."""
    sold = ticket_request.c.status == Status.CONFIRMED.value
    reserved = and_(
        ticket_request.c.status == Status.RESERVED.value,
        ticket_request.c.expires_at > now,
        ticket_request.c.id != but_for,
    )
    leased = case((lease.c.expires_at > now, lease.c.places - lease.c.used - lease.c.returned))
    counted = true() if count_all else CAPACITY.is_not(None)
    # By itself, for a database sorts these rows, of which there are many, and they are narrow.
    held = (
        select(
            time_slot.c.id,
            _places(sold).label("sold"),
            _places(reserved).label("reserved"),
            _places(or_(sold, reserved), ticket_request.c.channel == channel).label("of_channel"),
        )
        .outerjoin(line_slot, and_(line_slot.c.slot == time_slot.c.id, counted))
        .outerjoin(ticket_request, ticket_request.c.id == line_slot.c.request)
        .where(*conditions)
        .group_by(time_slot.c.id)
        .subquery()
    )
    columns = {
        "sold": held.c.sold,
        "reserved": held.c.reserved,
        "used": _of_leases(lease.c.used),
        "leased": _of_leases(leased),
    }
    if channel:
        columns["of_channel"] = held.c.of_channel + _of_leases(
            lease.c.used + func.coalesce(leased, 0), lease.c.channel == channel
        )
        columns["gone"] = _gone(channel)
    rows = connection.execute(
        select(time_slot, *(column.label(name) for name, column in columns.items()))
        .join(held, held.c.id == time_slot.c.id)
        .order_by(time_slot.c.start, time_slot.c.id)
    ).mappings()
    return [_listed(row, channel, now) for row in rows]


def _listed(row: RowMapping, channel: str, now: datetime) -> Listed:
    slot = _slot(row)
    percent = dict(slot.shares).get(channel)
    occupancy = Occupancy(
        slot.capacity,
        row["sold"] + row["used"],
        row["reserved"],
        row["leased"],
        share_of(slot.capacity, percent, row["of_channel"] - row["gone"]) if channel else None,
        slot.control,
        Visits(
            row["admitted"], row["guests"], row["came"], max(0, row["present"] + row["unscanned"])
        ),
        now >= slot.arrival.end,
    )
    return Listed(slot, row["day"], occupancy, row["planned"], row["closed"])


def _places(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(line_slot.c.places).filter(*conditions), 0)


def _gone(channel: str) -> ColumnElement[int]:
    """How many places of a channel's share are free again because whoever had them has left."""
    gone = (
        select(func.coalesce(func.sum(visit.c.came - visit.c.present), 0))
        .where(visit.c.slot == time_slot.c.id, visit.c.channel == channel)
        .scalar_subquery()
    )
    return case((time_slot.c.control == Control.PRESENT.value, gone), else_=0)


def _of_leases(places: ColumnElement[int], *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """The sum over the leases of a slot."""
    return (
        select(func.coalesce(func.sum(places), 0))
        .where(lease.c.slot == time_slot.c.id, *conditions)
        .scalar_subquery()
    )


def _columns(slot: TimeSlot, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": slot.id,
        "attraction": slot.attraction,
        "day": slot.start.astimezone(zone).date(),
        "start": slot.start,
        "end": slot.end,
        "arrival_start": slot.arrival.start,
        "arrival_end": slot.arrival.end,
        "sales_start": slot.sales.start,
        "sales_end": slot.sales.end,
        "capacity": slot.capacity,
        "shares": [list(share) for share in slot.shares],
        "planned": True,
        "seating": slot.seating or None,
        "control": slot.control.value,
    }


def _slot(row: RowMapping) -> TimeSlot:
    own, control = row["own_capacity"], Control(row["control"])
    return TimeSlot(
        id=row["id"],
        attraction=row["attraction"],
        start=row["start"],
        end=row["end"],
        arrival=Window(row["arrival_start"], row["arrival_end"]),
        sales=Window(row["sales_start"], row["sales_end"]),
        capacity=None if control is Control.NONE else row["capacity"] if own is None else own,
        shares=tuple((channel, percent) for channel, percent in row["shares"]),
        seating=row["seating"] or "",
        control=control,
    )
