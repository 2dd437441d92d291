"""Money back: an amount, tickets, or as if it had never been."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from support.sales_deeds import (
    IN_CASH,
    Call,
    Json,
    Paying,
    pick,
    voucher_spent,
)
from support.sales_model import Model
from support.sales_values import Answer, Request, cents, euro, expect
from support.sales_venue import PRODUCTS

OFFICE = "office-1"


def _paid(request: Request) -> bool:
    return request.paid > 0


def has_tickets(request: Request) -> bool:
    return bool(request.standing)


@dataclass(frozen=True)
class Refund:
    """Give back so many cents less than all, if `percent` is 100; a part; or all, if it is None."""

    request: int
    paying: Paying = IN_CASH
    percent: int | None = None

    def call(self, model: Model) -> Call | None:
        if (request := pick(self.request, model, _paid)) is None:
            return None
        body = _how(model, request, self.paying)
        if self.percent is not None:
            body["amount"] = euro(request.paid * self.percent // 100)
        return self.of(request.token, body)

    def of(self, token: str, body: Json) -> Call:
        def judge(model: Model, answer: Answer) -> None:
            request = model.requests[token]
            amount = cents(body["amount"]) if "amount" in body else request.paid
            if expect(answer, _no_money_back(model, request, body, amount)):
                whole = amount == request.paid
                gone = [ticket for ticket in request.standing if model.inside[ticket]]
                if whole and not gone:
                    model.cancel(request, OFFICE)
                model.give(request, OFFICE, body["method"], body["reference"], amount)
                if whole and gone:
                    take_back(model, request, [t for t in request.standing if t not in gone])

        return Call(OFFICE, f"/v1/requests/{token}/refund", body, judge)


def _how(model: Model, request: Request, paying: Paying) -> Json:
    """A refund by voucher mostly goes back to one that paid."""
    reference = paying.reference(model)
    if paying.method == "voucher" and request.spent and paying.choice < 4:
        reference = next(iter(request.spent))
    return {"method": paying.method, "reference": reference, "reason": "rain"}


def _no_money_back(model: Model, request: Request, body: Json, amount: int) -> set[str]:
    if request.paid <= 0:
        return {"nothing_paid"}
    if not 0 < amount <= request.paid:
        return {"wrong_amount", "too_much"}
    reasons = _voucher_not_spent(model, request, body, amount)
    inside = any(model.inside[ticket] for ticket in request.standing)
    if amount == request.paid and not inside and request.status != "cancelled":
        reasons |= voucher_spent(model, request)
    return reasons


def _voucher_not_spent(model: Model, request: Request, body: Json, amount: int) -> set[str]:
    if body["method"] != "voucher" or amount <= request.spent[body["reference"]]:
        return set()
    return {"voucher_not_spent", "unknown_voucher"}


@dataclass(frozen=True)
class ReturnTickets:
    """The first `count` tickets that stand, from the one with the number `first` on."""

    request: int
    first: int = 0
    count: int = 1
    paying: Paying = IN_CASH

    def call(self, model: Model) -> Call | None:
        request = pick(self.request, model, has_tickets)
        if request is None or not request.states:
            return None
        begin = self.first % len(request.states)
        ids = list(request.states)[begin : begin + self.count]
        return self.of(request.token, _how(model, request, self.paying) | {"tickets": ids})

    def of(self, token: str, body: Json) -> Call:
        def judge(model: Model, answer: Answer) -> None:
            request, ids = model.requests[token], body["tickets"]
            reasons = not_returnable(model, request, ids)
            back = 0 if reasons else owed_for(request, ids)
            reasons = reasons or _voucher_not_spent(model, request, body, back)
            if expect(answer, reasons):
                return_(model, request, ids)
                if back:
                    model.give(request, OFFICE, body["method"], body["reference"], back)
                take_back(model, request, ids)

        return Call(OFFICE, f"/v1/requests/{token}/refund", body, judge)


def not_returnable(model: Model, request: Request, ids: list[str]) -> set[str]:
    if request.status != "confirmed":
        return {"not_confirmed"}
    if not ids or not set(ids) <= set(request.standing):
        return {"unknown_ticket"}
    return {"used"} if any(model.inside[ticket] for ticket in ids) else set()


def owed_for(request: Request, ids: list[str]) -> int:
    """What is owed to the visitor when these tickets are given back: at most what he paid."""
    value = sum(request.line_of(ticket).worth(ticket) for ticket in ids)
    return max(0, request.paid - max(0, request.charge - value))


def return_(model: Model, request: Request, ids: list[str]) -> None:
    value = sum(request.line_of(ticket).worth(ticket) for ticket in ids)
    request.charge = max(0, request.charge - value)
    model.book(request, OFFICE)


def take_back(model: Model, request: Request, ids: list[str]) -> None:
    """Tickets are cancelled, their places are free; with the last of them the request is."""
    if set(request.standing) == set(ids) and not request.sells_vouchers:
        model.cancel(request, OFFICE)
        return
    freed = set()
    for ticket in ids:
        line = request.line_of(ticket)
        request.states[ticket] = "cancelled"
        line.places -= PRODUCTS[line.product].persons
        freed.add(line.slot)
    model.serve(freed)


@dataclass(frozen=True)
class Void:
    request: int

    def call(self, model: Model) -> Call | None:
        if (request := pick(self.request, model, _paid)) is None:
            return None
        token = request.token

        def judge(model: Model, answer: Answer) -> None:
            request = model.requests[token]
            if expect(answer, self._reasons(model, request)):
                for code, amount in request.spent.items():
                    model.vouchers[code].balance += amount
                _void(model, request)

        return Call(OFFICE, f"/v1/requests/{token}/void", {"reason": "typo"}, judge)

    def _reasons(self, model: Model, request: Request) -> set[str]:
        if not request.paid:
            return {"nothing_paid"}
        reasons = set()
        if set(request.booked_by) != {OFFICE}:
            reasons.add("other_device")
        if request.booked_on != model.today:
            reasons.add("other_day")
        if request.day_ended:
            reasons.add("day_closed")
        if request.exchanged:
            reasons.add("exchanged")
        if any(model.inside[ticket] for ticket in request.states):
            reasons.add("used")
        if request.status != "cancelled":
            reasons |= voucher_spent(model, request)
        return reasons


def _void(model: Model, request: Request) -> None:
    """What was taken by each method goes back by it, with one receipt for all."""
    till = model.tills[OFFICE]
    till.receipt += 1
    for method, amount in request.kept.items():
        if amount:
            till.gave[method] += amount
            request.kept[method] = 0
    request.spent, request.paid, request.charge = Counter(), 0, 0
    if request.status != "cancelled":
        model.cancel(request, OFFICE)
