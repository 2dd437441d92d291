"""Who has which seat of a time slot, and taking them. Each call is part of one transaction.

A seat is that of whoever took it last, while their request is confirmed, or reserved and not
expired; so it is free in the moment in which a reservation runs out. Seats are taken under the lock
of their slot, and the database has one row for each (`seat_hold`), so nobody takes one twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import Enum

from sqlalchemy import Connection, delete, insert, or_, select, update

from central.sale.states import IssuedTicket, Line, Refused, Seating, Status, TicketRequest
from central.seats.best import best_available
from central.seats.plan import Plan, plan_of_text
from central.store import rows
from central.store.schema import (
    request_line,
    seat_block,
    seat_hold,
    seat_plan,
    ticket_request,
    time_slot,
)


class State(Enum):
    """How a seat stands now."""

    FREE = "free"
    HELD = "held"
    SOLD = "sold"
    BLOCKED = "blocked"


@dataclass
class Hall:
    """A time slot with its seats; `taken` are those that are not free."""

    slot: str
    plan: Plan
    taken: dict[str, State] = field(default_factory=dict)

    @property
    def free(self) -> set[str]:
        return set(self.plan.seats) - self.taken.keys()


def keep_plan(connection: Connection, plan: Plan) -> None:
    """Slots may have it from now on."""
    rows.insert_new(connection, seat_plan, {"digest": plan.digest, "text": plan.text})


def hall(connection: Connection, slot: str, now: datetime, *, but_for: int = 0) -> Hall | Refused:
    """The seats of a slot as they stand; those of the request `but_for` are free."""
    plan = _plan(connection, slot)
    if isinstance(plan, Refused):
        return plan
    held = connection.execute(
        select(seat_hold.c.seat, ticket_request.c.status)
        .join(ticket_request, ticket_request.c.id == seat_hold.c.request)
        .where(seat_hold.c.slot == slot, seat_hold.c.request != but_for)
        .where(
            or_(
                ticket_request.c.status == Status.CONFIRMED.value,
                (ticket_request.c.status == Status.RESERVED.value)
                & (ticket_request.c.expires_at > now),
            )
        )
    )
    sold = Status.CONFIRMED.value
    taken = {seat: State.SOLD if status == sold else State.HELD for seat, status in held}
    blocked = connection.scalars(select(seat_block.c.seat).where(seat_block.c.slot == slot))
    return Hall(slot, plan, taken | dict.fromkeys(blocked, State.BLOCKED))


def choose(
    connection: Connection, lines: Sequence[Line], now: datetime
) -> tuple[Line, ...] | Refused:
    """The lines with seats for all: those that were asked for, or else the best that are free. The
    caller holds the slots."""
    halls: dict[str, Hall] = {}
    chosen: dict[tuple[int, str], Seating] = {}
    wanted = [(line, seating) for line in lines for seating in line.seating]
    for line, seating in sorted(wanted, key=lambda want: not want[1].seats):
        here = halls.get(seating.slot) or hall(connection, seating.slot, now)
        if isinstance(here, Refused):
            return here
        halls[seating.slot] = here
        seats = _seats(here, seating, line.takes[seating.slot] * line.quantity)
        if isinstance(seats, Refused):
            return seats
        here.taken |= dict.fromkeys(seats, State.HELD)
        chosen[line.number, seating.slot] = replace(seating, seats=seats)
    return tuple(
        replace(line, seating=tuple(chosen[line.number, one.slot] for one in line.seating))
        for line in lines
    )


def may_wait(connection: Connection, lines: Sequence[Line]) -> bool:
    """Whether such seats could ever become free. Nobody waits for certain seats."""
    for line in lines:
        for one in line.seating:
            plan = _plan(connection, one.slot)
            places = line.takes[one.slot] * line.quantity
            if one.seats or isinstance(plan, Refused):
                return False
            if isinstance(_seats(Hall(one.slot, plan), one, places), Refused):
                return False
    return True


def take(connection: Connection, request: int, lines: Iterable[Line]) -> None:
    """The chosen seats are the request's. Whoever had them before has them no more."""
    for slot, seats in _by_slot(lines).items():
        forget(connection, slot, seats)
        hold(connection, request, slot, seats)


def hold(connection: Connection, request: int, slot: str, seats: Iterable[str]) -> None:
    """The seats, which nobody has, are the request's."""
    held = [{"slot": slot, "seat": seat, "request": request} for seat in sorted(seats)]
    connection.execute(insert(seat_hold), held)


