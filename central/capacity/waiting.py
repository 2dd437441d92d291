"""The waiting list of full slots: whoever came first, of those whom the free places fit, gets them
offered for a time. Who buys in the usual way comes after them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, insert, select, update

from admission.booking import NoRoom, book
from admission.facts import CENTRAL
from central.capacity import slots
from central.capacity.slots import Listed
from central.sale import promotions
from central.sale.request_rows import find_by_id, move
from central.sale.states import By, Refused, Status
from central.seats import places as seats
from central.store import schema


@dataclass
class _Waiting:
    """`places`: slot → how many."""

    request: int
    channel: str
    offer: timedelta
    places: dict[str, int] = field(default_factory=dict)


def may_wait(locked: Mapping[str, Listed], places: Mapping[str, int]) -> bool:
    """Whether so many places could ever become free."""
    limits = ((locked[slot].occupancy.most, wanted) for slot, wanted in places.items())
    return all(most is None or wanted <= most for most, wanted in limits)


def until(locked: Mapping[str, Listed], places: Mapping[str, int]) -> datetime:
    """When waiting has no sense any more."""
    return min(locked[slot].slot.sales.end for slot in places)


def join(connection: Connection, request: int, offer_min: int) -> None:
    connection.execute(insert(schema.waiting).values(request=request, offer_min=offer_min))


def serve(connection: Connection, freed: Collection[str] | None, now: datetime) -> int:
    """Offer free places of these slots (None: of all) to those who wait; to how many."""
    if not (queue := _queue(connection, freed, now)):
        return 0
    wanted = {slot for one in queue for slot in one.places}
    free = {
        name: 0 if listed.off_sale(now) else listed.occupancy.left
        for name, listed in slots.find(connection, wanted, now).items()
    }
    served = 0
    for one in queue:
        if _fits(free, one.places) and _offer(connection, one, now):
            served += 1
            for slot, places in one.places.items():
                left = free[slot]
                free[slot] = None if left is None else left - places
    return served


def _queue(connection: Connection, freed: Collection[str] | None, now: datetime) -> list[_Waiting]:
    """First come, first served."""
    table, line, waiting = schema.ticket_request, schema.line_slot, schema.waiting
    waits = [table.c.status == Status.WAITING.value, table.c.expires_at > now]
    if freed is not None:
        waits.append(table.c.id.in_(select(line.c.request).where(line.c.slot.in_(sorted(freed)))))
    rows = connection.execute(
        select(
            table.c.id, table.c.channel, waiting.c.offer_min, line.c.slot, func.sum(line.c.places)
        )
        .join(waiting, waiting.c.request == table.c.id)
        .join(line, line.c.request == table.c.id)
        .where(*waits)
        .group_by(table.c.id, table.c.channel, waiting.c.offer_min, line.c.slot)
        .order_by(table.c.id)
    )
    queue: dict[int, _Waiting] = {}
    for request, channel, offer_min, slot, places in rows:
        offer = timedelta(minutes=offer_min)
        queue.setdefault(request, _Waiting(request, channel, offer)).places[slot] = places
    return list(queue.values())


def _fits(free: Mapping[str, int | None], places: Mapping[str, int]) -> bool:
    lefts = ((free[slot], wanted) for slot, wanted in places.items())
    return all(left is None or wanted <= left for left, wanted in lefts)


def _offer(connection: Connection, one: _Waiting, now: datetime) -> bool:
    """Hold the places; false when they do not fit after all, or somebody just acts on the request:
    who holds its row may be waiting for the slots that we hold."""
    locked = slots.lock(connection, one.places, now, channel=one.channel)
    for slot, wanted in one.places.items():
        listed = locked[slot]
        if listed.off_sale(now) or isinstance(book(listed.occupancy, wanted), NoRoom):
            return False
    table = schema.ticket_request
    this = (table.c.id == one.request, table.c.status == Status.WAITING.value)
    if connection.scalar(select(table.c.id).where(*this).with_for_update(skip_locked=True)) is None:
        return False
    if used_up := promotions.taken_since(connection, one.request, By(CENTRAL, now)):
        what = f"cancelled: {used_up.detail}"
        move(connection, one.request, Status.CANCELLED, what, By(CENTRAL, now))
        return False
    [request] = find_by_id(connection, [one.request])
    lines = seats.choose(connection, request.lines, now)
    if isinstance(lines, Refused):
        return False
    seats.write(connection, one.request, lines)
    seats.take(connection, one.request, lines)
    expires_at = now + one.offer
    connection.execute(update(table).where(*this).values(expires_at=expires_at))
    what = f"offered and reserved until {expires_at.isoformat(timespec='seconds')}"
    move(connection, one.request, Status.RESERVED, what, By(CENTRAL, now))
    return True
