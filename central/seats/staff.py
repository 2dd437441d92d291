"""What staff do with seats: block them, move a visitor, give a slot the plan that changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from admission.values import TimeSlot
from central.capacity import slots, waiting
from central.capacity.slot_changes import SlotChange
from central.sale.request_rows import find, note
from central.sale.states import By, Refused, Status, TicketRequest
from central.seats import places
from central.seats.places import Hall, State
from central.seats.plan import Plan
from central.store.schema import seat_block, slot_change, time_slot

MAX_WHAT = 100


@dataclass(frozen=True)
class Blocked:
    """A seat that is not sold, who said so, and why."""

    seat: str
    by: By
    why: str


@dataclass(frozen=True)
class Move:
    """`seats` of a slot: old → new."""

    slot: str
    seats: Mapping[str, str]
    why: str


def blocked(connection: Connection, slot: str) -> list[Blocked]:
    rows = connection.execute(
        select(seat_block).where(seat_block.c.slot == slot).order_by(seat_block.c.seat)
    )
    return [Blocked(row.seat, By(row.who, row.at), row.why) for row in rows]


def block(
    connection: Connection, slot: str, seats: Sequence[str], why: str, by: By
) -> list[Blocked] | Refused:
    """Sell these seats no more. One that somebody has is refused: move them first."""
    here = _hold(connection, slot, seats, by.at)
    if isinstance(here, Refused):
        return here
    held = {seat for seat, state in here.taken.items() if state is not State.BLOCKED}
    if gone := held & set(seats):
        return places.taken(slot, gone)
    if new := [seat for seat in seats if seat not in here.taken]:
        places.forget(connection, slot, new)
        row = {"slot": slot, "at": by.at, "who": by.who, "why": why}
        connection.execute(insert(seat_block), [row | {"seat": seat} for seat in new])
        _changed(connection, here, new, SlotChange(by, "blocked", why))
    return blocked(connection, slot)


def unblock(
    connection: Connection, slot: str, seats: Sequence[str], why: str, by: By
) -> list[Blocked] | Refused:
    """Sell these seats again."""
    here = _hold(connection, slot, seats, by.at)
    if isinstance(here, Refused):
        return here
    if freed := [seat for seat in seats if here.taken.get(seat) is State.BLOCKED]:
        these = (seat_block.c.slot == slot, seat_block.c.seat.in_(freed))
        connection.execute(delete(seat_block).where(*these))
        _changed(connection, here, freed, SlotChange(by, "unblocked", why))
        waiting.serve(connection, {slot}, by.at)
    return blocked(connection, slot)


def move(connection: Connection, token: str, wanted: Move, by: By) -> TicketRequest | Refused:
    """Give a request other seats, for the same price."""
    slot, seats = wanted.slot, wanted.seats
    request = find(connection, token, lock=True)
    if isinstance(request, Refused):
        return request
    if request.status_at(by.at) not in (Status.RESERVED, Status.CONFIRMED):
        return Refused("not_reserved", f"the request is {request.status_at(by.at).value}")
    here = _hold(connection, slot, seats.values(), by.at, but_for=request.id)
    if isinstance(here, Refused):
        return here
    own = {
        seat for line in request.lines for s in line.seating if s.slot == slot for seat in s.seats
    }
    if strange := seats.keys() - own:
        return places.unknown(slot, strange)
    if gone := set(seats.values()) & (here.taken.keys() | (own - seats.keys())):
        return places.taken(slot, gone)
    places.forget(connection, slot, {*seats, *seats.values()})
    places.hold(connection, request.id, slot, seats.values())
    places.rename(connection, request, {(slot, old): new for old, new in seats.items()})
    moves = ", ".join(f"{old} to {new}" for old, new in seats.items())
    note(connection, request.id, f"moved {moves}: {wanted.why}", by)
    return find(connection, token)


def replan(
    connection: Connection, planned: Iterable[TimeSlot], plans: Collection[Plan], now: datetime
) -> None:
    """Give a plan that changed to slots that are in use too, when every seat that somebody has or
    that is blocked is in it; others keep the plan by which they were sold."""
    wanted = {slot.id: slot.seating for slot in planned if slot.seating}
    known = {plan.digest: plan for plan in plans}
    query = select(time_slot.c.id, time_slot.c.seating).where(time_slot.c.seating.is_not(None))
    for slot, old in connection.execute(query.where(time_slot.c.end > now)).all():
        if wanted.get(slot, old) == old:
            continue
        slots.hold(connection, {slot})
        here, new = places.hall(connection, slot, now), known[wanted[slot]]
        if isinstance(here, Hall) and here.taken.keys() <= new.seats.keys():
            gone = here.plan.seats.keys() - new.seats.keys()
            places.forget(connection, slot, gone)
            changed = {"seating": new.digest, "capacity": len(new.seats)}
            connection.execute(update(time_slot).where(time_slot.c.id == slot).values(changed))
            _count(connection, slot, new)


def _hold(
    connection: Connection, slot: str, seats: Iterable[str], now: datetime, *, but_for: int = 0
) -> Hall | Refused:
    """The hall, with its slot locked, if it has all these seats."""
    slots.hold(connection, {slot})
    here = places.hall(connection, slot, now, but_for=but_for)
    if isinstance(here, Hall) and (strange := set(seats) - here.plan.seats.keys()):
        return places.unknown(slot, strange)
    return here


def _changed(connection: Connection, here: Hall, seats: Sequence[str], change: SlotChange) -> None:
    _count(connection, here.slot, here.plan)
    by, told = change.by, f"{change.what} {', '.join(seats)}"
    if len(told) > MAX_WHAT:
        told = f"{change.what} {len(seats)} seats"
    connection.execute(
        insert(slot_change).values(slot=here.slot, at=by.at, who=by.who, what=told, why=change.why)
    )


def _count(connection: Connection, slot: str, plan: Plan) -> None:
    """The capacity is as many seats as there are, less those that are blocked."""
    count = select(func.count()).where(seat_block.c.slot == slot)
    less = connection.scalar(count)
    own = len(plan.seats) - less if less else None
    connection.execute(update(time_slot).where(time_slot.c.id == slot).values(own_capacity=own))
