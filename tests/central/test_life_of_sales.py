"""Thousands of random steps at central: visitors, kiosks, the web shop, the office and gates, one
after the other and at once, with restarts. Central is judged by a model that knows no database,
and by what stands in its tables."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    invariant,
    rule,
    run_state_machine_as_test,
)
from support import sales_strategies as some
from support.postgres import Postgres
from support.sales_audit import compare
from support.sales_buying import Reserve, Wanted
from support.sales_deeds import Deed, Paying, pick
from support.sales_life import Life
from support.sales_office import Choose, Exchange
from support.sales_paying import Confirm, Issue, Pay
from support.sales_places import MakeVoucher, TakeLease
from support.sales_returns import Void
from support.sales_rig import Ground
from support.sales_values import agree
from support.sales_venue import PASS, PLANS

EXAMPLES = {"sqlite": 60, "postgresql": 25}
STEPS = 40
LONGER = int(os.environ.get("WICKET_LIFE_OF_SALES", "1"))
"""So many times as many examples."""


class LifeOfSales(Life):
    @rule(deed=some.reserves)
    def somebody_reserves(self, deed: Deed) -> None:
        self.do(deed.call(self.model))

    @rule(deed=some.reserves)
    def somebody_asks_for_the_price(self, deed: Reserve) -> None:
        call = deed.quote(self.model)
        call.judge(self.model, self.run(self.central.post(call, "none")))

    @rule(deed=some.reserves, device=some.clients, paying=some.payings)
    def somebody_buys(self, deed: Deed, device: str, paying: Paying) -> None:
        if self.do(deed.call(self.model)):
            self.do(Confirm(0, device, paying).call(self.model))
            self.do(Issue(0, device).call(self.model))

    @rule(
        cart=some.carts,
        option=some.options,
        part=some.pays,
        then=st.lists(some.afterthoughts, max_size=2),
    )
    def the_office_sells_on_other_terms(
        self, cart: tuple[Wanted, ...], option: str, part: Pay, then: list[Deed]
    ) -> None:
        if self.do(Reserve("office-1", cart).call(self.model)):
            self.do(Choose(0, option).call(self.model))
            self.do(Pay(0, part.device, part.paying, part.percent).call(self.model))
            self.do(Issue(0, "office-1").call(self.model))
            for deed in then:
                self.do(deed.call(self.model))

    @rule(tour=some.tours, device=some.clients, quantity=st.integers(1, 2))
    def somebody_would_wait(self, tour: str, device: str, quantity: int) -> None:
        self.do(Reserve(device, (Wanted(5, tour, quantity),), "", True).call(self.model))

    @rule(deed=some.confirms)
    def somebody_confirms(self, deed: Deed) -> None:
        self.do(deed.call(self.model))

    @rule(deed=some.pays)
    def somebody_pays_a_part(self, deed: Deed) -> None:
        self.do(deed.call(self.model))

    @rule(deed=some.issues)
    def tickets_are_issued(self, deed: Deed) -> None:
        self.do(deed.call(self.model))

    @rule(deed=some.cancels)
    def somebody_cancels(self, deed: Deed) -> None:
        self.do(deed.call(self.model))

    @rule(deed=some.chooses)
    def the_office_chooses_how_it_is_paid(self, deed: Deed) -> None:
        self.do(deed.call(self.model))

    @rule(deed=some.refunds | some.returns)
    def the_office_gives_money_back(self, deed: Deed) -> None:
        self.do(deed.call(self.model))

    @rule(deed=some.voids)
    def the_office_voids(self, deed: Deed) -> None:
        self.do(deed.call(self.model))

    @rule(cart=some.carts, paying=some.payings, hands_over=st.booleans())
    def the_office_sells_by_mistake(
        self, cart: tuple[Wanted, ...], paying: Paying, *, hands_over: bool
    ) -> None:
        if self.do(Reserve("office-1", cart).call(self.model)):
            if self.do(Confirm(0, "office-1", paying).call(self.model)) and hands_over:
                self.do(Issue(0, "office-1").call(self.model))
            self.do(Void(0).call(self.model))

    @rule(deed=some.exchanges)
    def the_office_exchanges(self, deed: Deed) -> None:
        self.do(deed.call(self.model))

    @rule(deed=some.exchanges, wanted=some.seats, then=st.lists(some.afterthoughts, max_size=1))
    def the_office_exchanges_for_what_is_reserved_now(
        self, deed: Exchange, wanted: Wanted, then: list[Deed]
    ) -> None:
        if self.do(Reserve("office-1", (wanted,)).call(self.model)):
            exact = Exchange(0, deed.old, deed.count, deed.paying)
            self.do(exact.call(self.model))
            for later in then:
                self.do(later.call(self.model))

    @rule(deed=some.leases | some.uses | some.returned)
    def a_kiosk_leases(self, deed: Deed) -> None:
        self.do(deed.call(self.model))

    @rule(deed=some.uses)
    def a_kiosk_tells_what_it_sold_offline(self, deed: Deed) -> None:
        self.do(deed.call(self.model))

    @rule(deed=some.shuts | some.resizes)
    def staff_change_a_time(self, deed: Deed) -> None:
        self.do(deed.call(self.model))

    @rule(deed=some.vouchers)
    def the_office_makes_a_voucher(self, deed: Deed) -> None:
        self.do(deed.call(self.model))

    @rule(deed=some.blocks, really=some.few)
    def the_office_blocks_a_code(self, deed: Deed, really: int) -> None:
        if not really:
            self.do(deed.call(self.model))

    @rule(deed=some.ends)
    def a_day_ends(self, deed: Deed) -> None:
        self.do(deed.call(self.model))

    @rule(minutes=st.sampled_from([1, 2, 4, 5, 20, 31]), looks=st.booleans())
    def time_passes(self, minutes: int, *, looks: bool) -> None:
        self.model.now += timedelta(minutes=minutes)
        if looks:
            self.look(0, "kiosk-1")

    @rule(hours=st.sampled_from([0, 0, 0, 0, 0, 1, 2, 11]))
    def much_time_passes(self, hours: int) -> None:
        self.model.now += timedelta(hours=hours)

    @rule()
    def central_tidies(self) -> None:
        self.run(self.central.tidy())
        self.model.tidy()

    @rule(choice=some.few, ticket=some.few, walks=st.sampled_from([True, True, False]))
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

    @rule(really=some.few)
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

    @rule(choice=some.few, device=some.clients)
    def somebody_asks_how_it_stands(self, choice: int, device: str) -> None:
        self.look(choice, device)

    @rule(deeds=st.lists(some.deeds, min_size=2, max_size=3))
    def things_are_done_at_once(self, deeds: list[Deed]) -> None:
        calls = [call for deed in deeds if (call := deed.call(self.model)) is not None]
        self.do_at_once(calls)

    @rule(tour=some.tours, quantity=st.integers(1, 6), waiting=st.booleans())
    def two_want_the_last_places_at_once(self, tour: str, quantity: int, waiting: bool) -> None:
        left = self.model.left(tour, "office") if tour in self.model.slots else 1
        cart = (Wanted(4, tour, max(1, min(quantity, left or 1))),)
        waits = [False, waiting]
        buyers = zip(("kiosk-1", "office-1"), waits, strict=True)
        lease = TakeLease("kiosk-2", tour, quantity, 30).call(self.model)
        calls = [Reserve(who, cart, "", w).call(self.model) for who, w in buyers]
        self.do_at_once([*calls, lease])

    @rule(carts=st.tuples(some.unlimited, some.unlimited), first=some.few)
    def a_voucher_is_spent_at_two_places_at_once(
        self, carts: tuple[tuple[Wanted, ...], ...], first: int
    ) -> None:
        for cart in carts:
            if not self.do(Reserve("web-1", cart).call(self.model)):
                return
        one, other = list(self.model.requests.values())[-2:]
        self.do(MakeVoucher(max(one.total, other.total)).call(self.model))
        by_voucher = Paying("voucher", 0)
        calls = [
            Confirm(0, "kiosk-1", by_voucher).call(self.model),
            Confirm(1, "kiosk-2", by_voucher).call(self.model),
            Pay(first, "office-1", by_voucher, 50).call(self.model),
        ]
        self.do_at_once([call for call in calls if call is not None])

    @rule(promo=st.sampled_from(["HALF", "EACH"]), one=some.seats, other=some.visits)
    def a_code_is_used_at_once(self, promo: str, one: Wanted, other: Wanted) -> None:
        cart = (Wanted(PASS, "", 1),)
        calls = [
            Reserve("kiosk-1", (one,), promo).call(self.model),
            Reserve("kiosk-2", (other,), promo).call(self.model),
            Reserve("web-1", cart, promo).call(self.model),
        ]
        self.do_at_once(calls)

    @rule(deed=some.deeds)
    def the_same_is_asked_twice_at_once(self, deed: Deed) -> None:
        call = deed.call(self.model)
        if call is not None:
            self.do_at_once([call, call])

    @invariant()
    def all_is_well(self) -> None:
        compare(self.model, self.auditor.audit(self.model.now, self.model.excused))


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
    print(f"{sum(judged.values())} calls were judged: {dict(sorted(judged.items()))}")
