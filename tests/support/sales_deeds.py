"""What visitors do at kiosks, in the web shop and at the counter, and how central ought to answer.

A deed chooses by numbers from what there is, so that it means the same however often it is
played."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from support.sales_model import Model
from support.sales_values import (
    Answer,
    Line,
    Request,
    Voucher,
    agree,
    cents,
    euro,
    expect,
    half_up,
)
from support.sales_venue import DEVICES, HOLD, PRODUCTS, VOUCHER, WORTH

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A POST by a device; `judge` raises Wrong, or changes the model as central has changed."""

    device: str
    path: str
    body: Json
    judge: Callable[[Model, Answer], None]


def pick(
    choice: int, model: Model, likely: Callable[[Request], object] = lambda _: True
) -> Request | None:
    """0 is the newest of those that it is likely done to; 4 and more are of all."""
    among = model.requests.values()
    chosen = [one for one in among if choice > 3 or likely(one)]
    return chosen[-1 - choice % len(chosen)] if chosen else None


def price_of(product: int, channel: str) -> int:
    sold = PRODUCTS[product]
    return sold.web if channel == "web" else sold.price


@dataclass(frozen=True)
class Wanted:
    product: int
    slot: str
    quantity: int

    @property
    def body(self) -> Json:
        slot = {"slot": self.slot} if self.slot else {}
        return {"product": self.product, "quantity": self.quantity} | slot


@dataclass(frozen=True)
class Reserve:
    device: str
    lines: tuple[Wanted, ...]
    promo: str = ""
    waiting: bool = False

    @property
    def channel(self) -> str:
        return self.device.partition("-")[0]

    def call(self, _: Model) -> Call:
        body = {"lines": [line.body for line in self.lines], "channel": self.channel}
        body |= {"promo_codes": [self.promo]} if self.promo else {}
        body |= {"waiting": True} if self.waiting else {}
        return Call(self.device, "/v1/requests", body, self._judge)

    def quote(self, _: Model) -> Call:
        body = {"lines": [line.body for line in self.lines], "channel": self.channel}
        body |= {"promo_codes": [self.promo]} if self.promo else {}
        return Call(self.device, "/v1/quotes", body, self._judge_quote)

    def _judge(self, model: Model, answer: Answer) -> None:
        places = self._places()
        model.serve(places)
        reasons = self._not_priced(model)
        if any(slot in model.slots and model.off_sale(slot) for slot in places):
            reasons.add("sale_blocked")
        known = all(slot in model.slots for slot in places)
        full = known and not model.fits(places, self.channel)
        if full and not (self.waiting and self._may_wait(model, places)):
            reasons.add("no_room")
        if expect(answer, reasons):
            self._agree(model, answer)
            self._made(model, answer, full=full)

    def _judge_quote(self, model: Model, answer: Answer) -> None:
        if expect(answer, self._not_priced(model)):
            self._agree(model, answer)

    def _made(self, model: Model, answer: Answer, *, full: bool) -> None:
        told, places = answer.body, self._places()
        until = model.now + HOLD[self.channel]
        if full:
            until = min(model.slots[slot].was.sales_end for slot in places)
        status = "waiting" if full else "reserved"
        agree((told["status"], told["expires_at"]), (status, until.isoformat()), "reserved")
        promos = {self.promo: self._off(model)[1]} if self.promo else {}
        lines = [
            Line(want.product, want.slot, want.quantity, self._persons(want), cents(line["total"]))
            for want, line in zip(self.lines, told["lines"], strict=True)
        ]
        made = Request(told["token"], self.channel, status, until, lines, promos)
        model.requests[made.token] = made

    def _not_priced(self, model: Model) -> set[str]:
        reasons = set()
        for line in self.lines:
            if self.channel not in PRODUCTS[line.product].channels:
                reasons.add("not_sold_here")
            if line.slot and line.slot not in model.slots:
                reasons.add("unknown_slot")
        if self.promo:
            off, uses = self._off(model)
            if model.promos[self.promo].blocked:
                reasons.add("promo_not_valid")
            elif not off:
                reasons.add("promo_not_applicable")
            elif model.used_up(self.promo, uses):
                reasons.add("promo_used_up")
        return reasons

    def _agree(self, model: Model, answer: Answer) -> None:
        told, off = answer.body, self._off(model)[0] if self.promo else 0
        whole = sum(price_of(one.product, self.channel) * one.quantity for one in self.lines)
        lines = [(cents(one["total"]), int(one["tax_percent"])) for one in told["lines"]]
        agree(cents(told["total"]), whole - off, "total")
        agree(sum(total for total, _ in lines), whole - off, "the lines")
        tax = sum(half_up(total * percent, 100 + percent) for total, percent in lines)
        agree(cents(told["tax"]), tax, "tax")

    def _off(self, model: Model) -> tuple[int, int]:
        cart = [(w.product, w.quantity, price_of(w.product, self.channel)) for w in self.lines]
        return model.promos[self.promo].off(cart)

    def _places(self) -> Counter[str]:
        places: Counter[str] = Counter()
        for line in self.lines:
            if line.slot:
                places[line.slot] += self._persons(line)
        return places

    def _persons(self, line: Wanted) -> int:
        return line.quantity * PRODUCTS[line.product].persons

    def _may_wait(self, model: Model, places: Counter[str]) -> bool:
        return all(
            (most := model.most(s, self.channel)) is None or n <= most for s, n in places.items()
        )


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


