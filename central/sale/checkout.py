"""A sale at the ticket office, from the cart to the tickets: check, hold, pay, validate.

Each call is part of one transaction and may come twice: a request that is validated stays so, and
nothing is paid that is not due.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from admission.booking import in_words
from admission.codes import SigningKey
from admission.values import Money
from central.capacity import slots
from central.catalogue.schedule import describe
from central.catalogue.venue import Venue
from central.money import dues, payments
from central.money.dues import Terms
from central.sale import cart, drafts, references, requests, spending, tickets, vouchers
from central.sale.drafts import Draft
from central.sale.promotions import Applied
from central.sale.request_rows import find, set_holder
from central.sale.request_rows import payments as paid_for
from central.sale.states import By, Holder, Payment, Refused, Status, TicketRequest
from central.sale.wishes import Wish
from central.seats import places
from central.seats.asked import asked
from central.settings import Channel

EMPTY = Refused("empty_cart", "The cart is empty.")
NOT_THIS = Refused("not_this_sale", "This sale is not the one that you are at. Nothing was done.")
EXPIRED = Refused("expired", "The places are not held any more. Hold them again, if there is room.")


@dataclass(frozen=True)
class Sale:
    """What a member of staff is at: the request that holds the places, and what is open of it.
    `expired` if it holds none any more; who cancels it on its page gives back what was paid."""

    request: TicketRequest
    due: Money
    paid: tuple[Payment, ...]
    expired: bool


def wish(venue: Venue, draft: Draft, hold: timedelta = timedelta()) -> Wish:
    language = draft.language or venue.languages[0]
    return Wish(draft.lines, Channel.OFFICE.value, language, hold, draft.promo_codes)


def check(connection: Connection, venue: Venue, draft: Draft, by: By) -> Applied | Refused:
    """What the cart costs now, if there is room for all of it. Nothing is held."""
    wanted = wish(venue, draft)
    priced = cart.quote(connection, venue, wanted, by)
    if isinstance(priced, Refused):
        return priced
    taken = Counter[str]()
    for line in priced.lines:
        taken.update({slot: each * line.quantity for slot, each in line.takes.items()})
    listed = slots.find(connection, taken, by.at, channel=wanted.channel)
    for slot, count in taken.items():
        if blocked := listed[slot].blocked(by.at, count):
            left = listed[slot].occupancy.left
            why = f"{_named(connection, venue, slot, by.at)}: {in_words(blocked, left)}"
            return Refused(blocked.value, f"{why}; the cart takes {count}.", {"left": left})
    seated = asked(venue, wanted, priced.lines, listed)
    if isinstance(seated, tuple):
        seated = places.choose(connection, seated, by.at)
    return in_full(connection, venue, seated, by.at) if isinstance(seated, Refused) else priced


def in_full(connection: Connection, venue: Venue, refused: Refused, now: datetime) -> Refused:
    """The refusal, its time slot told by name and time."""
    slot = refused.extras.get("slot", "")
    detail = refused.detail.replace(slot, _named(connection, venue, slot, now)) if slot else ""
    return replace(refused, detail=detail or refused.detail)


def hold(
    connection: Connection, venue: Venue, version: int, span: timedelta, by: By
) -> TicketRequest | Refused:
    """Hold all places of the cart; those that are held stay so."""
    kept = drafts.load(connection, by.who, by.at, lock=True)
    draft = kept.draft
    if draft.token and not _expired(held := find(connection, draft.token), by.at):
        return held
    if kept.version != version:
        return drafts.CHANGED
    if not draft.lines:
        return EMPTY
    if draft.token and _paid(connection, draft.token):
        return Refused("paid", "A part was paid. Take the rest, or cancel the sale.")
    made = _reserved(connection, venue, draft, span, by)
    token = "" if isinstance(made, Refused) else made.token
    if token != draft.token:
        drafts.save(connection, replace(draft, token=token), by)
    return made


def _reserved(
    connection: Connection, venue: Venue, draft: Draft, span: timedelta, by: By
) -> TicketRequest | Refused:
    checked = check(connection, venue, draft, by)
    if isinstance(checked, Refused):
        return checked
    if refused := references.unknown(connection, draft.references):
        return refused
    made = requests.reserve(connection, venue, wish(venue, draft, span), by)
    if isinstance(made, Refused):
        return in_full(connection, venue, made, by.at)
    references.refer(connection, made.id, draft.references, by)
    if draft.holder != Holder():
        set_holder(connection, made.id, draft.holder, by)
    return made


def let_go(connection: Connection, version: int, by: By, *, keep_cart: bool) -> Draft | Refused:
    """Free the places: back to the cart, or to an empty one. Not when a part was paid, nor from a
    page that shows another sale."""
    kept = drafts.load(connection, by.who, by.at, lock=True)
    draft = kept.draft
    if kept.version != version:
        return drafts.CHANGED
    held = find(connection, draft.token, lock=True) if draft.token else None
    if isinstance(held, TicketRequest) and held.status in (Status.RESERVED, Status.EXPIRED):
        if _paid(connection, draft.token):
            told = "A part was paid. Give it back on the request's page first."
            return Refused("paid", told, {"token": draft.token})
        cancelled = requests.cancel(connection, draft.token, "sale given up", by)
        if isinstance(cancelled, Refused):
            return cancelled
    after = replace(draft, token="") if keep_cart else Draft()
    drafts.save(connection, after, by)
    return after


def tell_holder(
    connection: Connection, token: str, draft: Draft, by: By
) -> TicketRequest | Refused:
    """For whom it is, as the draft has it from now on."""
    kept = drafts.load(connection, by.who, by.at, lock=True).draft
    if not token or kept.token != token:
        return NOT_THIS
    if refused := references.unknown(connection, draft.references):
        return refused
    told = references.Told(None, language=draft.language)
    request = references.change(connection, token, told, by)
    if isinstance(request, TicketRequest):
        references.put(connection, request.id, draft.references, by)
        if draft.holder != Holder() or request.holder:
            set_holder(connection, request.id, draft.holder, by)
        drafts.save(connection, replace(draft, lines=kept.lines, token=token), by)
    return request


def sale_of(connection: Connection, token: str, now: datetime) -> Sale | Refused:
    request = find(connection, token)
    if isinstance(request, Refused):
        return request
    paid = _paid(connection, token)
    return Sale(request, dues.due(connection, request), paid, _expired(request, now))


def sale_at(connection: Connection, token: str, by: By) -> Sale | Refused:
    """The sale that this member is at, or has just validated; it stays so until the transaction
    ends."""
    request = _mine(connection, token, by)
    return request if isinstance(request, Refused) else sale_of(connection, token, by.at)


def pay(
    connection: Connection, key: SigningKey, token: str, payment: Payment, by: By
) -> TicketRequest | Refused:
    """Take a payment; with the last of it the sale is valid, and its tickets are made. One that
    was to be paid later is paid too."""
    request = _mine(connection, token, by)
    if isinstance(request, Refused):
        return request
    if request.status is Status.CONFIRMED and not dues.due(connection, request).amount:
        return _validated(connection, key, request, by)
    if _expired(request, by.at) and not _paid(connection, token):
        return EXPIRED
    if payment.method == spending.METHOD:
        done = spend(connection, request, payment, by)
    elif request.total.amount:
        done = payments.pay(connection, token, payment, None, by)
    else:
        done = requests.confirm(connection, token, None, None, by)
    return _validated(connection, key, done, by)


def choose(
    connection: Connection, key: SigningKey, token: str, terms: Terms, by: By
) -> TicketRequest | Refused:
    """Make it valid without money: invited, or to be paid later."""
    request = _mine(connection, token, by)
    if isinstance(request, Refused) or request.status is Status.CONFIRMED:
        return _validated(connection, key, request, by)
    if _expired(request, by.at) and not _paid(connection, token):
        return EXPIRED
    return _validated(connection, key, payments.choose(connection, token, terms, by), by)


def _mine(connection: Connection, token: str, by: By) -> TicketRequest | Refused:
    """The request of this sale, or one that this member has just validated."""
    draft = drafts.load(connection, by.who, by.at, lock=True).draft
    request = find(connection, token, lock=True)
    if isinstance(request, Refused) or draft.token == token:
        return request
    again = request.device == by.who and request.status is Status.CONFIRMED
    return request if again else NOT_THIS


def _validated(
    connection: Connection, key: SigningKey, done: TicketRequest | Refused, by: By
) -> TicketRequest | Refused:
    """Once it is paid: make what was bought, and begin an empty cart."""
    if isinstance(done, Refused) or done.status is not Status.CONFIRMED:
        return done
    issued = tickets.issue(connection, done.token, key, by)
    if isinstance(issued, Refused):
        return issued
    vouchers.issue(connection, done, by)
    if drafts.load(connection, by.who, by.at).draft.token == done.token:
        drafts.save(connection, Draft(), by)
    return done


def spend(
    connection: Connection, request: TicketRequest, payment: Payment, by: By
) -> TicketRequest | Refused:
    """As much of the voucher as pays what is due, or of what was asked for."""
    code = vouchers.normal(payment.reference)
    payment = replace(payment, reference=code)
    done = payments.pay(connection, request.token, payment, None, by)
    if isinstance(done, Refused) and done.code == "voucher_balance":
        most = done.extras.get("most") or done.extras.get("balance")
        part = Money(Decimal(most["amount"]) if most else Decimal(0), request.currency)
        if part.amount > 0:
            return payments.pay(connection, request.token, replace(payment, amount=part), None, by)
    return done


def _paid(connection: Connection, token: str) -> tuple[Payment, ...]:
    request = find(connection, token)
    if isinstance(request, Refused) or request.status is Status.CANCELLED:
        return ()
    return tuple(payment for _, payment in paid_for(connection, request.id))


def _expired(request: TicketRequest | Refused, now: datetime) -> bool:
    gone = (Status.EXPIRED, Status.CANCELLED)
    return isinstance(request, Refused) or request.status_at(now) in gone


def _named(connection: Connection, venue: Venue, slot: str, now: datetime) -> str:
    found = slots.find(connection, [slot], now).get(slot)
    attraction = found and venue.attraction(found.slot.attraction)
    if not found or not attraction:
        return slot
    name = attraction.name[venue.languages[0]]
    return f"{name}, {describe(found.slot, venue.zone)}"
