"""What clients may send: each body a frozen value, read strictly, every problem told at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from aiohttp import web

from central.catalogue.texts import hidden
from central.money.accounts import EXCHANGE
from central.money.dues import FREE
from central.sale.states import NO_REFERENCES, Holder, Payment, References
from central.sale.wishes import Wanted
from central.settings import Channel
from runtime.convert import Invalid, parse_day, structure
from runtime.wire import decode

T = TypeVar("T")

MAX_LINES = 20
MAX_QUANTITY = 20
MAX_PROMO_CODES = 5
MAX_SLOT = 64
MAX_SEATS = 1000
MAX_SEAT = 40
MAX_TEXT = 200
MAX_ORDER = 100
MAX_NUMBER = 11
MAX_PAGE = 1000
MAX_METHOD = 40
MAX_REFERENCE = 100
MAX_AMOUNT = Decimal(10**9)
MAX_DAYS = 92
"""Of time slots in one answer: a quarter of a year."""
_KEY = re.compile("[!-~]([ -~]{0,98}[!-~])?")


@dataclass(frozen=True)
class NewRequest:
    lines: tuple[Wanted, ...]
    channel: Channel
    language: str = "en"
    promo_codes: tuple[str, ...] = ()
    waiting: bool = False
    holder: Holder | None = None
    references: References = NO_REFERENCES

    def __post_init__(self) -> None:
        check_cart(self.lines, self.promo_codes)
        check_told(self.holder, self.references)
        if not 1 <= len(self.language) <= 20:
            raise ValueError("language: 1 to 20 characters")


def check_cart(lines: Sequence[Wanted], promo_codes: Sequence[str]) -> None:
    """Raise ValueError for what no cart is."""
    if not 1 <= len(lines) <= MAX_LINES:
        raise ValueError(f"lines: 1 to {MAX_LINES} of them")
    for number, line in enumerate(lines):
        if not 1 <= line.quantity <= MAX_QUANTITY:
            raise ValueError(f"lines[{number}].quantity: 1 to {MAX_QUANTITY}")
        check_slots(f"lines[{number}]", line)
        check_seats(f"lines[{number}]", line)
    if len(promo_codes) > MAX_PROMO_CODES or not all(1 <= len(c) <= 40 for c in promo_codes):
        raise ValueError(f"promo_codes: at most {MAX_PROMO_CODES}, of 1 to 40 characters")


def check_slots(what: str, line: Wanted) -> None:
    """Raise ValueError for slots and attractions that cannot be."""
    if max(map(len, (line.slot, *line.slots, *line.slots.values(), *line.without))) > MAX_SLOT:
        raise ValueError(f"{what}: slots and attractions have at most {MAX_SLOT} characters")
    if len(line.text) > MAX_TEXT:
        raise ValueError(f"{what}: text has at most {MAX_TEXT} characters")
    if max(len(line.slots), len(line.without)) > MAX_LINES:
        raise ValueError(f"{what}: at most {MAX_LINES} slots, and as many without")


def check_seats(what: str, line: Wanted) -> None:
    """Raise ValueError for seats that cannot be."""
    if len(line.seats) > MAX_SEATS or len(set(line.seats)) < len(line.seats):
        raise ValueError(f"{what}.seats: at most {MAX_SEATS}, each once")
    if not all(1 <= len(seat) <= MAX_SEAT for seat in line.seats):
        raise ValueError(f"{what}.seats: of 1 to {MAX_SEAT} characters")
    if not 0 <= line.wheelchair <= (0 if line.seats else MAX_SEATS):
        raise ValueError(f"{what}.wheelchair: 0 to {MAX_SEATS}, and only without seats")


@dataclass(frozen=True)
class Confirmation:
    """`payment` of what is due; None if nothing is."""

    payment: Payment | None = None
    holder: Holder | None = None
    references: References = NO_REFERENCES

    def __post_init__(self) -> None:
        if self.payment:
            check_payment(self.payment)
        check_told(self.holder, self.references)


def check_payment(payment: Payment) -> None:
    """Raise ValueError for what nobody can pay."""
    check_method(payment.method, payment.reference)
    if not 0 <= payment.amount.amount <= MAX_AMOUNT:
        raise ValueError(f"payment: an amount from 0 to {MAX_AMOUNT}")
    if payment.method == FREE and payment.amount.amount:
        raise ValueError(f"payment: {FREE!r} is the method of what costs nothing")


def check_method(method: str, reference: str) -> None:
    """Raise ValueError for what is no way of paying."""
    if not 1 <= len(method) <= MAX_METHOD or not 1 <= len(reference) <= MAX_REFERENCE:
        told = f"method of 1 to {MAX_METHOD} characters, reference of 1 to {MAX_REFERENCE}"
        raise ValueError(f"payment: {told}")
    if method == EXCHANGE:
        raise ValueError(f"method: {EXCHANGE!r} is told by central only")


def check_told(holder: Holder | None, references: References) -> None:
    """Raise ValueError for what is too long to be told of a request."""
    if holder and max(map(len, vars(holder).values())) > MAX_TEXT:
        raise ValueError(f"holder: at most {MAX_TEXT} characters each")
    if len(references.external_order) > MAX_ORDER:
        raise ValueError(f"references.external_order: at most {MAX_ORDER} characters")
    if len(references.customer) > MAX_NUMBER:
        raise ValueError("references.customer: a number like C-000042")
    if len(references.pass_ticket) > MAX_TEXT:
        raise ValueError(f"references.pass_ticket: at most {MAX_TEXT} characters")


@dataclass(frozen=True)
class Nothing:
    """An empty object."""


@dataclass(frozen=True)
class Cancellation:
    reason: str

    def __post_init__(self) -> None:
        if len(self.reason) > MAX_TEXT:
            raise ValueError(f"reason: at most {MAX_TEXT} characters")


async def read_body(request: web.Request, kind: type[T]) -> T:
    """The body as `kind`; no text in it hides anything. Raises Invalid."""
    body = structure(decode(await request.read()), kind)
    if problems := [(path, "no control characters") for path in _hidden(body, "")]:
        raise Invalid(problems)
    return body


def _hidden(value: object, path: str) -> Iterator[str]:
    """Where texts hold what cannot be seen. Notes and tables may have several lines."""
    if isinstance(value, str):
        many = path.endswith(("note", "csv"))
        lines = value.replace("\r\n", "\n").split("\n") if many else [value]
        yield from (path for line in lines if hidden(line))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _hidden(key, path)
            yield from _hidden(item, f"{path}.{key}")
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _hidden(item, f"{path}[{number}]")
    elif is_dataclass(value):
        for one in fields(value):
            yield from _hidden(getattr(value, one.name), f"{path}.{one.name}".lstrip("."))


def query_number(request: web.Request, name: str, default: int, most: int) -> int:
    """The whole number ?name=…, at least 0. Raises Invalid."""
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= most):
        raise Invalid([(name, f"a whole number from 0 to {most}")])
    return int(text)


def query_text(request: web.Request, name: str) -> str:
    """The text ?name=…, "" if there is none. Raises Invalid."""
    text = request.query.get(name, "")
    if len(text) > MAX_TEXT or "\0" in text:
        raise Invalid([(name, f"at most {MAX_TEXT} characters")])
    return text


def query_days(request: web.Request, most: int = MAX_DAYS) -> tuple[date, date]:
    """The day ?date=2026-11-21, or the first and the last of ?from=…&until=…. Raises Invalid."""
    if "date" in request.query:
        day = _query_day(request, "date")
        return day, day
    first, last = _query_day(request, "from"), _query_day(request, "until")
    if not 0 <= (last - first).days < most:
        raise Invalid([("until", f"from that day on, at most {most} days")])
    return first, last


def _query_day(request: web.Request, name: str) -> date:
    try:
        return parse_day(request.query.get(name, ""))
    except ValueError as error:
        raise Invalid([(name, "a day like 2026-11-21")]) from error


def idempotency_key(request: web.Request) -> str:
    """The header Idempotency-Key. Raises Invalid."""
    key = request.headers.get("Idempotency-Key", "")
    if not _KEY.fullmatch(key):
        raise Invalid([("Idempotency-Key", "a header of 1 to 100 ASCII characters is required")])
    return key
