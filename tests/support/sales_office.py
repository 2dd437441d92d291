"""What the office does besides giving money back: terms, exchange, day-end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

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
)
from support.sales_model import Model
from support.sales_returns import OFFICE, has_tickets, not_returnable, owed_for, return_, take_back
from support.sales_values import Answer, Request, Till, agree, cents, expect
from support.sales_venue import PRODUCTS

AHEAD = ("direct", "prepaid")


def _open(request: Request) -> bool:
    return request.status == "reserved" or request.option not in AHEAD


@dataclass(frozen=True)
class Choose:
    request: int
    option: str

    def call(self, model: Model) -> Call | None:
        if (request := pick(self.request, model, _open)) is None:
            return None
        token, body = request.token, {"option": self.option, "reason": "a school"}

        def judge(model: Model, answer: Answer) -> None:
            request = model.requests[token]
            confirmed = request.status == "confirmed"
            if not expect(answer, self._reasons(model, request)):
                return
            if self.option not in AHEAD and not confirmed:
                sell(model, request, OFFICE)
            request.option = self.option
            if self.option == "invitation":
                model.book(request, OFFICE)
                request.charge -= request.due

        return Call(OFFICE, f"/v1/requests/{token}/payment-option", body, judge)

    def _reasons(self, model: Model, request: Request) -> set[str]:
        if request.status == "cancelled":
            return {"cancelled"}
        if request.status != "confirmed":
            return set() if self.option in AHEAD else not_sold(model, request)
        stays = request.option in AHEAD or self.option in (*AHEAD, request.option, "not_paid")
        return {"already_confirmed"} if stays else set()


@dataclass(frozen=True)
class Exchange:
    """The new request is paid with the old one's tickets (all of them if `count` is 0) and the
    difference, or by mistake `off` cents more."""

    new: int
    old: int
    count: int = 0
    paying: Paying = IN_CASH
    off: int = 0

    def call(self, model: Model) -> Call | None:
        new = pick(self.new, model, lambda r: r.status == "reserved")
        old = pick(self.old, model, has_tickets)
        if new is None or old is None or not old.states:
            return None
        ids = old.standing[: self.count]
        back = owed_for(old, ids or old.standing)
        rest = max(0, new.due - back) + self.off
        body: Json = {"request": old.token} | ({"tickets": ids} if ids else {})
        if rest:
            body["payment"] = self.paying.body(model, rest)
        return self.of(new.token, body)

    def of(self, token: str, body: Json) -> Call:
        def judge(model: Model, answer: Answer) -> None:
            new, old = model.requests[token], model.requests[body["request"]]
            ids = body.get("tickets") or old.standing
            payment = body.get("payment")
            reasons = _not_exchanged(model, new, old, ids, payment)
            if not expect(answer, reasons):
                return
            value = min(owed_for(old, ids), new.due)
            sell(model, new, OFFICE)
            return_(model, old, ids)
            if value:
                model.give(old, OFFICE, "exchange", new.token, value)
            if payment:
                take(model, new, OFFICE, payment)
            if value:
                model.take(new, OFFICE, "exchange", old.token, value)
                new.exchanged = old.exchanged = True
            take_back(model, old, list(ids))

        return Call(OFFICE, f"/v1/requests/{token}/exchange", body, judge)


def _not_exchanged(
    model: Model, new: Request, old: Request, ids: list[str], payment: Json | None
) -> set[str]:
    reasons = not_returnable(model, old, ids)
    if new is old or new.status in ("confirmed", "cancelled"):
        reasons.add("not_reserved")
    if reasons:
        return reasons
    for line in (old.line_of(ticket) for ticket in ids):
        sold = PRODUCTS[line.product]
        if sold.never:
            reasons.add("not_exchangeable")
        if sold.cut_off is not None and _too_late(model, line.slot, sold.cut_off):
            reasons.add("too_late")
    rest = new.due - min(owed_for(old, ids), new.due)
    if (cents(payment["amount"]) if payment else 0) != rest:
        reasons.add("wrong_amount")
    reasons |= unspendable(model, payment) if payment else set()
    return reasons | not_sold(model, new)


def _too_late(model: Model, slot: str, cut_off: timedelta) -> bool:
    return model.now > model.slots[slot].was.start - cut_off


@dataclass(frozen=True)
class EndDay:
    device: str

    def call(self, _: Model) -> Call:
        def judge(model: Model, answer: Answer) -> None:
            expect(answer, set())
            till, told = model.tills.setdefault(self.device, Till()), answer.body
            till.day_end += 1
            agree(told["number"], till.day_end, "number of the day-end")
            first, last = (
                (till.told + 1, till.receipt) if till.receipt > till.told else (None, None)
            )
            agree((told["receipts"]["first"], told["receipts"]["last"]), (first, last), "receipts")
            agree(told["receipts"]["count"], till.receipt - till.told, "receipts")
            totals = {one["method"]: one["total"] for one in told["methods"]}
            expected = till.took.copy()
            expected.subtract(till.gave)
            told_ = {m: round(float(total) * 100) for m, total in totals.items()}
            agree(
                {m: n for m, n in told_.items() if n},
                {m: n for m, n in expected.items() if n},
                "money",
            )
            till.told, till.took, till.gave = till.receipt, Counter(), Counter()
            for request in model.requests.values():
                if request.booked_by[:1] == [self.device]:
                    request.day_ended = True

        return Call(OFFICE, "/v1/day-ends", {"device": self.device}, judge)
