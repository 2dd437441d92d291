"""Spending gift vouchers, and giving back what was spent: always under a lock of the voucher.

A voucher was bought for its price, and pays whatever it is worth then. In the ledger each spending
takes its share of the price off what is still to be spent; the rest is a difference that the venue
bears (central/money/accounts.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, func, insert, select

from admission.values import Money
from central.catalogue.prices import minor_unit
from central.money import accounts, dues, ledger
from central.money.ledger import Event, Happened
from central.sale.states import By, Payment, Refused, TicketRequest
from central.sale.vouchers import Cash, Pieces, Voucher, find, told
from central.store.schema import voucher, voucher_entry

METHOD = "voucher"
"""The payment method; the voucher's code is the payment's reference."""


def unspendable(
    connection: Connection, request: TicketRequest, payment: Payment, by: By
) -> Refused | None:
    """Why a payment by voucher cannot be taken; None for other methods. Locks the voucher."""
    if payment.method != METHOD:
        return None
    found = find(connection, payment.reference, lock=True)
    if isinstance(found, Refused):
        return found
    needed = _needed(connection, found, payment.amount, request, by.at)
    return needed if isinstance(needed, Refused) else None


def redeem(
    connection: Connection,
    code: str,
    amount: Money,
    by: By,
    request: TicketRequest | None = None,
) -> Voucher | Refused:
    """Spend `amount` of the voucher, for the request."""
    found = find(connection, code, lock=True)
    if isinstance(found, Refused):
        return found
    pieces = _needed(connection, found, amount, request, by.at)
    if isinstance(pieces, Refused):
        return pieces
    return _move(connection, found, _Move(-amount.amount, -pieces), request, by)


def give_back(
    connection: Connection,
    code: str,
    amount: Money,
    by: By,
    request: TicketRequest | None = None,
) -> Voucher | Refused:
    """Undo a payment, or part of it, even of a voucher that is over by now; at most what was
    spent for this request, or for none. Of a product whole pieces."""
    found = find(connection, code, lock=True)
    if isinstance(found, Refused):
        return found
    spent, pieces = _spent(connection, found, request)
    currency = found.price.currency
    if amount.currency != currency or not 0 < amount.amount <= spent:
        detail = f"{spent:f} {currency} were spent of it"
        return Refused("voucher_not_spent", detail, _left(found))
    back = pieces * amount.amount / spent
    if back != int(back):
        detail = f"{spent:f} {currency} were {pieces} pieces; only whole ones go back on it"
        return Refused("voucher_pieces", detail, _left(found))
    return _move(connection, found, _Move(amount.amount, int(back)), request, by)


def _needed(
    connection: Connection,
    found: Voucher,
    amount: Money,
    request: TicketRequest | None,
    now: datetime,
) -> int | Refused:
    """How many pieces of the voucher pay `amount`, 0 of one that is worth money; or why none."""
    extras = _left(found)
    if found.blocked:
        return Refused("voucher_blocked", "the voucher is blocked", extras)
    if now < found.valid_from:
        return Refused("voucher_not_yet", f"good from {found.valid_from:%Y-%m-%d}", extras)
    if found.valid_until <= now:
        return Refused("voucher_over", f"was good until {found.valid_until:%Y-%m-%d}", extras)
    currency = found.price.currency
    if amount.currency != currency:
        return Refused("wrong_currency", f"an amount of {currency} is needed", extras)
    if amount.amount <= 0:
        return Refused("wrong_amount", "more than nothing is needed", extras)
    match found.worth:
        case Cash(_, balance) if amount.amount > balance.amount:
            return Refused("voucher_balance", f"{balance.amount:f} are left on it", extras)
        case Cash():
            return 0
        case Pieces() as pieces:
            return _pieces(connection, pieces, amount, request)


def _pieces(
    connection: Connection, worth: Pieces, amount: Money, request: TicketRequest | None
) -> int | Refused:
    """The fewest pieces that pay `amount`: each pays for one ticket, the dearest first, which none
    has paid for yet."""
    prices, paid = list[Decimal](), 0
    if request:
        own = [line for line in request.lines if line.product == worth.product]
        prices = sorted((price for line in own for price, _ in accounts.worth(line)), reverse=True)
        paid = _paid_before(connection, request.id, worth.product)
    most = Decimal(0)
    for count, price in enumerate(prices[paid : paid + worth.left], 1):
        most += price
        if amount.amount <= most:
            return count
    extras = {"left": worth.left, "most": dues.told(Money(most, amount.currency))}
    return Refused("voucher_balance", f"it pays at most {most:f} of this request", extras)


def _paid_before(connection: Connection, request: int, product: int) -> int:
    """How many tickets of the product vouchers have paid for."""
    spent = connection.scalar(
        select(func.sum(voucher_entry.c.pieces))
        .join(voucher, voucher.c.id == voucher_entry.c.voucher)
        .where(voucher_entry.c.request == request, voucher.c.product == product)
    )
    return -(spent or 0)


def _spent(
    connection: Connection, found: Voucher, request: TicketRequest | None
) -> tuple[Decimal, int]:
    """(money, pieces) that were spent and not given back, for one request or for none."""
    entry = voucher_entry
    same = (entry.c.voucher == found.id, entry.c.request == (request.id if request else None))
    rows = connection.execute(select(entry.c.amount, entry.c.pieces).where(*same)).all()
    return -sum((row.amount for row in rows), Decimal(0)), -sum(row.pieces for row in rows)


@dataclass(frozen=True)
class _Move:
    """What is given back of a voucher; below nothing what is spent."""

    amount: Decimal
    pieces: int


def _move(
    connection: Connection,
    before: Voucher,
    move: _Move,
    request: TicketRequest | None,
    by: By,
) -> Voucher:
    connection.execute(
        insert(voucher_entry).values(
            voucher=before.id,
            request=request.id if request else None,
            at=by.at,
            who=by.who,
            amount=move.amount,
            pieces=move.pieces,
        )
    )
    after = find(connection, before.code)
    assert isinstance(after, Voucher)
    difference = _released(before) - _released(after) - move.amount
    if difference:
        postings = accounts.moved(
            difference, debit=accounts.VOUCHER_DIFFERENCE, credit=accounts.VOUCHERS
        )
        event = Event(Happened.VOUCHER, None, after.price.currency, postings, reference=before.code)
        ledger.record(connection, event, by)
    how = "spent" if move.amount < 0 else "given back"
    whose = f" for {request.authorisation}" if request else ""
    told(connection, before.id, f"{how} {abs(move.amount):f}{whose}", by)
    return after


def _released(found: Voucher) -> Decimal:
    """The share of the price that was spent."""
    return (found.price.amount * found.spent).quantize(minor_unit(found.price.currency))


def _left(found: Voucher) -> dict[str, object]:
    match found.worth:
        case Cash(_, balance):
            return {"balance": dues.told(balance)}
        case Pieces(_, _, left):
            return {"left": left}
