"""What time it is where clocks are wrong. One world: true time passes, the wall clock is off by
`skew`, central's by `central_skew`, and an answer of central takes `trip_s`."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clock import on_virtual_time
from support.gate import memory_in
from support.samples import BERLIN, KEY, NOON, central_facts

from admission.codes import sign_ticket
from admission.decide import decide
from admission.facts import Admitted, Fact, ProductPublished, TicketIssued
from admission.reasons import Reason
from admission.request import AdmissionRequest, Denied, Doubt, Policy
from admission.values import Entitlement, Product, Ticket, Validation, Window
from gate import clock
from gate.clock import BOUND_S, Fix, Glance, Source
from gate.trust import Trust
from runtime.clocks import Clocks
from runtime.outbox import Outbox

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
OPEN = Window(NOON - timedelta(minutes=10), NOON + timedelta(minutes=10))
VISIT = Ticket(1, 1, OPEN)
CODE = sign_ticket(KEY, VISIT)


@dataclass
class World:
    passed_s: float = 0.0
    skew: timedelta = timedelta(0)
    synchronised: bool = False
    battery_skew: timedelta | None = None
    central_skew: timedelta = timedelta(0)
    trip_s: float = 0.02
    boot: str = "first"

    @property
    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.passed_s)

    @property
    def clocks(self) -> Clocks:
        def battery() -> datetime | None:
            skew = self.battery_skew
            return None if skew is None else (self.now + skew).replace(microsecond=0)

        return Clocks(
            lambda: self.now + self.skew,
            lambda: 1000 + self.passed_s,
            lambda: self.synchronised,
            battery,
            lambda: self.boot,
        )


@dataclass
class Gate:
    world: World
    trust: Trust
    outbox: Outbox

    async def ask_central(self) -> None:
        """All of the trip is the way there: the worst that half of it can be wrong by."""
        asked_at = self.trust.uptime
        self.world.passed_s += self.world.trip_s
        await self.trust.heard(self.world.now + self.world.central_skew, asked_at)

    def wrong_s(self) -> float:
        return (self.trust.now() - self.world.now).total_seconds()

    def source(self) -> Source:
        return self.trust.reading().source


@asynccontextmanager
async def gate_of(world: World, folder: Path, *told: Fact) -> AsyncIterator[Gate]:
    async with memory_in(folder) as (ledger, outbox):
        await ledger.fold(told or central_facts(TicketIssued(VISIT)))
        yield Gate(world, Trust(ledger, outbox, world.clocks), outbox)


WRONG = {
    "1970": datetime(1970, 1, 1, tzinfo=UTC) - NOON,
    "an hour ahead": HOUR,
    "an hour behind": -HOUR,
    "yesterday": -16 * HOUR,
    "2099": timedelta(days=26_000),
}


@pytest.mark.parametrize("skew", WRONG.values(), ids=WRONG)
async def test_a_wrong_clock_is_not_believed_and_central_says_what_time_it_is(
    tmp_path: Path, skew: timedelta
) -> None:
    async with gate_of(World(skew=skew), tmp_path) as gate:
        assert not gate.trust.doubt().clock_trusted
        await gate.ask_central()
        assert (gate.source(), gate.trust.doubt().clock_trusted) == (Source.CENTRAL, True)
        assert abs(gate.wrong_s()) <= 0.01
        offset = gate.trust.offset_s
        assert offset is not None and abs(offset - skew.total_seconds()) <= 0.011


@on_virtual_time
async def test_until_the_time_is_known_nobody_is_judged_by_it(tmp_path: Path) -> None:
    request = AdmissionRequest(CODE, frozenset({"museum"}), BERLIN)
    async with gate_of(World(skew=WRONG["yesterday"]), tmp_path) as gate:
        ledger = gate.trust._ledger

        def refused(policy: Policy) -> Reason | None:
            trusted = gate.trust.doubt().clock_trusted
            asked = replace(request, clock_trusted=trusted, policy=policy)
            answer = decide(ledger, asked, gate.trust.now())
            return answer.reason if isinstance(answer, Denied) else None

        assert refused(Policy()) is Reason.TIME_UNKNOWN
        assert refused(Policy(untrusted_clock=Doubt.ADMIT)) is None
        await gate.ask_central()
        assert refused(Policy()) is None
        gate.world.passed_s += 601
        assert refused(Policy(untrusted_clock=Doubt.ADMIT)) is Reason.TOO_LATE


async def test_a_clock_that_jumps_changes_nothing_once_central_has_answered(
    tmp_path: Path,
) -> None:
    async with gate_of(World(), tmp_path) as gate:
        await gate.ask_central()
        for skew in (HOUR, -30 * HOUR, WRONG["1970"], timedelta(0)):
            gate.world.skew = skew
            gate.world.passed_s += 3600
            assert abs(gate.wrong_s()) <= 0.01
            assert gate.source() is Source.CENTRAL


async def test_a_clock_that_somebody_sets_is_no_longer_that_of_the_time_daemon(
    tmp_path: Path,
) -> None:
    async with gate_of(World(synchronised=True), tmp_path) as gate:
        assert gate.source() is Source.NTP
        gate.world.synchronised, gate.world.skew = False, HOUR
        gate.world.passed_s += 60
        assert (gate.source(), gate.wrong_s()) == (Source.NTP, 0.0)


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_central_that_is_wrong_is_not_believed_by_a_synchronised_gate(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, hours: int
) -> None:
    caplog.set_level(logging.INFO, "wicket")
    world = World(synchronised=True, central_skew=hours * HOUR)
    told = [replace(fact, at=fact.at + world.central_skew) for fact in central_facts()]
    async with gate_of(world, tmp_path, *told) as gate:
        for _ in range(3):
            await gate.ask_central()
        assert (gate.source(), gate.wrong_s()) == (Source.NTP, 0.0)
        assert gate.trust.disagrees and gate.trust.offset_s == pytest.approx(-hours * 3600, abs=1)
        world.synchronised = False
        await gate.ask_central()
        assert gate.wrong_s() == 0.0
        world.central_skew = timedelta(0)
        await gate.ask_central()
        assert not gate.trust.disagrees
    said = [r.getMessage() for r in caplog.records]
    assert len([line for line in said if "clock disagreement" in line]) == 1
    assert said[-1] == "this clock and central's agree again"


async def test_a_central_that_is_behind_its_own_word_is_not_believed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with gate_of(World(central_skew=-HOUR), tmp_path) as gate:
        for _ in range(2):
            await gate.ask_central()
        assert gate.source() is Source.NONE
        gate.world.central_skew = timedelta(0)
        await gate.ask_central()
        assert gate.source() is Source.CENTRAL
    assert len(caplog.records) == 1


async def test_a_gate_without_a_time_daemon_follows_a_central_that_sets_its_clock(
    tmp_path: Path,
) -> None:
    async with gate_of(World(), tmp_path) as gate:
        await gate.ask_central()
        gate.world.central_skew = HOUR
        await gate.ask_central()
        assert gate.wrong_s() == pytest.approx(3600, abs=0.02)


async def test_a_slow_answer_moves_no_time_that_is_known_better(tmp_path: Path) -> None:
    async with gate_of(World(trip_s=5.0), tmp_path) as gate:
        await gate.ask_central()
        assert gate.wrong_s() == pytest.approx(2.5, abs=0.01)
        gate.world.trip_s = 0.02
        await gate.ask_central()
        assert gate.wrong_s() == pytest.approx(0.01, abs=0.001)
        gate.world.trip_s = 5.0
        await gate.ask_central()
        assert gate.wrong_s() == pytest.approx(0.01, abs=0.001)
        gate.world.trip_s = 2 * BOUND_S + 1
        gate.trust._fix = None
        await gate.ask_central()
        assert gate.source() is Source.NONE


async def test_a_daemon_that_starts_again_knows_the_time_a_computer_does_not(
    tmp_path: Path,
) -> None:
    world = World(skew=HOUR)
    async with gate_of(world, tmp_path) as gate:
        await gate.ask_central()
    world.passed_s += 3600
    async with gate_of(world, tmp_path) as gate:
        assert (gate.source(), abs(gate.wrong_s()) <= 0.01) == (Source.CENTRAL, True)
    world.boot = "second"
    async with gate_of(world, tmp_path) as gate:
        assert not gate.trust.doubt().clock_trusted


@pytest.mark.parametrize(
    ("skew", "battery", "source"),
    [
        (timedelta(0), timedelta(0), Source.BATTERY),
        (timedelta(0), None, Source.NONE),
        (timedelta(0), HOUR, Source.NONE),
        (WRONG["1970"], WRONG["1970"], Source.NONE),
        (-HOUR, -HOUR, Source.NONE),
        (SECOND, timedelta(0), Source.BATTERY),
    ],
)
async def test_a_battery_clock_helps_at_the_start_unless_it_is_behind_the_record(
    tmp_path: Path, skew: timedelta, battery: timedelta | None, source: Source
) -> None:
    async with gate_of(World(skew=skew, battery_skew=battery), tmp_path) as gate:
        assert gate.source() is source
        gate.world.central_skew = 5 * SECOND
        await gate.ask_central()
        assert gate.source() is Source.CENTRAL


async def test_after_two_weeks_without_central_the_time_is_unknown_again(tmp_path: Path) -> None:
    async with gate_of(World(), tmp_path) as gate:
        await gate.ask_central()
        gate.world.passed_s += timedelta(days=13).total_seconds()
        assert gate.source() is Source.CENTRAL
        gate.world.passed_s += timedelta(days=2).total_seconds()
        assert gate.source() is Source.NONE


async def test_how_long_central_is_silent_does_not_depend_on_the_clock(tmp_path: Path) -> None:
    async with gate_of(World(synchronised=True), tmp_path) as gate:
        assert gate.trust.doubt().heard_ago == timedelta.max
        await gate.ask_central()
        gate.world.skew, gate.world.passed_s = -30 * HOUR, gate.world.passed_s + 60
        assert gate.trust.doubt().heard_ago == timedelta(seconds=60)


async def test_facts_are_told_in_order_though_the_clock_was_set_back(tmp_path: Path) -> None:
    world = World(skew=HOUR, synchronised=True)
    entry = Admitted(1, "museum", "North", 1)
    async with gate_of(world, tmp_path) as gate:
        for skew in (HOUR, timedelta(0), timedelta(0)):
            world.skew = skew
            await gate.outbox.tell(entry, gate.trust.stamp())
    async with gate_of(world, tmp_path) as gate:
        await gate.outbox.tell(entry, gate.trust.stamp())
        times = [fact.at for fact in gate.outbox.after(0)]
        assert times == sorted(set(times)) and times[-1] - times[0] < SECOND
        world.passed_s += 3601
        assert gate.trust.stamp() == world.now
        world.skew = timedelta(days=26_000)
        gate.trust.stamp()
        world.skew = timedelta(0)
        assert gate.trust.stamp() == world.now, "nobody waits for the year 2098"


@pytest.mark.parametrize(
    ("first", "again", "granted"),
    [
        ("2026-10-25T00:30+02:00", "2026-10-25T23:30+01:00", True),  # 24 h later, the same day
        ("2026-10-25T23:30+01:00", "2026-10-26T00:30+01:00", False),
        ("2027-03-28T00:30+01:00", "2027-03-28T23:30+02:00", True),  # 22 h later
        ("2027-03-27T23:30+01:00", "2027-03-28T00:30+01:00", False),
        ("2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00", True),  # the hour that comes twice
    ],
)
async def test_the_local_day_is_that_of_the_venue_when_its_clocks_change(
    tmp_path: Path, first: str, again: str, granted: bool
) -> None:
    day = Product(9, "Day", (Entitlement("museum", Validation.SAME_DAY),))
    one = Ticket(2, 9, Window(NOON - timedelta(days=99), NOON + timedelta(days=199)))
    use = Fact("gate-2", 1, datetime.fromisoformat(first), Admitted(2, "museum", "South", 1))
    asked = AdmissionRequest(sign_ticket(KEY, one), frozenset({"museum"}), BERLIN)
    async with memory_in(tmp_path) as (ledger, _):
        await ledger.fold([*central_facts(ProductPublished(day), TicketIssued(one)), use])
        at = datetime.fromisoformat(again).astimezone(UTC)
        answer = decide(ledger, asked, at)
        assert isinstance(answer, Denied) is not granted


seconds = st.floats(-(10**6), 10**6)


@given(
    jumps=st.lists(st.tuples(seconds, st.floats(0, 10**5), st.floats(0, 100)), max_size=8),
    start=seconds,
)
def test_whatever_the_wall_clock_does_the_error_is_within_its_bound(
    jumps: list[tuple[float, float, float]], start: float
) -> None:
    """Of a gate without a time daemon, whose central is right."""
    fix: Fix | None = None
    true_s = 0.0
    for skew, pause, trip in [(start, 0.0, 1.0), *jumps]:
        before, true_s = true_s, true_s + trip
        told = clock.measured(NOON + timedelta(seconds=true_s), before, true_s)
        assert told is not None
        fix = clock.better(fix, told)
        true_s += pause
        now = NOON + timedelta(seconds=true_s)
        read = clock.read(fix, Glance(now + timedelta(seconds=skew), true_s, False), None)
        assert read.source is Source.CENTRAL
        assert abs((read.time - now).total_seconds()) <= fix.error_at(true_s) + 1e-3 <= BOUND_S


@given(times=st.lists(st.integers(-50_000, 50_000), min_size=1))
def test_facts_never_go_back_and_are_never_far_ahead(times: list[int]) -> None:
    last: datetime | None = None
    for seconds_ in times:
        now = NOON + timedelta(seconds=seconds_)
        told = clock.following(now, last)
        assert told >= now
        if last is not None and last - now < clock.MISTAKEN:
            assert told > last or told == now
        last = told