def take_again(connection: Connection, request: TicketRequest, now: datetime) -> Refused | None:
    """Before it is sold: make sure that the seats are still the request's, or take them again. The
    caller holds the slots."""
    for slot, seats in _by_slot(request.lines).items():
        mine = select(seat_hold.c.seat).where(
            seat_hold.c.slot == slot, seat_hold.c.request == request.id
        )
        if seats <= set(connection.scalars(mine)):
            continue
        here = hall(connection, slot, now, but_for=request.id)
        if isinstance(here, Refused):
            return here
        if gone := seats - here.free:
            return taken(slot, gone)
    take(connection, request.id, request.lines)
    return None


def give_back(
    connection: Connection, request: TicketRequest, tickets: Collection[IssuedTicket]
) -> None:
    """The seats of these tickets are free."""
    freed = {place for ticket in tickets for place in ticket.seats}
    if not freed:
        return
    for slot in {slot for slot, _ in freed}:
        forget(connection, slot, {seat for where, seat in freed if where == slot})
    rename(connection, request, dict.fromkeys(freed, ""))


def rename(
    connection: Connection, request: TicketRequest, seats: Mapping[tuple[str, str], str]
) -> None:
    """(slot, seat) → the seat that the lines tell in its place."""
    for line in request.lines:
        new = [
            replace(one, seats=tuple(seats.get((one.slot, seat), seat) for seat in one.seats))
            for one in line.seating
        ]
        if tuple(new) != line.seating:
            this = (request_line.c.request == request.id, request_line.c.number == line.number)
            written = [asdict(one) for one in new]
            connection.execute(update(request_line).where(*this).values(seating=written))


def write(connection: Connection, request: int, lines: Iterable[Line]) -> None:
    """Keep with the lines which seats were chosen for them."""
    for line in lines:
        if line.seating:
            this = (request_line.c.request == request, request_line.c.number == line.number)
            written = [asdict(one) for one in line.seating]
            connection.execute(update(request_line).where(*this).values(seating=written))


def forget(connection: Connection, slot: str, seats: Collection[str]) -> None:
    """Nobody holds the seats."""
    connection.execute(
        delete(seat_hold).where(seat_hold.c.slot == slot, seat_hold.c.seat.in_(sorted(seats)))
    )


def taken(slot: str, seats: Collection[str]) -> Refused:
    named = sorted(seats)
    detail = f"not free in {slot}: {', '.join(named[:10])}{' …' if len(named) > 10 else ''}"
    return Refused("seat_taken", detail, {"seats": named, "slot": slot})


def unknown(slot: str, seats: Collection[str]) -> Refused:
    named = sorted(seats)
    return Refused(
        "unknown_seat", f"{slot} has no seat {named[0]!r}", {"seats": named, "slot": slot}
    )


def _seats(here: Hall, wish: Seating, places: int) -> tuple[str, ...] | Refused:
    if wish.seats:
        return _asked_for(here, wish, places)
    found = best_available(
        here.plan, here.free, places, zones=wish.zones, wheelchair=wish.wheelchair
    )
    if found is None:
        seats = here.plan.seats
        left = [
            seats[seat] for seat in here.free if not wish.zones or seats[seat].zone in wish.zones
        ]
        wheels = sum(seat.wheelchair for seat in left)
        told = {"left": len(left), "wheelchair": wheels, "slot": here.slot}
        detail = f"{len(left)} such seats left in {here.slot}, {wheels} wheelchair places"
        return Refused("no_room", detail, told)
    return tuple(seat.id for seat in found)


def _asked_for(here: Hall, wish: Seating, places: int) -> tuple[str, ...] | Refused:
    known = here.plan.seats
    if strange := set(wish.seats) - known.keys():
        return unknown(here.slot, strange)
    if len(wish.seats) != places:
        return Refused(
            "wrong_seats", f"the line takes {places} places, so name as many", {"places": places}
        )
    if wrong := [s for s in wish.seats if wish.zones and known[s].zone not in wish.zones]:
        told = {"seats": wrong, "zones": list(wish.zones)}
        return Refused("wrong_zone", "the product is not sold for these seats", told)
    if gone := set(wish.seats) & here.taken.keys():
        return taken(here.slot, gone)
    return wish.seats


def _by_slot(lines: Iterable[Line]) -> dict[str, set[str]]:
    seats: dict[str, set[str]] = {}
    for one in (one for line in lines for one in line.seating):
        seats.setdefault(one.slot, set()).update(seat for seat in one.seats if seat)
    return {slot: named for slot, named in seats.items() if named}


def _plan(connection: Connection, slot: str) -> Plan | Refused:
    query = (
        select(time_slot.c.id, seat_plan.c.text)
        .outerjoin(seat_plan, seat_plan.c.digest == time_slot.c.seating)
        .where(time_slot.c.id == slot)
    )
    row = connection.execute(query).first()
    if row is None:
        return Refused("unknown_slot", f"there is no time slot {slot!r}")
    if row.text is None:
        return Refused("not_seated", f"{slot} has no seating plan", {"slot": slot})
    return plan_of_text(row.text)
