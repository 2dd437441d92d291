"""Ticket requests: reserve, confirm, cancel, expire. Each call is part of one transaction.

Places are taken here only, under the slots' locks: sold + reserved never exceed capacity.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from admission.booking import NoRoom, book, sale_blocked
from admission.facts import CENTRAL
from central import schema, slots, tickets
from central.request_rows import find, move, new_authorisation, pay, payments, store
from central.schedule import describe
from central.slots import Listed
from central.states import By, Holder, Line, Payment, Refused, Status, TicketRequest
from central.venue import Venue


@dataclass(frozen=True)
class Wanted:
    """`quantity` of a product for a slot."""

    product: int
    slot: str
    quantity: int


@dataclass(frozen=True)
class Wish:
    """What a visitor wants, through which channel, in which language; held for `hold`."""

    lines: tuple[Wanted, ...]
    channel: str
    language: str
    hold: timedelta


def reserve(connection: Connection, venue: Venue, wish: Wish, by: By) -> TicketRequest | Refused:
    """Register the wish and hold its places; all lines or none."""
    locked = slots.lock(connection, {want.slot for want in wish.lines}, by.at)
    lines = []
    for number, want in enumerate(wish.lines, 1):
        line = _offered(venue, locked, number, want)
        if isinstance(line, Refused):
            return line
        lines.append(line)
    request = TicketRequest(
        id=0,
        token=secrets.token_urlsafe(24),
        authorisation=new_authorisation(connection),
        status=Status.RESERVED,
        channel=wish.channel,
        language=wish.language,
        currency=venue.currency,
        expires_at=by.at + wish.hold,
        holder=None,
        lines=tuple(lines),
    )
    refused = _not_on_sale(locked.values(), by.at) or _no_room(locked, request.places)
    if refused:
        return refused
    store(connection, request, by)
    return find(connection, request.token)


def confirm(
    connection: Connection, token: str, payment: Payment, holder: Holder | None, by: By
) -> TicketRequest | Refused:
    """Turn held places into sold ones. A late payer gets them too, while there is room.

    Confirming again with the same payment changes nothing.
    """
    request = find(connection, token, lock=True)
    if isinstance(request, Refused):
        return request
    if request.status is Status.CANCELLED:
        return Refused("cancelled", "the request was cancelled")
    if request.status is Status.CONFIRMED:
        return _confirmed_before(connection, request, payment)
    if payment.amount != request.total:
        due = {"amount": f"{request.total.amount:f}", "currency": request.currency}
        return Refused("wrong_amount", "another amount is due", {"total": due})
    # Asked in time or not: a later call may have run first and sold what it saw as expired.
    others = slots.lock(connection, request.places, by.at, but_for=request.id)
    if refused := _no_room(others, request.places):
        return refused
    pay(connection, request.id, replace(payment, amount=request.total), holder, by)
    what = f"confirmed: {payment.method} {payment.reference}"
    move(connection, request.id, Status.CONFIRMED, what, by)
    return find(connection, token)


def cancel(connection: Connection, token: str, reason: str, by: By) -> TicketRequest | Refused:
    """Free the places and cancel the tickets; harmless when cancelled before."""
    request = find(connection, token, lock=True)
    if isinstance(request, Refused) or request.status is Status.CANCELLED:
        return request
    tickets.cancel(connection, request, by.at)
    move(connection, request.id, Status.CANCELLED, f"cancelled: {reason}", by)
    return find(connection, token)


def expire(connection: Connection, now: datetime) -> None:
    """Write down which reservations have run out (their places were free from that moment)."""
    table = schema.ticket_request
    ran_out = select(table.c.id).where(
        table.c.status == Status.RESERVED.value, table.c.expires_at <= now
    )
    for request in connection.scalars(ran_out.with_for_update()).all():
        move(connection, request, Status.EXPIRED, "expired", By(CENTRAL, now))


def _offered(
    venue: Venue, locked: Mapping[str, Listed], number: int, want: Wanted
) -> Line | Refused:
    found = venue.offer(want.product)
    if found is None:
        return Refused("unknown_product", f"there is no product {want.product}")
    attraction, offer = found
    listed = locked.get(want.slot)
    if listed is None or listed.slot.attraction != attraction.id:
        return Refused("unknown_slot", f"product {want.product} has no time slot {want.slot!r}")
    return Line(
        number=number,
        slot=want.slot,
        description=describe(listed.slot.start, venue.zone),
        attraction=attraction.id,
        attraction_name=attraction.name,
        product=offer.id,
        product_name=offer.name,
        price=venue.price(offer),
        persons=offer.persons,
        quantity=want.quantity,
    )


def _not_on_sale(wanted: Iterable[Listed], now: datetime) -> Refused | None:
    for listed in wanted:
        if blocked := sale_blocked(listed.slot, None, now):
            reason = {"blocked": blocked.value, "slot": listed.slot.id}
            return Refused("sale_blocked", f"{listed.slot.id} cannot be bought now", reason)
    return None


def _no_room(locked: Mapping[str, Listed], places: Mapping[str, int]) -> Refused | None:
    for slot, wanted in places.items():
        match book(locked[slot].occupancy, wanted):
            case NoRoom(left):
                return Refused(
                    "no_room", f"{left} places left in {slot}", {"left": left, "slot": slot}
                )
    return None


def _confirmed_before(
    connection: Connection, request: TicketRequest, payment: Payment
) -> TicketRequest | Refused:
    if any(payment == paid for _, paid in payments(connection, request.id)):
        return request
    return Refused("already_confirmed", "the request was paid before, by another payment")
