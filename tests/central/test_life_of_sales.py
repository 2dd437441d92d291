"""Thousands of random steps at central: visitors, kiosks, the web shop, the office and gates, one
after the other and at once, with restarts. Central is judged by a model that knows no database,
and by what stands in its tables."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from itertools import permutations
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from support.postgres import Postgres
from support.sales_audit import Auditor, compare
from support.sales_deeds import Call, Cancel, Confirm, Issue, Pay, Paying, Reserve, Wanted, pick
from support.sales_model import Model
from support.sales_money import Choose, EndDay, Exchange, Refund, ReturnTickets, Void
from support.sales_places import (
    BlockPromo,
    BlockVoucher,
    MakeVoucher,
    Resize,
    ReturnLease,
    ShutOrOpen,
    TakeLease,
    UseLease,
)
from support.sales_rig import Central, Ground
from support.sales_truth import reader
from support.sales_values import Answer, Promo, Wrong, agree, cents
from support.sales_venue import (
    MUSEUM,
    MUSEUM_TOMORROW,
    OPENS,
    PASS,
    PLANS,
    SOMETIMES,
    TOURS,
    VOUCHER,
)

T = TypeVar("T")

EXAMPLES = {"sqlite": 60, "postgresql": 25}
STEPS = 40
LONGER = int(os.environ.get("WICKET_LIFE_OF_SALES", "1"))
"""So many times as many examples."""

few = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3, 4, 5])
afterthoughts = st.deferred(lambda: st.one_of(returns, returns, chooses, refunds, exchanges))
kiosks = st.sampled_from(["kiosk-1", "kiosk-2"])
clients = st.sampled_from(["kiosk-1", "kiosk-2", "office-1", "office-1", "web-1"])
tours = st.sampled_from([*[TOURS[0]] * 5, *TOURS * 2, *SOMETIMES])
seats = st.builds(Wanted, st.sampled_from([4, 4, 5, 6, 7]), tours, st.integers(1, 4))
visits = st.builds(
    Wanted, st.just(1), st.sampled_from([MUSEUM, MUSEUM_TOMORROW]), st.integers(1, 3)
)
others = st.builds(Wanted, st.sampled_from([PASS, VOUCHER]), st.just(""), st.integers(1, 2))
lines = st.one_of(seats, seats, seats, visits, others)
carts = st.one_of(st.tuples(lines), st.tuples(seats), st.tuples(lines, lines))
promos = st.sampled_from(["", "", "", "HALF", "EACH"])
payings = st.builds(Paying, st.sampled_from(["cash", "cash", "card", "voucher"]), few)

reserves = st.builds(Reserve, clients, carts, promos, st.booleans())
confirms = st.builds(Confirm, few, clients, payings, st.sampled_from([0, 0, 0, 0, -1, 1]))
pays = st.builds(Pay, few, clients, payings, st.sampled_from([0, 33, 50, 100, 120]))
issues = st.builds(Issue, few, clients)
cancels = st.builds(Cancel, few, clients)
options = st.sampled_from(["direct", "prepaid", "postpaid", "not_paid", "invitation"])
chooses = st.builds(Choose, few, options)
refunds = st.builds(Refund, few, payings, st.sampled_from([None, None, 0, 30, 50, 100, 130]))
returns = st.builds(ReturnTickets, few, few, st.integers(1, 3), payings)
voids = st.builds(Void, few)
exchanges = st.builds(Exchange, few, few, st.integers(0, 2), payings, st.sampled_from([0, 0, 0, 1]))
leases = st.builds(TakeLease, kiosks, tours, st.integers(1, 4), st.sampled_from([1, 5, 30, 60]))
sold_offline = st.lists(
    st.tuples(st.integers(1, 12), st.integers(1, 2)),
    min_size=1,
    max_size=3,
    unique_by=lambda t: t[0],
).map(tuple)
uses = st.builds(UseLease, few, kiosks, sold_offline)
returned = st.builds(ReturnLease, few, kiosks)
shuts = st.builds(ShutOrOpen, tours, st.sampled_from([True, False, False]))
resizes = st.builds(Resize, tours, st.none() | st.integers(0, 9), st.booleans())
vouchers = st.builds(MakeVoucher, st.sampled_from([500, 800, 1601, 9900]))
blocks = st.builds(BlockVoucher, few) | st.builds(BlockPromo, st.sampled_from(["HALF", "EACH"]))
ends = st.builds(EndDay, clients)
deeds = st.one_of(
    reserves, reserves, confirms, confirms, pays, issues, cancels, chooses, refunds, returns,
    voids, exchanges, leases, uses, returned, shuts, resizes, vouchers, ends,
)  # fmt: skip


@dataclass
class Asked:
    call: Call
    key: str
    answer: Answer


class LifeOfSales(RuleBasedStateMachine):
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

    @rule(deed=reserves)
    def somebody_reserves(self, deed: Reserve) -> None:
        self.do(deed.call(self.model))

    @rule(deed=reserves)
    def somebody_asks_for_the_price(self, deed: Reserve) -> None:
        call = deed.quote(self.model)
        call.judge(self.model, self.run(self.central.post(call, "none")))

    @rule(deed=reserves, device=clients, paying=payings)
    def somebody_buys(self, deed: Reserve, device: str, paying: Paying) -> None:
        if self.do(deed.call(self.model)):
            self.do(Confirm(0, device, paying).call(self.model))
            self.do(Issue(0, device).call(self.model))

    @rule(cart=carts, option=options, part=pays, then=st.lists(afterthoughts, max_size=2))
    def the_office_sells_on_other_terms(
        self, cart: tuple[Wanted, ...], option: str, part: Pay, then: list[Any]
    ) -> None:
        if self.do(Reserve("office-1", cart).call(self.model)):
            self.do(Choose(0, option).call(self.model))
            self.do(Pay(0, part.device, part.paying, part.percent).call(self.model))
            self.do(Issue(0, "office-1").call(self.model))
            for deed in then:
                self.do(deed.call(self.model))

    @rule(tour=tours, device=clients, quantity=st.integers(1, 2))
    def somebody_would_wait(self, tour: str, device: str, quantity: int) -> None:
        self.do(Reserve(device, (Wanted(5, tour, quantity),), "", True).call(self.model))

    @rule(deed=confirms)
    def somebody_confirms(self, deed: Confirm) -> None:
        self.do(deed.call(self.model))

    @rule(deed=pays)
    def somebody_pays_a_part(self, deed: Pay) -> None:
        self.do(deed.call(self.model))

    @rule(deed=issues)
    def tickets_are_issued(self, deed: Issue) -> None:
        self.do(deed.call(self.model))

    @rule(deed=cancels)
    def somebody_cancels(self, deed: Cancel) -> None:
        self.do(deed.call(self.model))

    @rule(deed=chooses)
    def the_office_chooses_how_it_is_paid(self, deed: Choose) -> None:
        self.do(deed.call(self.model))

    @rule(deed=refunds | returns)
    def the_office_gives_money_back(self, deed: Refund | ReturnTickets) -> None:
        self.do(deed.call(self.model))

    @rule(deed=voids)
    def the_office_voids(self, deed: Void) -> None:
        self.do(deed.call(self.model))

    @rule(deed=exchanges)
    def the_office_exchanges(self, deed: Exchange) -> None:
        self.do(deed.call(self.model))

    @rule(deed=exchanges, wanted=seats, then=st.lists(afterthoughts, max_size=1))
    def the_office_exchanges_for_what_is_reserved_now(
        self, deed: Exchange, wanted: Wanted, then: list[Any]
    ) -> None:
        if self.do(Reserve("office-1", (wanted,)).call(self.model)):
            exact = Exchange(0, deed.old, deed.count, deed.paying)
            self.do(exact.call(self.model))
            for later in then:
                self.do(later.call(self.model))

    @rule(deed=leases | uses | returned)
    def a_kiosk_leases(self, deed: TakeLease | UseLease | ReturnLease) -> None:
        self.do(deed.call(self.model))

    @rule(deed=uses)
    def a_kiosk_tells_what_it_sold_offline(self, deed: UseLease) -> None:
        self.do(deed.call(self.model))

    @rule(deed=shuts | resizes)
    def staff_change_a_time(self, deed: ShutOrOpen | Resize) -> None:
        self.do(deed.call(self.model))

    @rule(deed=vouchers)
    def the_office_makes_a_voucher(self, deed: MakeVoucher) -> None:
        self.do(deed.call(self.model))

    @rule(deed=blocks, really=few)
    def the_office_blocks_a_code(self, deed: BlockVoucher | BlockPromo, really: int) -> None:
        if not really:
            self.do(deed.call(self.model))

    @rule(deed=ends)
    def a_day_ends(self, deed: EndDay) -> None:
        self.do(deed.call(self.model))

    @rule(minutes=st.sampled_from([1, 2, 4, 5, 20, 31]))
    def time_passes(self, minutes: int) -> None:
        self.model.now += timedelta(minutes=minutes)

    @rule(hours=st.sampled_from([0, 0, 0, 0, 0, 1, 2, 11]))
    def much_time_passes(self, hours: int) -> None:
        self.model.now += timedelta(hours=hours)

    @rule()
    def central_tidies(self) -> None:
        self.run(self.central.tidy())
        self.model.tidy()

    @rule(choice=few, ticket=few, walks=st.sampled_from([True, True, False]))
    def somebody_goes_in(self, choice: int, ticket: int, *, walks: bool) -> None:
        """Or does not walk after all."""
        request = pick(choice, self.model, lambda r: bool(r.standing))
        if request is not None and request.states:
            id_ = list(request.states)[ticket % len(request.states)]
            admission = self.run(self.central.admit(id_, "tour"))
            if walks:
                self.model.inside[id_] += 1
            else:
                self.run(self.central.lapse(id_, admission))

    @rule(number=st.sampled_from(range(len(PLANS))))
    def the_times_are_planned_anew(self, number: int) -> None:
        self.run(self.central.plan(number))
        self.model.plan(number)
        self.model.excuse()

    @rule(really=few)
    def central_starts_again(self, really: int) -> None:
        if not really:
            self.run(self.central.restart())
            self.model.plan(0)

    @rule(choice=st.integers(0, 30), spoilt=st.booleans())
    def something_is_asked_again(self, choice: int, spoilt: bool) -> None:
        if self.asked:
            one = self.asked[-1 - choice % len(self.asked)]
            told = self.run(self.central.post(one.call, one.key, spoilt=spoilt))
            if spoilt:
                agree((told.status, told.body["code"]), (422, "key_reused"), "another body")
            else:
                agree(told, one.answer, "the same key")

    @rule(choice=few, device=clients)
    def somebody_looks(self, choice: int, device: str) -> None:
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
        told = self.run(self.central.get("/v1/conflicts"))["conflicts"]
        found = {(one["kind"], one["slot"]["id"]): one["places"] for one in told}
        agree(found, dict(self.model.conflicts()), "conflicts")

    @rule(deeds=st.lists(deeds, min_size=2, max_size=3))
    def things_are_done_at_once(self, deeds: list[Any]) -> None:
        calls = [call for deed in deeds if (call := deed.call(self.model)) is not None]
        self.do_at_once(calls)

    @rule(tour=tours, quantity=st.integers(1, 6), waiting=st.booleans())
    def two_want_the_last_places_at_once(self, tour: str, quantity: int, waiting: bool) -> None:
        left = self.model.left(tour, "office") if tour in self.model.slots else 1
        cart = (Wanted(4, tour, max(1, min(quantity, left or 1))),)
        waits = [False, waiting]
        buyers = zip(("kiosk-1", "office-1"), waits, strict=True)
        lease = TakeLease("kiosk-2", tour, quantity, 30).call(self.model)
        calls = [Reserve(who, cart, "", w).call(self.model) for who, w in buyers]
        self.do_at_once([*calls, lease])

    @rule(choice=few, method=st.sampled_from(["cash", "voucher"]), first=few, percent=st.booleans())
    def a_voucher_is_spent_at_two_kiosks_at_once(
        self, choice: int, method: str, first: int, percent: bool
    ) -> None:
        paying = Paying("voucher", choice)
        made: list[Call | None] = [Confirm(first, "kiosk-1", paying).call(self.model)]
        if percent:
            made.append(Pay(first, "kiosk-2", paying, 50).call(self.model))
        else:
            made.append(Confirm(first + 1, "kiosk-2", Paying(method, choice)).call(self.model))
        self.do_at_once([call for call in made if call is not None])

    @rule(promo=st.sampled_from(["HALF", "EACH"]), one=seats, other=visits, first=few)
    def a_code_is_used_at_once(self, promo: str, one: Wanted, other: Wanted, first: int) -> None:
        calls = [
            Reserve("kiosk-1", (one,), promo).call(self.model),
            Reserve("office-1", (other,), promo).call(self.model),
        ]
        late = Confirm(first, "kiosk-2").call(self.model)
        self.do_at_once(calls + ([late] if late else []))

    @rule(deed=deeds)
    def the_same_is_asked_twice_at_once(self, deed: Any) -> None:
        call = deed.call(self.model)
        if call is not None:
            self.do_at_once([call, call])

    @invariant()
    def all_is_well(self) -> None:
        compare(self.model, self.auditor.audit(self.model.now, self.model.excused))

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
        waits = any(one.status == "waiting" for one in self.model.requests.values())
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
        raise Wrong(f"no order explains this (waiting: {waits}): {wrong} {list(told.values())}")

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


@pytest.fixture(params=["sqlite", "postgresql"])
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    server: Postgres | None = None
    if request.param == "postgresql":
        server = request.getfixturevalue("server")
    ground = Ground(server)
    yield ground
    ground.close()


def test_a_life_of_sales(ground: Ground) -> None:
    judged: Counter[str] = Counter()
    kind = "postgresql" if ground.server else "sqlite"
    run_state_machine_as_test(
        lambda: LifeOfSales(ground, judged),
        settings=settings(
            max_examples=EXAMPLES[kind] * LONGER,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(sum(judged.values()), dict(sorted(judged.items())))
