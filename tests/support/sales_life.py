"""A central that is asked one thing after the other and several at once, and judged each time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import permutations
from typing import Any, TypeVar

from hypothesis.stateful import RuleBasedStateMachine
from support.sales_audit import Auditor, compare
from support.sales_deeds import Call, pick
from support.sales_model import Model
from support.sales_places import MakeVoucher
from support.sales_rig import Central, Ground
from support.sales_truth import reader
from support.sales_values import Answer, Promo, Wrong, agree, cents
from support.sales_venue import OPENS

T = TypeVar("T")

ASKED_AGAIN = "asked again"


@dataclass
class Asked:
    call: Call
    key: str
    answer: Answer


class Life(RuleBasedStateMachine):
    def __init__(self, ground: Ground, judged: Counter[str]) -> None:
        super().__init__()
        self.ground, self.judged = ground, judged
        self.runner = asyncio.Runner()
        self.plot = ground.fresh()
        self.model = Model(OPENS)
        self.model.plan(0)
        self.central = Central(self.plot, ground, lambda: self.model.now)
        self.asked: list[Asked] = []
        self.run(self.central.open(ground.workers))
        query, self.hang_up = reader(self.plot.url)
        self.auditor = Auditor(query, OPENS)
        self._make_promo("HALF", Promo(2, percent=50), {"percent": "50"})
        told = {"amount": {"amount": "5.00", "currency": "EUR"}, "per": "ticket"}
        self._make_promo("EACH", Promo(4, amount=500, per_order=2), told | {"max_per_order": 2})
        self.do(MakeVoucher(4000).call(self.model))

    def teardown(self) -> None:
        self.run(self.central.close())
        self.runner.close()
        self.hang_up()
        self.ground.raze(self.plot)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def do(self, call: Call | None) -> bool:
        """Whether it was done."""
        if call is None:
            return False
        [answer] = self._ask([call])
        call.judge(self.model, answer)
        self.model.make_good()
        return answer.yes

    def do_at_once(self, calls: Sequence[Call]) -> None:
        """There is an order in which all answers, and what came of them, are right. Of a call that
        is there twice, both have one key."""
        answers = self._ask(calls)
        told = {id(call): answer for call, answer in zip(calls, answers, strict=True)}
        for call, answer in zip(calls, answers, strict=True):
            agree(answer, told[id(call)], "the same key at once")
        once = list({id(call): call for call in calls}.values())
        truth = self.auditor.look(self.model.now)
        wrong: list[str] = []
        for order in permutations(once):
            model = deepcopy(self.model)
            try:
                for call in order:
                    call.judge(model, told[id(call)])
                    model.make_good()
                compare(model, truth)
            except Wrong as error:
                wrong.append(str(error))
            else:
                self.model = model
                return
        asked = [f"{call.path} {call.body}: {told[id(call)].brief}" for call in once]
        raise Wrong("\n".join(["no order explains this:", *asked, "it is wrong that", *wrong]))

    def look(self, choice: int, device: str) -> None:
        """What a request, the times and the conflicts are told to be is what they are."""
        if (request := pick(choice, self.model)) is not None:
            told = self.run(self.central.get(f"/v1/requests/{request.token}"))
            agree(cents(told["due"]), request.due, "due")
            agree(told["status"], self.model.shown(request), "status")
            agree(told["payment_option"], request.option, "option")
            kept = sum(cents(one["amount"]) for one in told["receipts"])
            agree(kept, request.paid, "receipts")
        path = "/v1/attractions/tour/slots?date=2026-11-21"
        listed = self.run(self.central.get(path, device))["slots"]
        lefts = {slot["id"]: slot["left"] for slot in listed}
        channel = device.partition("-")[0]
        here = [slot for slot in self.model.slots if slot.startswith("tour-20261121")]
        agree(lefts, {slot: self.model.left(slot, channel) for slot in here}, "left")
        conflicts = self.run(self.central.get("/v1/conflicts"))["conflicts"]
        found = {(one["kind"], one["slot"]["id"]): one["places"] for one in conflicts}
        agree(found, dict(self.model.conflicts()), "conflicts")

    def _ask(self, calls: Sequence[Call]) -> list[Answer]:
        keys = {id(call): f"key {len(self.asked) + n}" for n, call in enumerate(calls)}

        async def all_of_them() -> list[Answer]:
            asking = (self._post(call, keys[id(call)]) for call in calls)
            return list(await asyncio.gather(*asking))

        answers = self.run(all_of_them())
        for call, answer in zip(calls, answers, strict=True):
            assert answer.status in (200, 201, 404, 409), f"{call.path} {call.body}: {answer}"
            self.asked.append(Asked(call, keys[id(call)], answer))
            what = call.path.rpartition("/")[2] if "/v1/requests/" in call.path else call.path[4:]
            code = "yes" if answer.yes else answer.body["code"]
            self.judged[f"{what.partition('/')[0]} {code}"] += 1
        return answers

    async def _post(self, call: Call, key: str) -> Answer:
        """As clients do, ask again when central could not say (a lock that took 5 seconds)."""
        while (answer := await self.central.post(call, key)).status == 503:
            self.judged[ASKED_AGAIN] += 1
            assert self.judged[ASKED_AGAIN] <= 3 + sum(self.judged.values()) // 5000, answer
        return answer

    def _make_promo(self, code: str, promo: Promo, told: dict[str, Any]) -> None:
        body = {"code": code, "max_uses": promo.max_uses} | told
        call = Call("office-1", "/v1/promo-codes", body, lambda _model, _answer: None)
        assert self.run(self.central.post(call, code)).yes
        self.model.promos[code] = promo
