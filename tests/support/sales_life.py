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
from support.sales_deeds import Call
from support.sales_model import Model
from support.sales_places import MakeVoucher
from support.sales_rig import Central, Ground
from support.sales_truth import reader
from support.sales_values import Answer, Promo, Wrong, agree
from support.sales_venue import OPENS

T = TypeVar("T")


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

    def _ask(self, calls: Sequence[Call]) -> list[Answer]:
        keys = {id(call): f"key {len(self.asked) + n}" for n, call in enumerate(calls)}

        async def all_of_them() -> list[Answer]:
            asking = (self.central.post(call, keys[id(call)]) for call in calls)
            return list(await asyncio.gather(*asking))

        answers = self.run(all_of_them())
        for call, answer in zip(calls, answers, strict=True):
            assert answer.status in (200, 201, 404, 409), f"{call.path} {call.body}: {answer}"
            self.asked.append(Asked(call, keys[id(call)], answer))
            what = call.path.rpartition("/")[2] if "/v1/requests/" in call.path else call.path[4:]
            code = "yes" if answer.yes else answer.body["code"]
            self.judged[f"{what.partition('/')[0]} {code}"] += 1
        return answers

    def _make_promo(self, code: str, promo: Promo, told: dict[str, Any]) -> None:
        body = {"code": code, "max_uses": promo.max_uses} | told
        call = Call("office-1", "/v1/promo-codes", body, lambda _model, _answer: None)
        assert self.run(self.central.post(call, code)).yes
        self.model.promos[code] = promo
