"""What a model of central is made of: requests, places, vouchers, tills as plain numbers.

Amounts are in cents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from support.sales_venue import VOUCHER, Planned


class Wrong(AssertionError):
    """Central answered otherwise than it ought to."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any

    @property
    def yes(self) -> bool:
        return self.status < 300

    @property
    def brief(self) -> str:
        return "yes" if self.yes else f"{self.status} {self.body['code']}"


def cents(money: dict[str, str]) -> int:
    return round(float(money["amount"]) * 100)


def euro(amount: int) -> dict[str, str]:
    sign = "-" if amount < 0 else ""
    return {"amount": f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02}", "currency": "EUR"}


def half_up(part: int, of: int) -> int:
    return (2 * part + of) // (2 * of)


def expect(answer: Answer, reasons: set[str]) -> bool:
    """Whether central did it. It has to, unless there are reasons not to; then it tells one."""
    if answer.yes == bool(reasons):
        raise Wrong(f"{answer.brief}, though there is {reasons or 'no reason'}: {answer.body}")
    if reasons and answer.body["code"] not in reasons:
        raise Wrong(f"{answer.brief} is not for {reasons}: {answer.body}")
    return answer.yes


def agree(told: object, expected: object, what: str) -> None:
    if told != expected:
        raise Wrong(f"{what}: {told}, expected {expected}")


@dataclass
class Slot:
    planned: Planned | None
    was: Planned
    own: int | None = None
    closed: bool | None = None
    touched: bool = False

    @property
    def capacity(self) -> int | None:
        return self.was.capacity if self.own is None else self.own

    @property
    def shut(self) -> bool:
        return self.planned is None if self.closed is None else self.closed


@dataclass
class Line:
    """`tickets` in the order in which they were made."""

    product: int
    slot: str
    quantity: int
    places: int
    total: int
    tickets: list[str] = field(default_factory=list)

    def worth(self, ticket: str) -> int:
        """What one of its tickets costs: the parts sum to the total."""
        n = self.tickets.index(ticket)
        upto, before = (half_up(self.total * k, self.quantity) for k in (n + 1, n))
        return upto - before


@dataclass
class Request:
    """`charge` is what the visitor has to pay since it was confirmed, `paid` what he paid less what
    he got back, `kept` that by method, `spent` that by voucher."""

    token: str
    channel: str
    status: str
    expires: datetime
    lines: list[Line]
    promos: dict[str, int] = field(default_factory=dict)
    option: str = "direct"
    charge: int = 0
    paid: int = 0
    payments: list[tuple[str, str, int]] = field(default_factory=list)
    kept: Counter[str] = field(default_factory=Counter)
    spent: Counter[str] = field(default_factory=Counter)
    states: dict[str, str] = field(default_factory=dict)
    vouchers: list[str] = field(default_factory=list)
    booked_by: list[str] = field(default_factory=list)
    booked_on: date | None = None
    day_ended: bool = False
    exchanged: bool = False

    @property
    def total(self) -> int:
        return sum(line.total for line in self.lines)

    @property
    def due(self) -> int:
        match self.status:
            case "confirmed":
                return max(0, self.charge - self.paid)
            case "cancelled":
                return 0
        return max(0, self.total - self.paid)

    @property
    def credit(self) -> int:
        return max(0, self.paid - self.charge)

    @property
    def standing(self) -> list[str]:
        return [ticket for ticket, state in self.states.items() if state != "cancelled"]

    @property
    def places(self) -> Counter[str]:
        told: Counter[str] = Counter()
        for line in self.lines:
            if line.slot:
                told[line.slot] += line.places
        return told

    @property
    def sells_vouchers(self) -> bool:
        return any(line.product == VOUCHER for line in self.lines)

    def line_of(self, ticket: str) -> Line:
        return next(line for line in self.lines if ticket in line.tickets)


@dataclass
class Lease:
    slot: str
    device: str
    expires: datetime
    places: int
    used: int = 0
    returned: int = 0

    @property
    def unused(self) -> int:
        return self.places - self.used - self.returned


@dataclass
class Voucher:
    value: int
    balance: int
    blocked: bool = False


@dataclass
class Promo:
    """`percent` of the cart, or `amount` off each of at most `per_order` tickets."""

    max_uses: int
    percent: int = 0
    amount: int = 0
    per_order: int = 0
    blocked: bool = False

    def off(self, lines: Iterable[tuple[int, int, int]]) -> tuple[int, int]:
        """(discount, uses) of lines of (product, quantity, price)."""
        fits = [(price, quantity) for product, quantity, price in lines if product != VOUCHER]
        if self.percent:
            whole = sum(price * quantity for price, quantity in fits)
            return half_up(whole * self.percent, 100), int(whole > 0)
        prices = sorted((p for price, q in fits for p in [price] * q), reverse=True)
        chosen = prices[: self.per_order]
        return sum(min(self.amount, price) for price in chosen), len(chosen)


@dataclass
class Till:
    """`took` and `gave` by method since the last day-end, which told receipts up to `told`."""

    receipt: int = 0
    day_end: int = 0
    told: int = 0
    took: Counter[str] = field(default_factory=Counter)
    gave: Counter[str] = field(default_factory=Counter)
