"""What all deeds are made of: a call, and how central ought to answer it.

A deed chooses by numbers from what there is, so it means the same however often it is played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from support.sales_model import Model
from support.sales_values import Answer, Request, cents, euro

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A POST by a device; `judge` raises Wrong, or changes the model as central has changed."""

    device: str
    path: str
    body: Json
    judge: Callable[[Model, Answer], None]


class Deed(Protocol):
    def call(self, model: Model) -> Call | None:
        """None when there is nothing that it could be done to."""


def pick(
    choice: int, model: Model, likely: Callable[[Request], object] = lambda _: True
) -> Request | None:
    """0 is the newest of those that it is likely done to; 4 and more are of all."""
    among = model.requests.values()
    chosen = [one for one in among if choice > 3 or likely(one)]
    return chosen[-1 - choice % len(chosen)] if chosen else None


@dataclass(frozen=True)
class Paying:
    """By which method, and with which receipt or voucher."""

    method: str = "cash"
    choice: int = 0

    def reference(self, model: Model) -> str:
        if self.method != "voucher":
            return f"R-{self.choice}"
        codes = list(model.vouchers)
        return codes[-1 - self.choice % len(codes)] if codes else "GV-0000"

    def body(self, model: Model, amount: int) -> Json:
        told = {"method": self.method, "reference": self.reference(model)}
        return told | {"amount": euro(amount)}


IN_CASH = Paying()


def unspendable(model: Model, payment: Json) -> set[str]:
    """Why a payment by voucher cannot be taken."""
    if payment["method"] != "voucher":
        return set()
    voucher, amount = model.vouchers.get(payment["reference"]), cents(payment["amount"])
    if voucher is None:
        return {"unknown_voucher"}
    reasons = {"voucher_blocked"} if voucher.blocked else set()
    reasons |= {"wrong_amount"} if amount <= 0 else set()
    return reasons | ({"voucher_balance"} if amount > voucher.balance else set())


def take(model: Model, request: Request, device: str, payment: Json) -> None:
    amount = cents(payment["amount"])
    model.take(request, device, payment["method"], payment["reference"], amount)


def not_sold(model: Model, request: Request) -> set[str]:
    """Why held places cannot be sold."""
    if request.status == "waiting":
        return {"waiting"}
    reasons, late = set(), model.shown(request) == "expired"
    if late and any(model.shut(slot) for slot in request.places):
        reasons.add("sale_blocked")
    if not model.fits(request.places, request.channel, but_for=request.token):
        reasons.add("no_room")
    if any(model.used_up(c, n, but_for=request.token) for c, n in request.promos.items()):
        reasons.add("promo_used_up")
    return reasons


def sell(model: Model, request: Request, device: str) -> None:
    request.status, request.charge = "confirmed", request.total
    model.book(request, device)


def voucher_spent(model: Model, request: Request) -> set[str]:
    bought = [model.vouchers[code] for code in request.vouchers]
    return {"voucher_spent"} if any(one.balance != one.value for one in bought) else set()
