"""Exchange: tickets pay other ones. What the new ones cost more is paid, what they cost less stays
to the visitor's credit on the old request, for a refund."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, func, select

from admission.values import Money, TicketState
from central.capacity import slots
from central.catalogue.venue import Venue
from central.money import accounts, dues, returns
from central.money.returns import Refund
from central.sale import requests, spending
from central.sale.request_rows import find
from central.sale.states import By, IssuedTicket, Line, Payment, Refused, Status, TicketRequest
from central.store.schema import time_slot


@dataclass(frozen=True)
class Exchange:
    """`tickets` of the request `old`, all that are not cancelled if none are told, and what is
    paid for the rest of the new ones."""

    old: str
    tickets: tuple[int, ...] = ()
    payment: Payment | None = None


def exchange(
    connection: Connection, venue: Venue, token: str, wanted: Exchange, by: By
) -> TicketRequest | Refused:
    """Confirm the request `token`, paid with old tickets and the difference, all or nothing."""
    locked = {name: find(connection, name, lock=True) for name in sorted({token, wanted.old})}
    new, old = locked[token], locked[wanted.old]
    if isinstance(new, Refused) or isinstance(old, Refused):
        return new if isinstance(new, Refused) else old
    slots.hold(connection, {*old.places, *new.places})
    if new.id == old.id or new.status in (Status.CONFIRMED, Status.CANCELLED):
        return Refused("not_reserved", "exchange for a request that is reserved and not paid")
    ids = wanted.tickets or [one.ticket.id for one in returns.standing(connection, old)]
    chosen = returns.returnable(connection, old, ids)
    if isinstance(chosen, Refused):
        return chosen
    if refused := forbidden(connection, venue, chosen, by.at):
        return refused
    both = (old, new)
    return returns.all_or_nothing(
        connection, lambda: _do(connection, both, chosen, wanted.payment, by), token
    )


def _do(
    connection: Connection,
    requested: tuple[TicketRequest, TicketRequest],
    chosen: Sequence[IssuedTicket],
    payment: Payment | None,
    by: By,
) -> Refused | None:
    old, new = requested
    due = dues.due(connection, new)
    _, back = returns.what_returns(connection, old, chosen)
    value = min(back, due.amount)
    rest = Money(due.amount - value, due.currency)
    if (payment.amount if payment else Money(Decimal(0), due.currency)) != rest:
        foreign = payment is not None and payment.amount.currency != rest.currency
        code = "wrong_currency" if foreign else "wrong_amount"
        return Refused(code, "another difference is due", {"due": dues.told(rest)})
    if payment and (refused := spending.unspendable(connection, new, payment, by)):
        return refused
    if refused := requests.sell(connection, new, f"confirmed: exchange {old.authorisation}", by):
        return refused
    returns.book_return(connection, old, chosen, by)
    payments = [replace(payment, amount=rest)] if payment and rest.amount else []
    if value:
        out = Refund(accounts.EXCHANGE, new.authorisation, "exchange")
        returns.give_back(connection, old, out, value, by)
        taken = Money(value, due.currency)
        payments.append(Payment(accounts.EXCHANGE, old.authorisation, taken))
    sold = find(connection, new.token)
    assert isinstance(sold, TicketRequest)
    for one in payments:
        whole = one is payments[-1]
        if refused := requests.settle(connection, sold, one, None, by, whole=whole):
            return refused
    reason = f"exchanged for {new.authorisation}"
    return returns.take_back(connection, old, chosen, reason, by)


def forbidden(
    connection: Connection, venue: Venue, chosen: Sequence[IssuedTicket], now: datetime
) -> Refused | None:
    """What is blocked, or what the products' policies say against it; of what is sold no more, the
    usual one."""
    blocked = [one.human_code for one in chosen if one.ticket.state is TicketState.BLOCKED]
    if blocked:
        return Refused("blocked", f"blocked tickets are not exchanged: {', '.join(blocked)}")
    for line in {one.line.number: one.line for one in chosen}.values():
        found = venue.offer(line.product)
        if found is None:
            continue
        _, offer = found
        if offer.exchange == "never":
            return Refused("not_exchangeable", f"product {line.product} cannot be exchanged")
        start = _start(connection, line)
        if start and offer.latest_exchange is not None and now > start - offer.latest_exchange:
            return Refused("too_late", f"until {offer.exchange} before the start only")
    return None


def _start(connection: Connection, line: Line) -> datetime | None:
    """Of what the line is good for first."""
    start: datetime | None = connection.scalar(
        select(func.min(time_slot.c.start)).where(time_slot.c.id.in_(line.takes))
    )
    return start or line.valid_from
