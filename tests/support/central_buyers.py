"""Buyers at central who write down what they were told, and never change their minds about it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from support.workers import Buyer

TOUR, MUSEUM = (4, 5), (1, 2)
"""Products of the sample venue: of limited time slots, and of one without a limit."""
Json = dict[str, Any]


class Unexpected(Exception):
    """An answer that contradicts what was answered before, or a fault of central."""


class Paid(NamedTuple):
    """Money that was taken, or given back if negative."""

    method: str
    reference: str
    amount: Decimal


@dataclass
class Sale:
    """What central acknowledged about one request."""

    token: str
    total: Decimal
    quantity: int
    money: list[Paid] = field(default_factory=list)
    confirmed: bool = False
    cancelled: bool = False
    tickets: list[int] = field(default_factory=list)
    tickets_cancelled: list[int] = field(default_factory=list)

    @property
    def path(self) -> str:
        return f"/v1/requests/{self.token}"


@dataclass
class Told:
    """What all buyers were told. `no_room` counts refusals; `unexpected` contradicts the rest."""

    sales: list[Sale] = field(default_factory=list)
    vouchers: dict[str, Decimal] = field(default_factory=dict)
    no_room: int = 0
    answers: int = 0
    unexpected: list[str] = field(default_factory=list)


def euro(amount: Decimal) -> Json:
    return {"amount": f"{amount:.2f}", "currency": "EUR"}


class KeenBuyer:
    """Buys again and again through one device, now and then with a voucher, in parts, or gives
    something back. `slots` are those of the tour that are on sale now."""

    def __init__(
        self,
        buyer: Buyer,
        device: str,
        *,
        told: Told,
        slots: Sequence[str],
        museum: str,
        seed: int,
    ) -> None:
        self._buyer = buyer
        self._channel = device.partition("-")[0]
        self._told = told
        self._slots = slots
        self._museum = museum
        self._dice = random.Random(seed)
        self._payments = 0
        self._name = f"{device}/{seed}"

    async def buy(self) -> None:
        """One purchase, whatever comes of it. An answer that cannot be is noted."""
        try:
            if sale := await self._reserve():
                await self._go_on(sale)
        except Unexpected as unexpected:
            self._told.unexpected.append(str(unexpected))

    async def _go_on(self, sale: Sale) -> None:
        fate = self._dice.random()
        if fate < 0.05:
            await self._cancel(sale)
            return
        if fate < 0.08:
            return  # walks away; the places stay reserved
        await self._pay(sale)
        await self._issue(sale)
        if fate < 0.15:
            await self._issue(sale)
        elif fate < 0.20:
            await self._cancel(sale)
        elif fate < 0.35 and self._channel == "office":
            await self._give_back(sale)

    async def _reserve(self) -> Sale | None:
        tour = self._dice.random() < 0.8
        product = self._dice.choice(TOUR if tour else MUSEUM)
        slot = self._dice.choice(self._slots) if tour else self._museum
        line = {"product": product, "slot": slot, "quantity": self._dice.randrange(1, 4)}
        wish = {"lines": [line], "channel": self._channel}
        made = await self._ask("/v1/requests", wish, 201, refusal="no_room")
        if made is None:
            self._told.no_room += 1
            return None
        sale = Sale(made["token"], Decimal(made["total"]["amount"]), line["quantity"])
        self._told.sales.append(sale)
        return sale

    async def _pay(self, sale: Sale) -> None:
        fate = self._dice.random()
        if fate < 0.1:
            part = (sale.total / 3).quantize(Decimal("0.01"))
            await self._pay_some(sale, "payments", self._new_payment("cash", part))
            rest = self._new_payment("card", sale.total - part)
            await self._pay_some(sale, "payments", rest)
        elif fate < 0.2 and self._channel == "office":
            voucher = await self._ask("/v1/vouchers", {"value": euro(sale.total + 1)}, 201)
            assert voucher is not None
            self._told.vouchers[voucher["code"]] = sale.total + 1
            await self._pay_some(sale, "confirm", Paid("voucher", voucher["code"], sale.total))
        else:
            await self._pay_some(sale, "confirm", self._new_payment("card", sale.total))
        sale.confirmed = True

    def _new_payment(self, method: str, amount: Decimal) -> Paid:
        self._payments += 1
        return Paid(method, f"{self._name}/{self._payments}", amount)

    async def _pay_some(self, sale: Sale, how: str, paid: Paid) -> None:
        payment = {
            "method": paid.method,
            "reference": paid.reference,
            "amount": euro(paid.amount),
        }
        await self._ask(f"{sale.path}/{how}", {"payment": payment}, 200)
        sale.money.append(paid)

    async def _issue(self, sale: Sale) -> None:
        issued = await self._ask(f"{sale.path}/issue", {}, 200)
        assert issued is not None
        ids = [int(ticket["id"]) for ticket in issued["tickets"]]
        if sale.tickets and ids != sale.tickets:
            raise Unexpected(f"{sale.path} has other tickets now")
        sale.tickets = ids

    async def _cancel(self, sale: Sale) -> None:
        await self._ask(f"{sale.path}/cancel", {"reason": "changed my mind"}, 200)
        sale.cancelled, sale.tickets_cancelled = True, sale.tickets

    async def _give_back(self, sale: Sale) -> None:
        """All, or an allowance."""
        whole = self._dice.random() < 0.5
        how = sale.money[-1]
        amount = sale.total if whole else Decimal("0.50")
        method, reference = ("cash", f"{self._name}/back/{self._payments}")
        if how.method == "voucher":
            method, reference = how.method, how.reference
        body: Json = {"method": method, "reference": reference, "reason": "rain"}
        if not whole:
            body["amount"] = euro(amount)
        await self._ask(f"{sale.path}/refund", body, 200)
        sale.money.append(Paid(method, reference, -amount))
        if whole:
            sale.cancelled, sale.tickets_cancelled = True, sale.tickets

    async def _ask(self, path: str, body: Json, status: int, *, refusal: str = "") -> Json | None:
        """The answer; None for the refusal that may be. Raises Unexpected."""
        got, said = await self._buyer.post(path, body)
        self._told.answers += 1
        if refusal and got == 409 and said["code"] == refusal:
            return None
        if got != status:
            raise Unexpected(f"{path}: {got} {said}")
        answer: Json = said
        return answer
