"""What clients may send: each body a frozen value, read strictly, every problem told at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from aiohttp import web

from central.settings import Channel
from central.states import NO_REFERENCES, Holder, Payment, References
from central.wishes import Wanted
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
    payment: Payment
    holder: Holder | None = None
    references: References = NO_REFERENCES

    def __post_init__(self) -> None:
        method, reference = self.payment.method, self.payment.reference
        if not 1 <= len(method) <= 40 or not 1 <= len(reference) <= 100:
            raise ValueError("payment: method of 1 to 40 characters, reference of 1 to 100")
        check_told(self.holder, self.references)


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
    """The body as `kind`. Raises Invalid."""
    return structure(decode(await request.read()), kind)


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


def query_date(request: web.Request) -> date:
    """The day ?date=2026-11-21. Raises Invalid."""
    try:
        return parse_day(request.query.get("date", ""))
    except ValueError as error:
        raise Invalid([("date", "a day like 2026-11-21")]) from error


def idempotency_key(request: web.Request) -> str:
    """The header Idempotency-Key. Raises Invalid."""
    key = request.headers.get("Idempotency-Key", "")
    if not _KEY.fullmatch(key):
        raise Invalid([("Idempotency-Key", "a header of 1 to 100 ASCII characters is required")])
    return key
