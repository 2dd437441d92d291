"""What clients may send about money."""

from __future__ import annotations

from dataclasses import dataclass

from admission.values import Money
from central.http.bodies import MAX_AMOUNT, MAX_TEXT, check_method, check_payment
from central.money.dues import FREE, PaymentOption
from central.sale.states import Holder, Payment

MAX_TICKETS = 400
MAX_DEVICE = 40


@dataclass(frozen=True)
class PartPayment:
    payment: Payment
    holder: Holder | None = None

    def __post_init__(self) -> None:
        check_payment(self.payment)
        if self.holder and max(map(len, vars(self.holder).values())) > MAX_TEXT:
            raise ValueError(f"holder: at most {MAX_TEXT} characters each")


@dataclass(frozen=True)
class OptionChosen:
    """Which of the payment options, and why."""

    option: PaymentOption
    reason: str = ""

    def __post_init__(self) -> None:
        _check_text("reason", self.reason, 0, MAX_TEXT)
        if self.option is PaymentOption.INVITATION and not self.reason.strip():
            raise ValueError("reason: tell who is invited, and why")


@dataclass(frozen=True)
class RefundAsked:
    """Of `amount`, of the `tickets` with these ids, or of everything."""

    method: str
    reference: str
    reason: str
    amount: Money | None = None
    tickets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_method(self.method, self.reference)
        if self.method == FREE:
            raise ValueError("method: nothing was paid by it")
        _check_text("reason", self.reason, 1, MAX_TEXT)
        if self.amount:
            _check_amount(self.amount)
        if self.amount and self.tickets:
            raise ValueError("tell either an amount or tickets")
        _check_tickets(self.tickets)


@dataclass(frozen=True)
class VoidAsked:
    reason: str

    def __post_init__(self) -> None:
        _check_text("reason", self.reason, 1, MAX_TEXT)


@dataclass(frozen=True)
class ExchangeAsked:
    """`request` is the token of the request whose `tickets` pay; all of them if none are told."""

    request: str
    tickets: tuple[str, ...] = ()
    payment: Payment | None = None

    def __post_init__(self) -> None:
        _check_text("request", self.request, 1, 64)
        _check_tickets(self.tickets)
        if self.payment:
            check_payment(self.payment)


@dataclass(frozen=True)
class DayEndAsked:
    """Of which device; of the one that asks if None."""

    device: str | None = None

    def __post_init__(self) -> None:
        if self.device is not None:
            _check_text("device", self.device, 1, MAX_DEVICE)


def _check_amount(amount: Money) -> None:
    exponent = amount.amount.as_tuple().exponent
    plain = isinstance(exponent, int) and -4 <= exponent <= 0
    if not plain or not 0 <= amount.amount <= MAX_AMOUNT:
        raise ValueError('amount: write it like "12.50"')


def _check_tickets(ids: tuple[str, ...]) -> None:
    if len(ids) > MAX_TICKETS or len(set(ids)) < len(ids):
        raise ValueError(f"tickets: at most {MAX_TICKETS}, each once")
    for id_ in ids:
        if not (id_.isascii() and id_.isdigit() and len(id_) < 20 and int(id_) < 2**63):
            raise ValueError("tickets: their ids")


def _check_text(name: str, text: str, least: int, most: int) -> None:
    if not least <= len(text) <= most:
        raise ValueError(f"{name}: {least} to {most} characters")
