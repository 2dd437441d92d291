"""What visitors want, and what it costs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from support.sales_deeds import Call, Json
from support.sales_model import Model
from support.sales_values import Answer, Line, Request, agree, cents, expect, half_up
from support.sales_venue import HOLD, PRODUCTS


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
        body: Json = {"lines": [line.body for line in self.lines], "channel": self.channel}
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