@dataclass(frozen=True)
class Confirm:
    """Pay all that is due, or by mistake `off` cents more."""

    request: int
    device: str
    paying: Paying = Paying()
    off: int = 0

    def call(self, model: Model) -> Call | None:
        if (
            request := pick(self.request, model, lambda r: r.due or r.status == "reserved")
        ) is None:
            return None
        payment = self.paying.body(model, max(0, request.due + self.off))
        return self.of(request.token, payment)

    def of(self, token: str, payment: Json) -> Call:
        def judge(model: Model, answer: Answer) -> None:
            request = model.requests[token]
            told = (payment["method"], payment["reference"], cents(payment["amount"]))
            free = not request.total and told[2] == request.due
            told = ("free", "free", 0) if free else told
            if request.status == "confirmed" and not request.due:
                expect(answer, set() if told in request.payments else {"already_confirmed"})
                return
            reasons = {"cancelled"} if request.status == "cancelled" else set()
            if not reasons and told[2] != request.due:
                reasons.add("wrong_amount")
            if not reasons:
                reasons = set() if free else unspendable(model, payment)
                reasons |= not_sold(model, request) if request.status != "confirmed" else set()
            if expect(answer, reasons):
                if request.status != "confirmed":
                    sell(model, request, self.device)
                model.take(request, self.device, *told)

        return Call(self.device, f"/v1/requests/{token}/confirm", {"payment": payment}, judge)


@dataclass(frozen=True)
class Pay:
    """Pay so many percent of what is due."""

    request: int
    device: str
    paying: Paying = Paying()
    percent: int = 50

    def call(self, model: Model) -> Call | None:
        if (request := pick(self.request, model, lambda r: r.due)) is None:
            return None
        return self.of(request.token, self.paying.body(model, request.due * self.percent // 100))

    def of(self, token: str, payment: Json) -> Call:
        def judge(model: Model, answer: Answer) -> None:
            request, amount = model.requests[token], cents(payment["amount"])
            sells = amount == request.due and request.status != "confirmed"
            if expect(answer, self._reasons(model, request, payment, sells=sells)):
                if sells:
                    sell(model, request, self.device)
                take(model, request, self.device, payment)

        return Call(self.device, f"/v1/requests/{token}/payments", {"payment": payment}, judge)

    def _reasons(self, model: Model, request: Request, payment: Json, *, sells: bool) -> set[str]:
        amount = cents(payment["amount"])
        if request.status == "cancelled":
            return {"cancelled"}
        if request.status == "waiting":
            return {"waiting"}
        if not 0 < amount <= request.due:
            return {"wrong_amount", "overpaid"}
        reasons = unspendable(model, payment)
        if sells:
            return reasons | not_sold(model, request)
        late = model.shown(request) == "expired"
        return reasons | ({"expired"} if late else set())


@dataclass(frozen=True)
class Issue:
    request: int
    device: str

    def call(self, model: Model) -> Call | None:
        if (
            request := pick(self.request, model, lambda r: r.status == "confirmed" and not r.states)
        ) is None:
            return None
        return self.of(request.token)

    def of(self, token: str) -> Call:
        def judge(model: Model, answer: Answer) -> None:
            request = model.requests[token]
            if expect(answer, {"not_confirmed"} if request.status != "confirmed" else set()):
                _hand_over(model, request, answer.body)

        return Call(self.device, f"/v1/requests/{token}/issue", {}, judge)


def _hand_over(model: Model, request: Request, told: Json) -> None:
    unpaid = request.option == "not_paid" and request.due > 0
    listed = [(one["id"], one["state"]) for one in told["tickets"]]
    if not request.states:
        request.states = {id_: "unpaid" if unpaid else "valid" for id_, _ in listed}
        rest = [id_ for id_, _ in listed]
        for line in request.lines:
            count = 0 if line.product == VOUCHER else line.quantity
            line.tickets, rest = rest[:count], rest[count:]
        agree((len(listed), rest), (len(request.states), []), "tickets")
        count = sum(line.quantity for line in request.lines if line.product != VOUCHER)
        agree(len(listed), count, "tickets")
    agree(listed, list(request.states.items()), "tickets")
    codes = [one["code"] for one in told["vouchers"]]
    if not request.vouchers and not unpaid:
        bought = sum(line.quantity for line in request.lines if line.product == VOUCHER)
        agree(len(codes), bought, "vouchers")
        request.vouchers = codes
        model.vouchers |= {code: Voucher(WORTH, WORTH) for code in codes}
    agree(codes, [] if unpaid else request.vouchers, "vouchers")


@dataclass(frozen=True)
class Cancel:
    request: int
    device: str

    def call(self, model: Model) -> Call | None:
        if (request := pick(self.request, model, lambda r: r.status != "cancelled")) is None:
            return None
        return self.of(request.token)

    def of(self, token: str) -> Call:
        def judge(model: Model, answer: Answer) -> None:
            request = model.requests[token]
            if request.status == "cancelled":
                expect(answer, set())
            elif expect(answer, voucher_spent(model, request)):
                model.cancel(request, self.device)

        return Call(self.device, f"/v1/requests/{token}/cancel", {"reason": "rain"}, judge)


def voucher_spent(model: Model, request: Request) -> set[str]:
    bought = [model.vouchers[code] for code in request.vouchers]
    return {"voucher_spent"} if any(one.balance != one.value for one in bought) else set()


KIOSKS = DEVICES["kiosk"]
