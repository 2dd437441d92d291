"""The fee of a coat ticket: earned and paid in the till of who takes it, with a receipt; given back
from the till of who gives it.

A coat ticket is no ticket request, so its entries in the ledger have none: one in which the visitor
owes the fee (`sales:coats` and its tax), one in which he pays it; the same two undo it.
"""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import Connection, update

from admission.values import Money
from central.catalogue.prices import minor_unit, tax_included
from central.catalogue.texts import hidden
from central.coats import coats
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


def settle(
    connection: Connection, coat: Coat, wanted: Pay | None, by: By, *, now: bool
) -> Coat | Refused:
    """Take what is due, if staff want to, or must `now`; and if it is what was shown: money that
    changed hands for another sum is not booked."""
    due = f"{coat.due.amount:f} {coat.due.currency}"
    if wanted and wanted.shown not in (None, coat.due.amount):
        told = f"The price is another one than was shown: {due} are due now. Nothing was done."
        return Refused("wrong_amount", told)
    if not coat.due.amount:
        return coat
    if wanted:
        return pay(connection, coat.id, wanted, by)
    return Refused("not_paid", f"{due} are due; take them first.") if now else coat


def pay(connection: Connection, id_: int, wanted: Pay, by: By) -> Coat | Refused:
    """Take all that is due."""
    coat = coats.find(connection, id_, lock=True)
    if isinstance(coat, Refused):
        return coat
    if not coat.due.amount:
        return Refused("nothing_due", "Nothing is due.")
    if refused := _impossible(wanted):
        return refused
    if wanted.method == spending.METHOD:
        done = spending.redeem(connection, wanted.reference, coat.due, by)
        if isinstance(done, Refused):
            return Refused(done.code, f"The voucher: {done.detail}.", done.extras)
    return _book(connection, coat, coat.due, wanted, by)


def refund(
    connection: Connection, id_: int, back: Pay, by: By, *, amount: Decimal, reason: str
) -> Coat | Refused:
    """Give back at most what was paid and not given back yet; it is not due again. For
    supervisors."""
    coat = coats.find(connection, id_, lock=True)
    if isinstance(coat, Refused):
        return coat
    paid, unit = coat.paid, minor_unit(coat.paid.currency)
    if back.shown not in (None, paid.amount):
        told = "Money was paid or given back meanwhile. Look at it; nothing was done."
        return Refused("paid_otherwise", told)
    if not 0 < amount <= paid.amount or amount % unit:
        told = f"Only what was paid can be given back: {paid.amount:f} {paid.currency}."
        return Refused("wrong_amount", told)
    if refused := _impossible(back) or _no_reason(reason):
        return refused
    money = Money(amount.quantize(unit), paid.currency)
    if back.method == spending.METHOD:
        done = spending.give_back(connection, back.reference, money, by)
        if isinstance(done, Refused):
            return Refused(done.code, f"The voucher: {done.detail}.", done.extras)
    _set(connection, id_, price=coat.price.amount - money.amount)
    return _book(connection, coat, money * -1, back, by, reason=reason)


def let_off(connection: Connection, id_: int, reason: str, by: By) -> Coat | Refused:
    """Nothing is to be paid. For supervisors."""
    coat = coats.find(connection, id_, lock=True)
    if isinstance(coat, Refused):
        return coat
    if not coat.due.amount:
        return Refused("nothing_due", "Nothing is due.")
    if refused := _no_reason(reason):
        return refused
    _set(connection, id_, price=coat.paid.amount)
    coats.note(connection, id_, f"let off {coat.due.amount:f} {coat.due.currency}: {reason}", by)
    return coats.find(connection, id_)


def _impossible(wanted: Pay) -> Refused | None:
    if wanted.method not in METHODS:
        return Refused("bad_method", f"Choose how: {', '.join(METHODS)}.")
    if len(wanted.reference) > MAX_REFERENCE or hidden(wanted.reference):
        return Refused("bad_reference", f"A reference has at most {MAX_REFERENCE} characters.")
    return None


def _no_reason(reason: str) -> Refused | None:
    if 1 <= len(reason.strip()) <= MAX_REFERENCE and not hidden(reason):
        return None
    return Refused("no_reason", f"Write why, in at most {MAX_REFERENCE} characters.")


def _book(
    connection: Connection, coat: Coat, money: Money, how: Pay, by: By, *, reason: str = ""
) -> Coat | Refused:
    """It is earned and paid; undone and given back below nothing. The tax of several parts is that
    of their sum."""
    amount, currency = money.amount, money.currency
    paid = coat.paid.amount + amount
    tax = _tax(coat, paid) - _tax(coat, coat.paid.amount)
    percent = f"{coat.tax_percent.normalize():f}"
    earned = accounts.merged(
        {SALES: tax - amount}, {f"tax:{percent}": -tax}, {accounts.RECEIVABLE: amount}
    )
    till = accounts.paid_by(how.method, by.who)
    moved = accounts.moved(amount, debit=till, credit=accounts.RECEIVABLE)
    back = amount < 0
    kinds = (Happened.RETURN, Happened.REFUND) if back else (Happened.SALE, Happened.PAYMENT)
    ledger.record(connection, Event(kinds[0], None, currency, earned, reason=reason), by)
    event = Event(kinds[1], None, currency, moved, how.method, how.reference, reason)
    ledger.record(connection, event, by)
    receipt = f"{by.who} {ledger.lock_till(connection, by.who).receipt}"
    _set(connection, coat.id, paid=paid, receipt=receipt)
    what = "gave back" if back else "paid"
    why = f": {reason}" if reason else ""
    told = f"{what} {abs(amount):f} {currency} by {how.method}, receipt {receipt}{why}"
    coats.note(connection, coat.id, told, by)
    return coats.find(connection, coat.id)


def _tax(coat: Coat, paid: Decimal) -> Decimal:
    return tax_included(paid, coat.tax_percent, coat.paid.currency)


def _set(connection: Connection, id_: int, **values: object) -> None:
    connection.execute(update(coat_ticket).where(coat_ticket.c.id == id_).values(values))
