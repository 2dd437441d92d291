"""One lane: its devices on one side, its flow on the other (gate/flow.py).

A scan is judged where it is read; what the flow wants done is done by others: the journal
writes, the turnstile opens, the signs speak. None of them waits for another.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from admission.decide import checks
from admission.facts import Alarmed, Fact, ModeChanged
from admission.reasons import explain
from admission.request import AdmissionRequest, Answer, Denied
from admission.values import Direction, LaneMode
from gate.drive import Drive
from gate.flow import step
from gate.happenings import (
    Effect,
    Evacuate,
    ExplainNext,
    Happening,
    Judged,
    Lock,
    LockSwitch,
    Note,
    NotRecorded,
    Open,
    OpenOnce,
    Ordered,
    Plugged,
    ReaderPlugged,
    Ready,
    Record,
    Recorded,
    Release,
    Say,
    Tick,
    Unreadable,
)
from gate.lane_state import LaneRules, LaneState, listens
from gate.modes import Order, next_change
from gate.phrases import phrase
from gate.question import Entrance, ordered_mode, question
from gate.settings import Badge, Deed, GateSettings, LaneSettings
from gate.sign import Sign
from gate.surroundings import Attempt, LaneDevices, Surroundings
from hal.keeper import keep
from hal.ports import CodeReader, InputLine, Notice, Scan, Turnstile
from hal.together import together
from runtime.disk import DiskFault

log = logging.getLogger("wicket.gate")

LOOK_S = 10.0
"""How often a lane looks what mode it is in: its clock may have been set meanwhile."""


class Lane:
    def __init__(
        self,
        settings: LaneSettings,
        gate: GateSettings,
        around: Surroundings,
        devices: LaneDevices,
    ) -> None:
        self.settings = settings
        self.devices = devices
        self._gate = gate
        self._around = around
        self._badges = {badge.code.upper(): badge for badge in gate.badges}
        self.rules = LaneRules(
            settings.name,
            settings.zone,
            settings.behind,
            frozenset(devices.turnstile.directions),
            settings.pass_within_s,
            gate.record_within_s,
            gate.open_unrecorded,
        )
        orders = {way: around.ledger.order(settings.name, way) for way in Direction}
        self._orders = {way: order for way, order in orders.items() if order}
        self.state = LaneState(tuple((way, self.mode(way)) for way in Direction))
        self.signs = {way: Sign() for way in Direction}
        self._working = dict.fromkeys(Direction, 0)
        self._drive = Drive()
        self._sooner = asyncio.Event()
        self._news = asyncio.Event()
        self._awake_at: float | None = None

    @property
    def walking(self) -> int:
        """Persons who are let in and have not walked yet."""
        grant = self.state.grant
        entering = grant is not None and grant.direction is Direction.IN
        return grant.persons - grant.passed if grant and entering else 0

    @property
    def readers_at_work(self) -> Mapping[Direction, int]:
        """How many readers of each direction can be read now."""
        return self._working

    def mode(self, way: Direction) -> LaneMode:
        """As ordered or scheduled."""
        now = self._around.clock()
        return ordered_mode(self._orders.get(way), self._entrance(way), now)

    async def run(self) -> None:
        """Serve visitors for ever. A lost device costs this lane seconds, other lanes nothing."""
        devices = self.devices
        async with asyncio.TaskGroup() as group:
            self._group = group
            for way in Direction:
                for display in devices.displays.get(way, ()):
                    group.create_task(keep(display, self.signs[way].show_on), name=display.name)
            group.create_task(self._keep_time(), name="time")
            group.create_task(self._keep_modes(), name="modes")
            group.create_task(self._await_keys(), name="keys")
            turnstile = devices.turnstile
            group.create_task(keep(turnstile, self._work), name=turnstile.name)
            for way in Direction:
                for reader in devices.readers.get(way, ()):
                    group.create_task(keep(reader, self._reads(way)), name=reader.name)
            if button := devices.release_button:
                group.create_task(keep(button, self._heed_button), name=button.name)
            if switch := devices.lock_switch:
                group.create_task(keep(switch, self._heed_switch), name=switch.name)

    def happen(self, happening: Happening) -> None:
        """Take it up now; what follows from it is under way when this returns."""
        now = asyncio.get_running_loop().time()
        self.state, effects = step(self.state, self.rules, happening, now)
        self._news.set()
        for effect in effects:
            self._perform(effect)
        deadline, awake_at = self.state.deadline, self._awake_at
        if deadline is not None and (awake_at is None or deadline < awake_at):
            self._sooner.set()

    def order(self, way: Direction, mode: LaneMode, by: str) -> None:
        """Staff chooses a mode; the schedule's next change ends it."""
        log.info("%s: %s set to %s by %s", self.settings.name, way.value, mode.value, by)
        self._orders[way] = Order(mode, self._around.clock())
        self._around.journal.note(ModeChanged(self.settings.name, way, mode, by))
        self.happen(Ordered(way, mode))

    def follow_schedule(self, way: Direction, by: str) -> LaneMode:
        """Staff gives the choice back to the schedule; the mode that it says."""
        self._orders.pop(way, None)
        mode = self.mode(way)
        log.info("%s: %s as scheduled, by %s: %s", self.settings.name, way.value, by, mode.value)
        changed = ModeChanged(self.settings.name, way, mode, by, scheduled=True)
        self._around.journal.note(changed)
        self.happen(Ordered(way, mode))
        return mode

    def show(self, way: Direction, code: str) -> Answer | None:
        """As if a reader had read the code of a ticket; None if no code is looked at now."""
        if not self.state.ready or not listens(self.state, self.rules, way):
            return None
        return self._judge(way, code) if way in self.rules.ways else None

    async def until(self, wanted: Callable[[LaneState], bool]) -> LaneState:
        """The lane's state, as soon as it is as wanted."""
        while not wanted(self.state):
            self._news.clear()
            await self._news.wait()
        return self.state

    def request(self, way: Direction, code: str) -> AdmissionRequest:
        """The question that this lane puts to the rules."""
        mode, doubt = self.state.mode(way), self._around.doubt()
        return question(self._entrance(way), code, mode, doubt)

    def _entrance(self, way: Direction) -> Entrance:
        return Entrance(self._gate, self.settings, way)

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Note(event):
                if isinstance(event, Alarmed) and event.on:
                    log.warning("%s: alarm: %s; look at the lane", event.lane, event.alarm)
                self._around.journal.note(event)
            case Record(grant, admitted):
                entry = replace(admitted, cut_off=self._around.doubt().cut_off)
                keep_trying = self.rules.open_unrecorded
                writing = self._around.journal.record(entry, keep_trying=keep_trying)
                self._group.create_task(self._record(grant, writing))
            case Say():
                self._say(effect)
            case Release() | Open() | Lock() | Evacuate():
                self._drive.want(effect)

    async def _record(self, grant: int, writing: Coroutine[Any, Any, Fact]) -> None:
        try:
            fact = await writing
        except DiskFault:
            self.happen(NotRecorded(grant))
        else:
            self.happen(Recorded(grant, fact.number))

    def _say(self, said: Say) -> None:
        name, now, zone = self.settings.name, self._around.clock(), self._gate.zone_info
        why, language = "", said.language or self._gate.language
        if isinstance(said.answer, Denied):
            why = explain(said.answer, now, zone, language)
            log.info("%s: refused: %s", name, explain(said.answer, now, zone))
        elif said.answer is not None:
            _, why, _ = phrase("would enter", language)
        title, text, spoken = phrase(said.phrase, language, said.persons, why)
        self.signs[said.direction].say(Notice(said.tone, title, text, spoken))

    async def _keep_time(self) -> None:
        """A Tick at every deadline. One that moves to later is looked at when the old one comes:
        to set a timer anew for every step of every visitor costs more than the steps."""
        now = asyncio.get_running_loop().time
        while True:
            self._sooner.clear()
            self._awake_at = self.state.deadline
            try:
                async with asyncio.timeout_at(self._awake_at):
                    await self._sooner.wait()
            except TimeoutError:
                if self.state.deadline is not None and self.state.deadline <= now():
                    self.happen(Tick())

    async def _keep_modes(self) -> None:
        """What the schedule says, when it says it."""
        while True:
            for way in Direction:
                self.happen(Ordered(way, self.mode(way)))
            now = self._around.clock()
            schedules = (self.settings.way(way).schedule for way in Direction)
            changes = [next_change(now, each, self._gate.zone_info) for each in schedules]
            pauses = [(change - now).total_seconds() for change in changes if change]
            await asyncio.sleep(min([*pauses, LOOK_S]))

    async def _await_keys(self) -> None:
        await self._around.ledger.ready.wait()
        self.happen(Ready())

    async def _work(self, turnstile: Turnstile) -> None:
        self._drive.forget()
        self.happen(Plugged(True))
        try:
            await together(self._watch(turnstile), self._drive.run(turnstile))
        finally:
            self.happen(Plugged(False))

    async def _watch(self, turnstile: Turnstile) -> None:
        """All the time, so that a lost sensor and a forced arm show while nobody is served."""
        async with aclosing(turnstile.events()) as events:
            async for event in events:
                self.happen(event)

    def _reads(self, way: Direction) -> Callable[[CodeReader], Coroutine[Any, Any, None]]:
        async def read(reader: CodeReader) -> None:
            self._count_readers(way, 1)
            try:
                async for scan in reader.scans():
                    self._take(way, scan)
            finally:
                self._count_readers(way, -1)

        return read

    def _count_readers(self, way: Direction, change: int) -> None:
        before = self._working[way] > 0
        self._working[way] += change
        if (there := self._working[way] > 0) != before:
            self.happen(ReaderPlugged(way, there))

    def _take(self, way: Direction, scan: Scan) -> None:
        if not listens(self.state, self.rules, way):
            log.debug("%s: scan dropped at %r", self.settings.name, self.signs[way].notice.title)
            return
        if badge := self._badges.get(scan.text.strip().upper()):
            self._serve_staff(way, badge)
            return
        if not self.state.ready:
            self._let_out_unjudged(way)
            return
        self._judge(way, scan.text)

    def _judge(self, way: Direction, code: str) -> Answer | None:
        """None if the disk could not be asked."""
        now = self._around.clock()
        try:
            trace = tuple(checks(self._around.ledger, self.request(way, code), now))
        except DiskFault as fault:
            log.warning("%s: scan not judged: %s", self.settings.name, fault)
            self.happen(Unreadable())
            return None
        attempt = Attempt(now, self.settings.name, way, code, trace)
        self.happen(Judged(way, code, attempt.answer))
        self._around.tried(attempt)
        return attempt.answer

    def _let_out_unjudged(self, way: Direction) -> None:
        """Without keys (a new gate, or one whose disk is lost) nobody is judged, nor kept in."""
        if way is Direction.OUT and self.state.mode(way) is LaneMode.CONTROLLED:
            self.happen(OpenOnce(way, "some code, shown while no key was known"))

    def _serve_staff(self, way: Direction, badge: Badge) -> None:
        match badge.does:
            case Deed.OPEN:
                self.happen(OpenOnce(way, badge.name))
            case Deed.TEST:
                self.happen(ExplainNext(way))
            case deed:
                self.order(way, LaneMode(deed.value), badge.name)

    async def _heed_button(self, button: InputLine) -> None:
        async for pressed in button.changes():
            if pressed:
                self.happen(OpenOnce(Direction.IN, "the release button"))

    async def _heed_switch(self, switch: InputLine) -> None:
        async for locked in switch.changes():
            self.happen(LockSwitch(locked))
