"""The fee of a coat ticket: earned and paid in the till of who takes it, with a receipt.

A coat ticket is no ticket request, so its entries in the ledger have none: one in which the visitor
owes the fee (`sales:coats` and its tax), one in which he pays it.
"""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import Connection, update

from admission.values import Money
from central.catalogue.prices import tax_included
from central.catalogue.texts import hidden
from central.coats import coats, rooms
from central.coats.values import Cloakroom, Coat, House, Pay, PayWhen
from central.money import accounts, ledger
from central.money.ledger import Event, Happened
from central.sale import spending
from central.sale.states import By, Refused
from central.store.schema import coat_ticket

METHODS = ("cash", "card", spending.METHOD)
SALES = "sales:coats"
MAX_REFERENCE = 100


def price(house: House, room: Cloakroom, pieces: int) -> Money:
    each = Decimal(0) if room.payment is PayWhen.NEVER else room.price
    return Money(each, house.currency) * pieces


def pay(connection: Connection, id_: int, wanted: Pay, by: By) -> Coat | Refused:
    """Take all that is due."""
    coat = coats.find(connection, id_, lock=True)
    if isinstance(coat, Refused):
        return coat
    room, due = rooms.find(connection, coat.cloakroom), coat.due
    assert isinstance(room, Cloakroom)
    if not due.amount:
        return Refused("nothing_due", "Nothing is due.")
    if wanted.method not in METHODS:
        return Refused("bad_method", f"It is paid by {', '.join(METHODS)}.")
    if len(wanted.reference) > MAX_REFERENCE or hidden(wanted.reference):
        return Refused("bad_reference", f"A reference has at most {MAX_REFERENCE} characters.")
    if wanted.method == spending.METHOD:
        done = spending.redeem(connection, wanted.reference, due, by)
        if isinstance(done, Refused):
            return Refused(done.code, f"The voucher: {done.detail}.", done.extras)
    _book(connection, room, due, wanted, by)
    receipt = f"{by.who} {ledger.lock_till(connection, by.who).receipt}"
    _set(connection, coat.id, paid=coat.price.amount, receipt=receipt)
    what = f"paid {due.amount:f} {due.currency} by {wanted.method}, receipt {receipt}"
    coats.note(connection, coat.id, what, by)
    return coats.find(connection, coat.id)


def not_paid(coat: Coat) -> Refused:
    due = f"{coat.due.amount:f} {coat.due.currency}"
    return Refused("not_paid", f"{due} are due; take them first.")


def let_off(connection: Connection, id_: int, reason: str, by: By) -> Coat | Refused:
    """Nothing is to be paid. For supervisors."""
    coat = coats.find(connection, id_, lock=True)
    if isinstance(coat, Refused):
        return coat
    if not coat.due.amount:
        return Refused("nothing_due", "Nothing is due.")
    if not 1 <= len(reason) <= MAX_REFERENCE or hidden(reason):
        return Refused("no_reason", f"Write why, in at most {MAX_REFERENCE} characters.")
    _set(connection, id_, price=coat.paid.amount)
    coats.note(connection, id_, f"let off {coat.due.amount:f} {coat.due.currency}: {reason}", by)
    return coats.find(connection, id_)


def _book(connection: Connection, room: Cloakroom, due: Money, wanted: Pay, by: By) -> None:
    tax = tax_included(due.amount, room.tax_percent, due.currency)
    percent = f"{room.tax_percent.normalize():f}"
    earned = accounts.merged(
        {SALES: tax - due.amount}, {f"tax:{percent}": -tax}, {accounts.RECEIVABLE: due.amount}
    )
    ledger.record(connection, Event(Happened.SALE, None, due.currency, earned), by)
    till = accounts.paid_by(wanted.method, by.who)
    paid = accounts.moved(due.amount, debit=till, credit=accounts.RECEIVABLE)
    how = (wanted.method, wanted.reference)
    ledger.record(connection, Event(Happened.PAYMENT, None, due.currency, paid, *how), by)


def _set(connection: Connection, id_: int, **values: object) -> None:
    connection.execute(update(coat_ticket).where(coat_ticket.c.id == id_).values(values))
