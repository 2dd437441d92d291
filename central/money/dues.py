"""What is due of a request, how it is paid, and what the ledger says when it is."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from sqlalchemy import Connection, delete, insert, select

from admission.values import Money
from central.catalogue.prices import minor_unit
from central.money import accounts, ledger
from central.money.ledger import Event, Happened
from central.sale.request_rows import pay as write_payment
from central.sale.states import By, Holder, Payment, Refused, Status, TicketRequest
from central.store import schema
from central.store.rows import keyed


class PaymentOption(Enum):
    """DIRECT: before the tickets. PREPAID: as a transfer, before the tickets. POSTPAID: on an
    invoice, after good tickets. NOT_PAID: the tickets are good once they are paid. INVITATION:
    the venue pays."""

    DIRECT = "direct"
    PREPAID = "prepaid"
    POSTPAID = "postpaid"
    NOT_PAID = "not_paid"
    INVITATION = "invitation"


_TERMS = select(schema.payment_option.c.option, schema.payment_option.c.reason).where(
    *keyed(schema.payment_option.c.request)
)
FREE = "free"
"""The method and reference by which what costs nothing is paid."""
AHEAD = (PaymentOption.DIRECT, PaymentOption.PREPAID)
"""Options that wait for the money."""


@dataclass(frozen=True)
class Terms:
    """How a request is paid, and why so."""

    option: PaymentOption = PaymentOption.DIRECT
    reason: str = ""


def due(connection: Connection, request: TicketRequest) -> Money:
    """What is open. Nothing of a cancelled request, though it may have been paid."""
    owed = ledger.balances(connection, request.id).owed
    if request.status is not Status.CONFIRMED:
        owed += request.total.amount
    if request.status is Status.CANCELLED or owed < 0:
        owed = Decimal(0)
    return Money(owed.quantize(minor_unit(request.currency)), request.currency)


def told(amount: Money) -> dict[str, str]:
    """Money beside a refusal."""
    return {"amount": f"{amount.amount:f}", "currency": amount.currency}


def foreign(amount: Money, currency: str) -> Refused | None:
    """Why this venue does not take an amount: not its currency, or a part of its smallest coin."""
    if amount.currency != currency:
        return Refused("wrong_currency", f"this venue takes {currency}")
    if amount.amount % minor_unit(currency):
        return Refused("wrong_amount", f"whole {minor_unit(currency)} {currency}")
    return None


def wrong_amount(payment: Money, due: Money) -> Refused | None:
    """Why `payment` cannot be taken when `due` is open: no real money, or more than that."""
    extras = {"due": told(due)}
    if payment.currency != due.currency:
        return Refused("wrong_currency", f"{due.currency} is due", extras)
    if payment.amount <= 0 or payment.amount % minor_unit(due.currency):
        return Refused("wrong_amount", "this cannot be paid", extras)
    if payment.amount > due.amount:
        return Refused("overpaid", "that is more than what is due", extras)
    return None


def is_unpaid(connection: Connection, request: TicketRequest) -> bool:
    """Whether its tickets are not good yet."""
    option = terms(connection, request.id).option
    return option is PaymentOption.NOT_PAID and due(connection, request).amount > 0


def take(
    connection: Connection,
    request: TicketRequest,
    payment: Payment,
    holder: Holder | None,
    by: By,
) -> None:
    """Write down what was paid."""
    till = accounts.paid_by(payment.method, by.who)
    paid = accounts.moved(payment.amount.amount, debit=till, credit=accounts.RECEIVABLE)
    how = (payment.method, payment.reference)
    event = Event(Happened.PAYMENT, request.id, request.currency, paid, *how)
    ledger.record(connection, event, by)
    write_payment(connection, request.id, payment, holder, by)


def book_sale(connection: Connection, request: TicketRequest, by: By) -> None:
    """The request is confirmed: the visitor owes its total."""
    event = Event(Happened.SALE, request.id, request.currency, accounts.sale(request.lines))
    ledger.record(connection, event, by)


def book_cancel(connection: Connection, request: TicketRequest, reason: str, by: By) -> None:
    """The request is cancelled: what was paid is owed to the visitor."""
    balances = ledger.balances(connection, request.id).accounts
    if undone := accounts.unearned(balances):
        event = Event(Happened.CANCEL, request.id, request.currency, undone, reason=reason)
        ledger.record(connection, event, by)


def let_off(connection: Connection, request: TicketRequest, reason: str, by: By) -> None:
    """An invitation: the venue pays what is due of a confirmed request; there is no tax in it. What
    is owed to the visitor stays so."""
    balances = ledger.balances(connection, request.id)
    due = max(balances.owed, Decimal(0))
    invited = accounts.given_up(due, balances.accounts, to=accounts.INVITATION)
    event = Event(Happened.INVITATION, request.id, request.currency, invited, reason=reason)
    ledger.record(connection, event, by)


def terms(connection: Connection, request: int) -> Terms:
    row = connection.execute(_TERMS, {"of_request": request}).first()
    return Terms(PaymentOption(row.option), row.reason) if row else Terms()


def set_terms(connection: Connection, request: int, terms: Terms) -> None:
    table = schema.payment_option
    connection.execute(delete(table).where(table.c.request == request))
    connection.execute(
        insert(table).values(request=request, option=terms.option.value, reason=terms.reason)
    )
