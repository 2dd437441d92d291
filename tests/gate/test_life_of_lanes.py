"""Thousands of random steps at two lanes: visitors, arms, clocks, fire and power cuts."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.clock import VirtualLoop
from support.gate import BOTH_WAYS, NORTH, SIM, WAY, Rig, gate_in, settings_in
from support.samples import KEY, MUSEUM, NOON, issued, ticket

from admission.codes import sign_ticket
from admission.decide import decide
from admission.facts import CENTRAL, Fact, ProductPublished
from admission.reasons import Reason
from admission.request import Granted
from admission.values import AntiPassback, Direction, Entitlement, LaneMode, Product
from gate.settings import FireSettings, WaySettings, ZoneSettings

T = TypeVar("T")

MEMORY = "/dev/shm"
"""Where flushing is free: thousands of steps flush thousands of times."""

TICKETS = (ticket(1), ticket(2), ticket(3, persons=3))
CODES = tuple(sign_ticket(KEY, one) for one in TICKETS)
COMES_AND_GOES = Product(MUSEUM.id, "Visit", (Entitlement("museum", reentry=True),))
FREE = WaySettings(mode=LaneMode.FREE)
LANES = tuple(
    replace(NORTH, name=name, turnstile=BOTH_WAYS, exit=FREE, zone="hall")
    for name in ("North", "South")
)
names = st.sampled_from([lane.name for lane in LANES])
ways = st.sampled_from(Direction)


class LifeOfLanes(RuleBasedStateMachine):
    """Bodies walk only where the arm is released, as in the world. `walked` counts them by the
    ticket they were let in on; `inside` all of them. `blurred` walked in the instant of a power
    cut, so that no disk can tell."""

    give_back = True
    lanes = LANES
    zone = ZoneSettings("hall")
    known = issued(*TICKETS)

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=VirtualLoop)
        self.home = Path(tempfile.mkdtemp(prefix="lanes-", dir=MEMORY))
        self.starts = 0
        self.skew = 0.0
        self.walked: Counter[int] = Counter()
        self.blurred: Counter[int] = Counter()
        self.came: Counter[int] = Counter()
        self.went: Counter[int] = Counter()
        self.inside = 0
        self.fire = False

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def open_the_doors(self) -> None:
        self.do(self._start())

    @rule(lane=names, code=st.sampled_from(CODES))
    def a_code_is_shown(self, lane: str, code: str) -> None:
        self.rig.scan(code, lane)
        self.do(self._settle())

    @rule(code=st.sampled_from(CODES))
    def a_code_is_shown_at_both_lanes_at_once(self, code: str) -> None:
        for lane in LANES:
            self.rig.scan(code, lane.name)
        self.do(self._settle())

    @rule(lane=names, way=ways)
    def somebody_pushes_the_arm(self, lane: str, way: Direction) -> None:
        if self._turns(lane, way):
            self.do(self._settle())

    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0, 20.0]))
    def time_passes(self, seconds: float) -> None:
        self.do(self._wait(seconds))

    @rule(hours=st.sampled_from([-30.0, -1.0, 1.0, 30.0]))
    def the_clock_jumps(self, hours: float) -> None:
        self.skew += hours

    @rule(lane=names, mode=st.sampled_from([LaneMode.CONTROLLED, LaneMode.CLOSED]))
    def staff_changes_the_mode(self, lane: str, mode: LaneMode) -> None:
        self.do(self._order(lane, mode))

    @precondition(lambda self: not self.fire)  # then a lane stays open, and counts no more by it
    @rule(lane=names)
    def a_sensor_is_unplugged(self, lane: str) -> None:
        self.rig.stage.cue(f"{lane}.turnstile.sensor_in", unplug=True)
        self.do(self._settle())
        self.do(self._wait(1.5))

    @rule()
    def fire_comes_or_goes(self) -> None:
        self.fire = not self.fire
        self.rig.stage.cue("fire.input", level=self.fire)
        self.do(self._settle())

    @rule()
    def the_power_goes(self) -> None:
        self.do(self._cut())

    @rule(lane=names)
    def the_power_goes_as_somebody_walks(self, lane: str) -> None:
        self._walk_into_the_dark(lane)

    @rule(lane=names, code=st.sampled_from(CODES))
    def the_power_goes_as_somebody_walks_at_once(self, lane: str, code: str) -> None:
        self.rig.scan(code, lane)
        self.do(self._until_released(lane))
        self._walk_into_the_dark(lane)

    def _walk_into_the_dark(self, lane: str) -> None:
        """Nothing runs between the body and the cut."""
        grant = self._lane(lane).state.grant
        if self._turns(lane, Direction.IN) and grant is not None and grant.ticket is not None:
            self.blurred[grant.ticket] += 1
        self.do(self._cut())
        self.inside = self.rig.ledger.counted().get("hall", 0)

    @invariant()
    @precondition(lambda self: self.starts > 0)
    def no_entitlement_is_spent_twice(self) -> None:
        for one in TICKETS:
            spare = self.blurred[one.id] if self.give_back else 0
            assert self.walked[one.id] <= one.persons + spare

    @invariant()
    @precondition(lambda self: self.starts > 0)
    def nobody_pays_for_a_passage_that_did_not_happen(self) -> None:
        serving = [lane.state.grant for lane in self.rig.gate.lanes]
        if any(serving):
            return
        for one in TICKETS:
            charged = sum(use.entered for use in self.rig.ledger.history(one.id).uses)
            if self.give_back:
                assert self.walked[one.id] - self.blurred[one.id] <= charged
                assert charged <= self.walked[one.id]
            else:
                assert charged >= self.walked[one.id]

    @invariant()
    @precondition(lambda self: self.starts > 0)
    def the_head_count_is_who_came_less_who_went(self) -> None:
        assert self.rig.ledger.counted().get("hall", 0) == self.inside

    @invariant()
    @precondition(lambda self: self.starts > 0 and self.fire)
    def fire_opens_every_way(self) -> None:
        for lane in LANES:
            for way in Direction:
                assert self._released(lane.name, way)

    def teardown(self) -> None:
        if self.starts:
            self.do(self._stop())
        self.runner.close()
        shutil.rmtree(self.home)

    def _lane(self, name: str) -> Any:
        return next(lane for lane in self.rig.gate.lanes if lane.settings.name == name)

    def _released(self, lane: str, way: Direction) -> bool:
        latch = self.rig.stage.prop(f"{lane}.turnstile.latch_{way.value}")
        return bool(latch.state.get("on"))

    def _turns(self, lane: str, way: Direction) -> bool:
        """Whether the arm gave way, and a body went through."""
        if not self._released(lane, way):
            return False
        grant = self._lane(lane).state.grant
        if way is Direction.IN and grant is not None and not self.fire:
            self.walked[grant.ticket] += 1
        if grant is not None and grant.direction is way and not self.fire:
            (self.came if way is Direction.IN else self.went)[grant.ticket] += 1
        self.inside += 1 if way is Direction.IN else -1
        self.rig.stage.cue(f"{lane}.turnstile.sensor_{way.value}", pulse=True)
        return True

    async def _start(self) -> None:
        folder = self.home / str(self.starts)
        folder.mkdir(exist_ok=True)
        gate = settings_in(
            folder,
            *self.lanes,
            zones=(self.zone,),
            fire=FireSettings(SIM),
            give_back=self.give_back,
        )
        self.starts += 1
        opened: asyncio.Future[Rig] = asyncio.get_running_loop().create_future()
        self.closing = asyncio.Event()
        self.at_work = asyncio.ensure_future(self._work(gate, opened, self.closing))
        self.rig = await opened
        await self._wait(0.1)
        if self.fire:
            self.rig.stage.cue("fire.input", level=True)
        await self._settle()

    async def _work(self, gate: Any, opened: asyncio.Future[Rig], closing: asyncio.Event) -> None:
        def skew() -> timedelta:
            return timedelta(hours=self.skew)

        async with gate_in(gate, known=self.known, skew=skew) as rig:
            opened.set_result(rig)
            await closing.wait()

    async def _order(self, lane: str, mode: LaneMode) -> None:
        self._lane(lane).order(Direction.IN, mode, "Kim")
        await self._settle()

    async def _stop(self) -> None:
        self.closing.set()
        await self.at_work

    async def _cut(self) -> None:
        """The next gate finds what is on the disk at this very moment; what the old one writes
        while it is torn down here never was."""
        here, there = self.home / str(self.starts - 1), self.home / str(self.starts)
        there.mkdir()
        for file in here.glob("gate.db*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, there)
        await self._stop()
        await self._start()

    async def _until_released(self, lane: str) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                await self.rig.opens(lane)

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._settle()

    async def _settle(self) -> None:
        """Until everything that follows from what happened has happened and is written."""
        for _ in range(3):
            for _ in range(20):
                await asyncio.sleep(0)
            await self.rig.gate.journal.drain()


class LifeOfStrictLanes(LifeOfLanes):
    """The same where interrupted entries are charged: then no power cut lets anybody in twice."""

    give_back = False


class LifeOfLanesWithExitScans(LifeOfLanes):
    """Everybody shows the ticket on the way out too, which gives the entry back. Nobody is let in
    who is inside, and whoever came in is let out. Clocks jump forward only: who left before he
    came, by a clock, is taken for inside."""

    lanes = tuple(replace(lane, exit=WAY) for lane in LANES)
    zone = ZoneSettings("hall", anti_passback=AntiPassback.HARD)
    known = (*issued(*TICKETS), Fact(CENTRAL, 99, NOON, ProductPublished(COMES_AND_GOES)))

    @rule(lane=names, code=st.sampled_from(CODES))
    def a_code_is_shown_on_the_way_out(self, lane: str, code: str) -> None:
        self.rig.stage.cue(f"{lane}.exit.reader", scan=code)
        self.do(self._settle())

    @rule(hours=st.sampled_from([1.0, 30.0]))
    def the_clock_jumps(self, hours: float) -> None:
        self.skew += hours

    @invariant()
    @precondition(lambda self: self.starts > 0)
    def no_entitlement_is_spent_twice(self) -> None:
        for one in TICKETS:
            inside = self.came[one.id] - self.went[one.id]
            assert inside <= one.persons + self.blurred[one.id]

    @invariant()
    @precondition(lambda self: self.starts > 0)
    def nobody_pays_for_a_passage_that_did_not_happen(self) -> None:
        serving = [lane.state.grant for lane in self.rig.gate.lanes]
        if any(serving):
            return
        for one in TICKETS:
            charged = sum(use.entered for use in self.rig.ledger.history(one.id).uses)
            assert self.came[one.id] - self.blurred[one.id] <= charged <= self.came[one.id]

    @invariant()
    @precondition(lambda self: self.starts > 0)
    def nobody_is_locked_in(self) -> None:
        lane = self.rig.gate.lanes[0]
        for one, code in zip(TICKETS, CODES, strict=True):
            if self.came[one.id] > self.went[one.id] and not self.blurred[one.id]:
                request = lane.request(Direction.OUT, code)
                answer = decide(self.rig.ledger, request, self.rig.gate.trust.now())
                assert isinstance(answer, Granted) or answer.reason is Reason.LANE_CLOSED


LONG = settings(max_examples=30, stateful_step_count=100, deadline=None)
TestLifeOfLanes = LifeOfLanes.TestCase
TestLifeOfLanes.settings = LONG
TestLifeOfStrictLanes = LifeOfStrictLanes.TestCase
TestLifeOfStrictLanes.settings = LONG
TestLifeOfLanesWithExitScans = LifeOfLanesWithExitScans.TestCase
TestLifeOfLanesWithExitScans.settings = LONG
