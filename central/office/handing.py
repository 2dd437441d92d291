"""Handing out what was reserved: pay what is due, make the tickets; and swapping tickets for
others, with what that costs told before it is done."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from sqlalchemy import Connection

from admission.codes import SigningKey
from admission.values import Money
from central.capacity import slots
from central.catalogue.venue import Venue
from central.delivery import notices
from central.money import exchange, payments, returns
from central.money.exchange import Exchange
from central.sale import cart, checkout, references, requests, spending, tickets, vouchers
from central.sale.references import Told
from central.sale.request_rows import find
from central.sale.states import (
    By,
    IssuedTicket,
    Line,
    Payment,
    Refused,
    Status,
    TicketRequest,
)
from central.sale.wishes import Wanted, Wish
from central.settings import Channel

T = TypeVar("T")
HELD = timedelta(minutes=1)
"""The new request is confirmed in the transaction that reserves its places."""


@dataclass(frozen=True)
class Swap:
    """The tickets (ids) of a request that are given for what is wanted, and what is paid on top.
    `total` is the price that was shown of what is wanted; None for whatever it is."""

    token: str
    tickets: tuple[int, ...]
    want: Wanted
    payment: Payment | None = None
    total: Money | None = None


@dataclass(frozen=True)
class Preview:
    """What a swap comes to: `value` of the old tickets pays the new lines, `due` is to be paid,
    `credit` stays to the visitor's credit on the old request."""

    old: TicketRequest
    chosen: Sequence[IssuedTicket]
    lines: Sequence[Line]
    total: Money
    value: Money
    due: Money
    credit: Money


def pick_up(
    connection: Connection, key: SigningKey, token: str, payment: Payment | None, by: By
) -> TicketRequest | Refused:
    """Take what is due (`payment` of all of it; None where nothing is), make the tickets and
    vouchers, and send them. What somebody else has just paid is not paid again. A gift voucher
    with less on it pays a part: the rest is due, and no tickets are made."""
    request = find(connection, token, lock=True)
    if isinstance(request, Refused):
        return request
    return _or_nothing(connection, lambda: _pick_up(connection, key, request, payment, by))


def preview(connection: Connection, venue: Venue, swap: Swap, by: By) -> Preview | Refused:
    """Nothing is held or changed."""
    old = find(connection, swap.token)
    if isinstance(old, Refused):
        return old
    chosen = _chosen(connection, venue, old, swap.tickets, by)
    if isinstance(chosen, Refused):
        return chosen
    priced = cart.quote(connection, venue, _wish(swap, old), by)
    if isinstance(priced, Refused):
        return checkout.in_full(connection, venue, priced, by.at)
    total = sum((line.total for line in priced.lines), Money(Decimal(0), old.currency))
    _, back = returns.what_returns(connection, old, chosen)
    value = min(back, total.amount)
    amounts = (total.amount, value, total.amount - value, back - value)
    return Preview(old, chosen, priced.lines, *(Money(one, old.currency) for one in amounts))


def swap(
    connection: Connection, venue: Venue, key: SigningKey, wanted: Swap, by: By
) -> TicketRequest | Refused:
    """The new request, confirmed, its tickets made and sent; the old tickets are cancelled. If what
    is due is not what is paid, nothing is done."""
    return _or_nothing(connection, lambda: _swap(connection, venue, key, wanted, by))


def _pick_up(
    connection: Connection,
    key: SigningKey,
    request: TicketRequest,
    payment: Payment | None,
    by: By,
) -> TicketRequest | Refused:
    if payment and payment.method == spending.METHOD:
        done = checkout.spend(connection, request, payment, by)
    elif request.status is Status.CONFIRMED and payment:
        done = payments.pay(connection, request.token, payment, None, by)
    elif request.status is Status.CONFIRMED:
        done = request
    else:
        done = requests.confirm(connection, request.token, payment, None, by)
    if isinstance(done, Refused) or done.status is not Status.CONFIRMED:
        return done
    issued = tickets.issue(connection, done.token, key, by)
    if isinstance(issued, Refused):
        return issued
    vouchers.issue(connection, done, by)
    notices.send_tickets(connection, done, by)
    return done


def _swap(
    connection: Connection, venue: Venue, key: SigningKey, wanted: Swap, by: By
) -> TicketRequest | Refused:
    old = find(connection, wanted.token, lock=True)
    if isinstance(old, Refused):
        return old
    wish = _wish(wanted, old)
    slots.hold(connection, {*old.places, *wish.slots})  # at once, for two may swap crosswise
    chosen = _chosen(connection, venue, old, wanted.tickets, by)
    if isinstance(chosen, Refused):
        return chosen
    new = requests.reserve(connection, venue, wish, by)
    if isinstance(new, Refused):
        return checkout.in_full(connection, venue, new, by.at)
    if wanted.total not in (None, new.total):
        return Refused("wrong_amount", "The price is another one than was shown. Nothing was done.")
    told = references.change(connection, new.token, _told(connection, old), by)
    if isinstance(told, Refused):
        return told
    asked = Exchange(old.token, wanted.tickets, wanted.payment)
    done = exchange.exchange(connection, venue, new.token, asked, by)
    if isinstance(done, Refused):
        return done
    issued = tickets.issue(connection, new.token, key, by)
    if isinstance(issued, Refused):
        return issued
    notices.send_tickets(connection, done, by)
    return done


def _told(connection: Connection, old: TicketRequest) -> Told:
    """The new request is of the same people, but of no customer who was erased."""
    refers = references.of_request(connection, old.id)
    if references.unknown(connection, refers):
        refers = replace(refers, customer="")
    return Told(old.holder, refers)


def _chosen(
    connection: Connection, venue: Venue, old: TicketRequest, ids: Collection[int], by: By
) -> list[IssuedTicket] | Refused:
    chosen = returns.returnable(connection, old, ids)
    if isinstance(chosen, Refused):
        return chosen
    return exchange.forbidden(connection, venue, chosen, by.at) or chosen


def _wish(swap: Swap, old: TicketRequest) -> Wish:
    return Wish((swap.want,), Channel.OFFICE.value, old.language, HELD)


def _or_nothing(connection: Connection, act: Callable[[], T | Refused]) -> T | Refused:
    with connection.begin_nested() as savepoint:
        done = act()
        if isinstance(done, Refused):
            savepoint.rollback()
    return done
