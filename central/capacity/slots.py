"""Time slots in the database, and how full each one is (fullness.py)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, bindparam, select

from admission.booking import Occupancy, SaleBlocked, Visits, sale_blocked, share_of
from admission.values import Control, TimeSlot, Window
from central.capacity.fullness import how_full
from central.store.schema import time_slot


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
    return _by_id(connection, ids, now, 0, channel)


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
    wanted = set(ids)
    hold(connection, wanted)
    return _by_id(connection, wanted, now, but_for, channel)


def hold(connection: Connection, ids: Iterable[str]) -> None:
    """Until the transaction ends nobody else books these slots."""
    connection.execute(_HOLD, {"slots": sorted(set(ids))}).all()


def listed(
    connection: Connection,
    now: datetime,
    *conditions: ColumnElement[bool],
    channel: str = "",
    count_all: bool = False,
) -> list[Listed]:
    """The slots that meet the conditions, as `channel` sees them; with `count_all` those without
    a limit are counted too."""
    query = how_full(*conditions, of_channel=bool(channel), count_all=count_all)
    return _rows(connection, query, now, 0, channel)


_THESE = time_slot.c.id.in_(bindparam("slots", expanding=True))
_HOLD = select(time_slot.c.id).where(_THESE).order_by(time_slot.c.id).with_for_update()
_BY_ID = {of_channel: how_full(_THESE, of_channel=of_channel) for of_channel in (False, True)}


def _by_id(
    connection: Connection, ids: Iterable[str], now: datetime, but_for: int, channel: str
) -> dict[str, Listed]:
    query, wanted = _BY_ID[bool(channel)], {"slots": sorted(set(ids))}
    return {one.slot.id: one for one in _rows(connection, query, now, but_for, channel, **wanted)}


def _rows(
    connection: Connection,
    query: Select[Any],
    now: datetime,
    but_for: int,
    channel: str,
    **more: list[str],
) -> list[Listed]:
    told = {"now": now, "but_for": but_for, "of_channel": channel, **more}
    rows = connection.execute(query, told).mappings()
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
