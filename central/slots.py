"""Time slots in the database, and how full each one is.

`sold` and `reserved` are counted from the requests themselves at every look, so no counter can
drift, and a reservation frees its places in the moment it expires. Slots without a limit are not
counted.
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
    func,
    insert,
    select,
    update,
)

from admission.booking import Occupancy, SaleBlocked, sale_blocked
from admission.values import TimeSlot, Window
from central.schema import request_line, ticket_request, time_slot
from central.states import Status


@dataclass(frozen=True)
class Listed:
    """A slot as it stands now."""

    slot: TimeSlot
    day: date
    occupancy: Occupancy

    def blocked(self, now: datetime) -> SaleBlocked | None:
        return sale_blocked(self.slot, self.occupancy.left, now)


def refresh(
    connection: Connection, planned: Sequence[TimeSlot], zone: ZoneInfo, now: datetime
) -> None:
    """Make the future as planned. A slot that anybody asked for stays as it was sold."""
    wanted = {slot.id: _columns(slot, zone) for slot in planned}
    recent = time_slot.c.day >= now.astimezone(zone).date() - timedelta(days=1)
    rows = connection.execute(select(time_slot).where(recent)).mappings()
    known = {row["id"]: dict(row) for row in rows}
    asked = set(
        connection.scalars(select(request_line.c.slot).join(time_slot).where(recent).distinct())
    )
    for id_, row in known.items():
        if id_ in asked or row == wanted.get(id_):
            continue
        if id_ in wanted:
            connection.execute(update(time_slot).where(time_slot.c.id == id_).values(wanted[id_]))
        elif row["start"] > now:
            connection.execute(delete(time_slot).where(time_slot.c.id == id_))
    new = [columns for id_, columns in wanted.items() if id_ not in known]
    if new:
        connection.execute(insert(time_slot), new)


def on_day(connection: Connection, attraction: str, day: date, now: datetime) -> list[Listed]:
    return _listed(connection, now, time_slot.c.attraction == attraction, time_slot.c.day == day)


def on_next_days(
    connection: Connection, attraction: str, today: date, count: int, now: datetime
) -> dict[date, list[Listed]]:
    """The slots of the next `count` days, from `today` on, that have any."""
    coming = and_(time_slot.c.attraction == attraction, time_slot.c.day >= today)
    days = select(time_slot.c.day).where(coming).distinct().order_by("day").limit(count)
    by_day: dict[date, list[Listed]] = {day: [] for day in connection.scalars(days)}
    if by_day:
        for listed in _listed(connection, now, coming, time_slot.c.day <= max(by_day)):
            by_day[listed.day].append(listed)
    return by_day


def lock(
    connection: Connection, ids: Iterable[str], now: datetime, *, but_for: int = 0
) -> dict[str, Listed]:
    """The slots with these ids; until the transaction ends nobody else books them.

    Places that the request `but_for` holds are not counted.
    """
    wanted = time_slot.c.id.in_(sorted(ids))
    connection.execute(
        select(time_slot.c.id).where(wanted).order_by(time_slot.c.id).with_for_update()
    ).all()
    rows = _listed(connection, now, wanted, but_for=but_for)
    return {listed.slot.id: listed for listed in rows}


def _listed(
    connection: Connection, now: datetime, *conditions: ColumnElement[bool], but_for: int = 0
) -> list[Listed]:
    sold = _places(ticket_request.c.status == Status.CONFIRMED.value)
    reserved = _places(
        ticket_request.c.status == Status.RESERVED.value,
        ticket_request.c.expires_at > now,
        ticket_request.c.id != but_for,
    )
    rows = connection.execute(
        select(time_slot, sold.label("sold"), reserved.label("reserved"))
        .outerjoin(
            request_line,
            and_(request_line.c.slot == time_slot.c.id, time_slot.c.capacity.is_not(None)),
        )
        .outerjoin(ticket_request, ticket_request.c.id == request_line.c.request)
        .where(*conditions)
        .group_by(time_slot.c.id)
        .order_by(time_slot.c.start)
    ).mappings()
    return [
        Listed(_slot(row), row["day"], Occupancy(row["capacity"], row["sold"], row["reserved"]))
        for row in rows
    ]


def _places(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((and_(*conditions), request_line.c.places), else_=0)), 0)


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
    }


def _slot(row: RowMapping) -> TimeSlot:
    return TimeSlot(
        id=row["id"],
        attraction=row["attraction"],
        start=row["start"],
        end=row["end"],
        arrival=Window(row["arrival_start"], row["arrival_end"]),
        sales=Window(row["sales_start"], row["sales_end"]),
        capacity=row["capacity"],
    )
