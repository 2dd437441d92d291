"""What the office does with money that was or will be paid, and how central ought to answer."""

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
    voucher_spent,
)
from support.sales_model import Model
from support.sales_values import Answer, Request, Till, agree, cents, euro, expect
from support.sales_venue import PRODUCTS

OFFICE = "office-1"
AHEAD = ("direct", "prepaid")


def _open(request: Request) -> bool:
    return request.status == "reserved" or request.option not in AHEAD


def _paid(request: Request) -> bool:
    return request.paid > 0


def _standing(request: Request) -> bool:
    return bool(request.standing)


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
        request = pick(self.request, model, _standing)
        if request is None or not request.states:
            return None
        begin = self.first % len(request.states)
        ids = list(request.states)[begin : begin + self.count]
        return self.of(request.token, _how(model, request, self.paying) | {"tickets": ids})

    def of(self, token: str, body: Json) -> Call:
        def judge(model: Model, answer: Answer) -> None:
            request, ids = model.requests[token], body["tickets"]
            reasons = not_returnable(model, request, ids)
            back = 0 if reasons else _back(request, ids)
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


def _back(request: Request, ids: list[str]) -> int:
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
        old = pick(self.old, model, _standing)
        if new is None or old is None or not old.states:
            return None
        ids = old.standing[: self.count]
        back = _back(old, ids or old.standing)
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
            value = min(_back(old, ids), new.due)
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
    rest = new.due - min(_back(old, ids), new.due)
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
