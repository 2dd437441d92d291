"""What the office may send about customers, batches and what it looks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date

from aiohttp import web

from central.http.bodies import (
    MAX_NUMBER,
    MAX_TEXT,
    check_payment,
    check_slots,
    check_told,
    query_text,
)
from central.money.dues import PaymentOption
from central.office import words
from central.office.batches import Order
from central.office.customers import Details
from central.office.search import Criteria
from central.sale.references import Told
from central.sale.states import NO_REFERENCES, Holder, Payment, References
from central.sale.wishes import Wanted
from runtime.convert import Invalid

MAX_BATCH = 5000
BATCH_OPTIONS = (PaymentOption.PREPAID, PaymentOption.POSTPAID, PaymentOption.NOT_PAID)
MAX_LANGUAGE = 20
MAX_NOTE = 1000
MAX_FOUND = 200
"""Requests or customers on one page."""
_PARTS = ("name", "email", "phone")


@dataclass(frozen=True)
class RequestTold(Told):
    def __post_init__(self) -> None:
        check_told(self.holder, self.references)
        _check_text("language", self.language, MAX_LANGUAGE)


@dataclass(frozen=True)
class CustomerTold:
    name: str = ""
    email: str = ""
    phone: str = ""
    language: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        for name in _PARTS:
            _check_text(name, getattr(self, name), MAX_TEXT)
        _check_text("language", self.language, MAX_LANGUAGE)
        _check_text("note", self.note, MAX_NOTE)

    @property
    def details(self) -> Details:
        return Details(Holder(self.name, self.email, self.phone), self.language, self.note)


@dataclass(frozen=True)
class MergeAsked:
    into: str

    def __post_init__(self) -> None:
        _check_text("into", self.into, MAX_NUMBER)


@dataclass(frozen=True)
class NewBatch:
    """`slot`, or of what is sold without one `day` and perhaps `until`, both included."""

    product: int
    quantity: int
    payment_option: PaymentOption
    slot: str = ""
    day: date | None = None
    until: date | None = None
    payment: Payment | None = None
    reason: str = ""
    language: str = "en"
    holder: Holder | None = None
    references: References = NO_REFERENCES
    slots: Mapping[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    text: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.quantity <= MAX_BATCH:
            raise ValueError(f"quantity: 1 to {MAX_BATCH}")
        if self.payment_option not in BATCH_OPTIONS:
            raise ValueError("payment_option: prepaid, postpaid or not_paid")
        if (self.payment is not None) != (self.payment_option is PaymentOption.PREPAID):
            raise ValueError("payment: of all that a prepaid batch costs, others have none")
        if self.payment:
            check_payment(self.payment)
        check_slots("batch", self.want)
        _check_text("reason", self.reason, MAX_TEXT)
        _check_text("language", self.language, MAX_LANGUAGE, least=1)
        check_told(self.holder, self.references)

    @property
    def want(self) -> Wanted:
        which = (self.product, self.slot, self.quantity, self.day, self.slots, self.without)
        return Wanted(*which, text=self.text)

    @property
    def order(self) -> Order:
        how = (self.payment_option, self.until, self.payment, self.reason, self.language)
        return Order(self.want, *how, self.holder, self.references)


def criteria(request: web.Request) -> Criteria:
    """What ?token=…&name=… tells. Raises Invalid."""
    names = [field.name for field in fields(Criteria) if field.name != "holder"]
    return Criteria(**{name: query_text(request, name) for name in names}, holder=part(request))


def part(request: web.Request) -> Holder:
    """What ?name=…&email=…&phone=… tells of a person. Raises Invalid."""
    told = Holder(*(query_text(request, name) for name in _PARTS))
    if told.phone and words.digits_in(told.phone) < words.MIN_DIGITS:
        raise Invalid([("phone", f"at least {words.MIN_DIGITS} digits")])
    if told.name and not words.name_words(told.name):
        raise Invalid([("name", "letters or digits")])
    return told


def _check_text(name: str, text: str, most: int, *, least: int = 0) -> None:
    if not least <= len(text) <= most:
        raise ValueError(f"{name}: {least} to {most} characters")
