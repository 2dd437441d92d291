"""What staff do to one time slot, kept when the schedules are made anew; and which slots staff must
look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

from sqlalchemy import Connection, func, insert, or_, select, update

from admission.values import TicketState
from central.capacity import slots, waiting
from central.capacity.slots import Listed
from central.sale.states import By, Refused
from central.store.schema import line_slot, slot_change, ticket, ticket_window, time_slot

LOOK_BACK = timedelta(days=7)
"""So long an oversold slot is told of after its day."""


@dataclass(frozen=True)
class SlotChange:
    by: By
    what: str
    why: str


@dataclass(frozen=True)
class SlotReport:
    """A slot as the office sees it. `channels`: as each channel with a share sees it."""

    listed: Listed
    channels: tuple[tuple[str, Listed], ...]
    changes: tuple[SlotChange, ...]


class ConflictKind(Enum):
    """CLOSED: sold or reserved, and closed now. OVERSOLD: more places are taken than there are.
    CHANGED: tickets tell other times than the slot now has."""

    CLOSED = "slot_closed"
    OVERSOLD = "oversold"
    CHANGED = "slot_changed"


@dataclass(frozen=True)
class Conflict:
    """`places` that staff must find a way for."""

    kind: ConflictKind
    listed: Listed
    places: int


def close(connection: Connection, slot: str, why: str, by: By) -> SlotReport | Refused:
    """Sell it no more, whatever the schedules say. What is sold or reserved stays so."""
    return _change(connection, slot, {"closed": True}, SlotChange(by, "closed", why))


def reopen(connection: Connection, slot: str, why: str, by: By) -> SlotReport | Refused:
    """Sell it, whatever the schedules say."""
    return _change(connection, slot, {"closed": False}, SlotChange(by, "reopened", why))


def resize(
    connection: Connection,
    slot: str,
    capacity: int | None,
    change: SlotChange,
    *,
    force: bool = False,
) -> SlotReport | Refused:
    """Give it a capacity of its own; None: the planned one again. Less than is taken is refused
    unless forced; then it is a conflict."""
    found = _lock(connection, slot, change.by.at)
    if isinstance(found, Refused):
        return found
    if found.slot.seating:
        return Refused("seated", "its seats are its capacity; block seats", {"slot": slot})
    planned = connection.scalar(select(time_slot.c.capacity).where(time_slot.c.id == slot))
    new, taken = planned if capacity is None else capacity, found.occupancy.taken
    if new is not None and taken > new and not force:
        told = {"taken": taken, "slot": slot}
        return Refused("below_taken", f"{taken} places are sold, reserved or leased", told)
    return _change(connection, slot, {"own_capacity": capacity}, change)


def report(connection: Connection, slot: str, now: datetime) -> SlotReport | Refused:
    here = slots.listed(connection, now, time_slot.c.id == slot, count_all=True)
    if not here:
        return Refused("unknown_slot", f"there is no time slot {slot!r}")
    channels = [
        (channel, slots.find(connection, [slot], now, channel=channel)[slot])
        for channel, _ in here[0].slot.shares
    ]
    rows = connection.execute(
        select(slot_change).where(slot_change.c.slot == slot).order_by(slot_change.c.id)
    )
    changes = [SlotChange(By(row.who, row.at), row.what, row.why) for row in rows]
    return SlotReport(here[0], tuple(channels), tuple(changes))


def conflicts(connection: Connection, today: date, now: datetime) -> list[Conflict]:
    """All of them, in order of time. `today` is the local day."""
    coming = time_slot.c.day >= today - LOOK_BACK
    changed = _changed(connection, now)
    return [
        conflict
        for listed in slots.listed(connection, now, coming, count_all=True)
        for conflict in _of_slot(listed, changed.get(listed.slot.id, 0), now)
    ]


def _of_slot(listed: Listed, changed: int, now: datetime) -> Iterator[Conflict]:
    occupancy = listed.occupancy
    over = now >= max(listed.slot.end, listed.slot.arrival.end)
    if listed.closed and occupancy.taken and not over:
        yield Conflict(ConflictKind.CLOSED, listed, occupancy.taken)
    if occupancy.over:
        yield Conflict(ConflictKind.OVERSOLD, listed, occupancy.over)
    if changed:
        yield Conflict(ConflictKind.CHANGED, listed, changed)


def _changed(connection: Connection, now: datetime) -> dict[str, int]:
    """Slot → persons whose tickets tell other times."""
    of_line = (ticket.c.request == line_slot.c.request) & (ticket.c.line == line_slot.c.line)
    own = (ticket_window.c.ticket == ticket.c.id) & (ticket_window.c.slot == time_slot.c.id)
    persons = func.coalesce(ticket_window.c.persons, ticket.c.persons)
    told_otherwise = or_(
        func.coalesce(ticket_window.c.valid_from, ticket.c.valid_from) != time_slot.c.arrival_start,
        func.coalesce(ticket_window.c.valid_until, ticket.c.valid_until) != time_slot.c.arrival_end,
    )
    rows = connection.execute(
        select(time_slot.c.id, func.sum(persons).label("persons"))
        .join(line_slot, line_slot.c.slot == time_slot.c.id)
        .join(ticket, of_line)
        .outerjoin(ticket_window, own)
        .where(time_slot.c.end > now, told_otherwise)
        .where(ticket.c.state != TicketState.CANCELLED.value)
        .group_by(time_slot.c.id)
    )
    return {row.id: row.persons for row in rows}


def _lock(connection: Connection, slot: str, now: datetime) -> Listed | Refused:
    slots.hold(connection, {slot})
    here = slots.listed(connection, now, time_slot.c.id == slot, count_all=True)
    return here[0] if here else Refused("unknown_slot", f"there is no time slot {slot!r}")


def _change(
    connection: Connection, slot: str, values: dict[str, object], change: SlotChange
) -> SlotReport | Refused:
    found = _lock(connection, slot, change.by.at)
    if isinstance(found, Refused):
        return found
    connection.execute(update(time_slot).where(time_slot.c.id == slot).values(**values))
    by = change.by
    connection.execute(
        insert(slot_change).values(
            slot=slot, at=by.at, who=by.who, what=change.what, why=change.why
        )
    )
    waiting.serve(connection, {slot}, by.at)
    return report(connection, slot, by.at)
