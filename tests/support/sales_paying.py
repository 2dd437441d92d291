"""Paying, getting the tickets, cancelling."""

from __future__ import annotations

from dataclasses import dataclass

from support.sales_deeds import (
    IN_CASH,
    Call,
    Json,
    Paying,
    not_sold,
    pick,
    sell,
    take,
    unspendable,
    voucher_spent,
)
from support.sales_model import Model
from support.sales_values import Answer, Request, Voucher, agree, cents, expect
from support.sales_venue import VOUCHER, WORTH


@dataclass(frozen=True)
class Confirm:
    """Pay all that is due, or by mistake `off` cents more."""

    request: int
    device: str
    paying: Paying = IN_CASH
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
    paying: Paying = IN_CASH
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
