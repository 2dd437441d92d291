"""Ticket requests: reserve, confirm, cancel, expire. Each call is part of one transaction.

Places are taken under the slots' locks, here and by leases: sold + reserved + leased never exceed
the capacity.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select

from admission.booking import NoRoom, SaleBlocked, book, in_words
from admission.facts import CENTRAL
from central.capacity import picks, slots, waiting
from central.capacity.slots import Listed
from central.catalogue.venue import Venue
from central.money import dues
from central.sale import cart, promotions, spending, tickets, vouchers
from central.sale.request_rows import find, move, new_authorisation, note, payments, store
from central.sale.states import By, Holder, Payment, Refused, Status, TicketRequest
from central.sale.wishes import Wish
from central.seats import places
from central.seats.asked import asked
from central.store import schema


def reserve(connection: Connection, venue: Venue, wish: Wish, by: By) -> TicketRequest | Refused:
    """Register the wish and hold its places, all lines or none; or wait for them, if that is
    wished. Who waits already comes first."""
    taken = picks.lock(connection, venue, wish, by.at)
    if isinstance(taken, Refused):
        return taken
    locked, priced = taken.listed, cart.priced(connection, venue, wish, taken, by, lock=True)
    if isinstance(priced, Refused):
        return priced
    seated = asked(venue, wish, priced.lines, locked)
    if isinstance(seated, Refused):
        return seated
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
        lines=seated,
    )
    if refused := _not_on_sale(locked.values(), by.at):
        return refused
    lines = _no_room(locked, request.places) or places.choose(connection, seated, by.at)
    if isinstance(lines, tuple):
        request = replace(request, lines=lines)
    elif _may_wait(connection, wish, locked, request, lines):
        until = waiting.until(locked, request.places)
        request = replace(request, status=Status.WAITING, expires_at=until)
    else:
        return lines
    made = store(connection, request, by)
    places.take(connection, made, request.lines)
    if request.status is Status.WAITING:
        waiting.join(connection, made, wish.offer_min)
    promotions.record(connection, made, priced.uses)
    return find(connection, request.token)


def confirm(
    connection: Connection, token: str, payment: Payment | None, holder: Holder | None, by: By
) -> TicketRequest | Refused:
    """Pay what is due and turn held places into sold ones. A late payer gets them too, while
    there is room. What costs nothing needs no payment.

    Confirming again with the same payment changes nothing.
    """
    request = find(connection, token, lock=True)
    if isinstance(request, Refused):
        return request
    if request.status is Status.CANCELLED:
        return Refused("cancelled", "the request was cancelled")
    due = dues.due(connection, request)
    nothing = Payment(dues.FREE, dues.FREE, due)
    if not request.total.amount and (payment is None or payment.amount == due):
        payment = nothing
    payment = payment or nothing
    if request.status is Status.CONFIRMED and not due.amount:
        return _confirmed_before(connection, request, payment)
    if payment.amount != due:
        foreign = payment.amount.currency != due.currency
        code = "wrong_currency" if foreign else "wrong_amount"
        return Refused(code, "another amount is due", {"total": dues.told(due)})
    if payment.method == dues.FREE and due.amount:
        return Refused("wrong_amount", "it is not free", {"total": dues.told(due)})
    payment = replace(payment, amount=due)
    return settle(connection, request, payment, holder, by, whole=True) or find(connection, token)


def settle(
    connection: Connection,
    request: TicketRequest,
    payment: Payment,
    holder: Holder | None,
    by: By,
    *,
    whole: bool,
) -> Refused | None:
    """Take a payment of what is due or, unless `whole`, of less; with the last of it the places are
    sold, if there is room, and the tickets are good."""
    if refused := spending.unspendable(connection, request, payment, by):
        return refused
    how = f"{payment.method} {payment.reference}"
    if whole and request.status is not Status.CONFIRMED:
        if refused := sell(connection, request, f"confirmed: {how}", by):
            return refused
    else:
        note(connection, request.id, f"paid {payment.amount.amount:f}: {how}", by)
    dues.take(connection, request, payment, holder, by)
    if payment.method == spending.METHOD:
        spending.redeem(connection, payment.reference, payment.amount, by, request)
    if whole and request.status is Status.CONFIRMED:
        tickets.make_good(connection, request, by.at)
    return None


def sell(connection: Connection, request: TicketRequest, what: str, by: By) -> Refused | None:
    """Turn held places into sold ones, if there is room: the request is confirmed."""
    if request.status is Status.WAITING:
        return Refused("waiting", "the request waits for places")
    # Asked in time or not: a later call may have run first and sold what it saw as expired.
    others = slots.lock(
        connection, request.places, by.at, but_for=request.id, channel=request.channel
    )
    late = request.status_at(by.at) is Status.EXPIRED
    shut = _closed(others.values(), by.at) if late else None
    gone = shut or _no_room(others, request.places)
    gone = gone or promotions.taken_since(connection, request.id, by)
    gone = gone or places.take_again(connection, request, by.at)
    if gone:
        return gone
    move(connection, request.id, Status.CONFIRMED, what, by)
    dues.book_sale(connection, request, by)
    return None


def cancel(connection: Connection, token: str, reason: str, by: By) -> TicketRequest | Refused:
    """Free the places and cancel the tickets; harmless when cancelled before."""
    request = find(connection, token, lock=True)
    if isinstance(request, Refused) or request.status is Status.CANCELLED:
        return request
    slots.hold(connection, request.places)
    if refused := vouchers.withdraw(connection, request.id, by):
        return refused
    dues.book_cancel(connection, request, reason, by)
    tickets.cancel(connection, request, by.at)
    move(connection, request.id, Status.CANCELLED, f"cancelled: {reason}", by)
    waiting.serve(connection, request.places, by.at)
    return find(connection, token)


def expire(connection: Connection, now: datetime) -> None:
    """Write down which reservations have run out (their places were free from that moment), and
    who waited in vain."""
    table = schema.ticket_request
    run_out = [status.value for status in Status if status.runs_out]
    ran_out = select(table.c.id).where(table.c.status.in_(run_out), table.c.expires_at <= now)
    for request in connection.scalars(ran_out.with_for_update()).all():
        move(connection, request, Status.EXPIRED, "expired", By(CENTRAL, now))


def _closed(wanted: Iterable[Listed], now: datetime) -> Refused | None:
    shut = (SaleBlocked.CLOSED, SaleBlocked.EVENT_OVER)
    return _not_on_sale((listed for listed in wanted if listed.off_sale(now) in shut), now)


def _not_on_sale(wanted: Iterable[Listed], now: datetime) -> Refused | None:
    for listed in wanted:
        if blocked := listed.off_sale(now):
            reason = {"blocked": blocked.value, "slot": listed.slot.id}
            return Refused("sale_blocked", f"{listed.slot.id}: {in_words(blocked)}", reason)
    return None


def _may_wait(
    connection: Connection,
    wish: Wish,
    locked: Mapping[str, Listed],
    request: TicketRequest,
    full: Refused,
) -> bool:
    """Whether it is refused for want of room only, and there could be room."""
    if not wish.offer_min or full.code != "no_room":
        return False
    return waiting.may_wait(locked, request.places) and places.may_wait(connection, request.lines)


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
