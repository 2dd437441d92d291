"""Accounts and what is posted on them: pure sums. A debit is positive, a credit negative.

`paid:<method>:<device>` is what a device took by a method, `receivable` what visitors owe (below
nothing: what the venue owes them), `sales:<product>` and `tax:<percent>` what was earned and for
whom, `vouchers` what was sold to be spent later, `allowance` what was given back while the tickets
stayed good, `invitation` what visitors were let off, `voucher_difference` by how much more vouchers
paid than they had been bought for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TypeAlias

from central.catalogue.offers import ProductKind
from central.catalogue.prices import minor_unit, spread
from central.sale.states import Line

Postings: TypeAlias = dict[str, Decimal]
"""Account → amount; all together nothing."""

RECEIVABLE = "receivable"
ALLOWANCE = "allowance"
VOUCHERS = "vouchers"
INVITATION = "invitation"
VOUCHER_DIFFERENCE = "voucher_difference"
EXCHANGE = "exchange"
"""The method by which old tickets pay new ones: its accounts always come to nothing."""

_PAID = "paid:"
_TAX = "tax:"


def paid_by(method: str, device: str) -> str:
    """The account of what a device took by a method."""
    return f"{_PAID}{method}:{device}"


def is_paid(account: str) -> bool:
    return account.startswith(_PAID)


def merged(*parts: Mapping[str, Decimal]) -> Postings:
    """The sum, account by account; what comes to nothing is left out."""
    total: Postings = {}
    for part in parts:
        for account, amount in part.items():
            total[account] = total.get(account, Decimal(0)) + amount
    return {account: amount for account, amount in total.items() if amount}


def negated(postings: Mapping[str, Decimal]) -> Postings:
    return {account: -amount for account, amount in postings.items()}


def moved(amount: Decimal, *, debit: str, credit: str) -> Postings:
    return merged({debit: amount}, {credit: -amount})


def sale(lines: Iterable[Line]) -> Postings:
    """What the lines earn, for the venue and in tax; the visitor owes it."""
    return merged(*(_earned(line, line.total.amount, line.tax.amount) for line in lines))


def worth(line: Line) -> list[tuple[Decimal, Decimal]]:
    """(price, tax in it) of each ticket of a line, its discount taken off."""
    unit, even = minor_unit(line.price.currency), [Decimal(1)] * line.quantity
    prices = spread(line.total.amount, even, unit)
    return list(zip(prices, spread(line.tax.amount, prices, unit), strict=True))


def returned(line: Line, numbers: Iterable[int]) -> Postings:
    """Undo what the tickets of a line with these numbers (from 0) earned."""
    prices = worth(line)
    return merged(*(negated(_earned(line, *prices[number])) for number in numbers))


def income(balances: Mapping[str, Decimal]) -> Postings:
    """The part of the balances that is neither paid nor owed: what was earned, less what was
    given up of it."""
    return {a: b for a, b in balances.items() if not is_paid(a) and a != RECEIVABLE}


def unearned(balances: Mapping[str, Decimal]) -> Postings:
    """Undo what was earned: the visitor owes nothing any more."""
    undone = negated(income(balances))
    return merged(undone, {RECEIVABLE: -sum(undone.values(), Decimal(0))})


def given_up(amount: Decimal, balances: Mapping[str, Decimal], *, to: str) -> Postings:
    """Give up `amount` of what was earned and the tax that is in it, rounded as `amount` is
    written; `to` bears the rest."""
    whole = -sum(income(balances).values(), Decimal(0))
    taxes: Postings = {}
    for account, balance in balances.items():
        if account.startswith(_TAX) and whole > 0:
            taxes[account] = (-balance * amount / whole).quantize(amount)
    rest = amount - sum(taxes.values(), Decimal(0))
    return merged(taxes, {to: rest, RECEIVABLE: -amount})


def _earned(line: Line, price: Decimal, tax: Decimal) -> Postings:
    if line.kind is ProductKind.VOUCHER:
        return moved(price, debit=RECEIVABLE, credit=VOUCHERS)
    percent = f"{line.tax_percent.normalize():f}"
    parts = {f"sales:{line.product}": tax - price}, {_TAX + percent: -tax}, {RECEIVABLE: price}
    return merged(*parts)
