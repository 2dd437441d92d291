"""One lane: scan → decide → record, durable → release → passage or lapse.

Deciding, recording and opening are three steps by three hands: `decide` is pure, the outbox
writes, the turnstile opens. Scans that come while a visitor is being served are dropped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from admission.decide import AdmissionRequest, Denied, Granted, decide, explain
from admission.facts import Admitted, Lapsed, Passed, Refused
from admission.values import Direction
from gate.ledger import GateLedger
from gate.settings import LaneSettings
from hal.keeper import keep
from hal.ports import CodeReader, DeviceFault, LaneDisplay, Notice, Passage, Scan, Turnstile
from runtime.outbox import Outbox

log = logging.getLogger("wicket.gate")

N = TypeVar("N", Scan, Passage)

NOTICE_S = 4.0
"""How long a refusal stays on the display before it is idle again."""

IDLE = Notice("idle", "Please scan your ticket")
OUT_OF_ORDER = Notice("refuse", "Lane out of order", "please use another lane")
NOT_READY = Notice("refuse", "Lane not ready", "waiting for the first word from central")


class Lane:
    def __init__(
        self,
        settings: LaneSettings,
        zone: ZoneInfo,
        ledger: GateLedger,
        outbox: Outbox,
        clock: Callable[[], datetime],
    ) -> None:
        self.settings = settings
        self._zone = zone
        self._ledger = ledger
        self._outbox = outbox
        self._clock = clock
        self._news: asyncio.Queue[Scan | Passage | DeviceFault] = asyncio.Queue()
        self._free = False
        self._notice = OUT_OF_ORDER
        self._notice_changed = asyncio.Event()

    async def run(self, reader: CodeReader, turnstile: Turnstile, display: LaneDisplay) -> None:
        """Serve visitors for ever. A lost device costs this lane seconds, other lanes nothing."""
        async with asyncio.TaskGroup() as group:
            group.create_task(keep(display, self._show), name=display.name)
            group.create_task(keep(turnstile, self._serve), name=turnstile.name)
            group.create_task(keep(reader, self._read), name=reader.name)

    async def _read(self, reader: CodeReader) -> None:
        async for scan in reader.scans():
            if self._free:
                self._free = False
                self._news.put_nowait(scan)
            else:
                log.debug("%s: scan dropped at %r", self.settings.name, self._notice.title)

    async def _serve(self, turnstile: Turnstile) -> None:
        if not self._ledger.ready.is_set():
            self._say(NOT_READY)
            await self._ledger.ready.wait()
        self._news = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._watch(turnstile))
            fault = await self._answer_scans(turnstile)
            watching.cancel()
        raise fault

    async def _watch(self, turnstile: Turnstile) -> None:
        """All the time, so that a lost sensor and a forced arm show while nobody is served, and
        no body is missed that walks in the moment of release."""
        try:
            async with aclosing(turnstile.passages()) as passages:
                async for passage in passages:
                    self._news.put_nowait(passage)
        except DeviceFault as fault:
            self._news.put_nowait(fault)

    async def _answer_scans(self, turnstile: Turnstile) -> DeviceFault:
        """One after the other, until the turnstile faults."""
        self._say(IDLE)
        try:
            while True:
                await self._answer(await self._next_scan(), turnstile)
        except DeviceFault as fault:
            return fault
        finally:
            self._free = False
            self._say(OUT_OF_ORDER)

    async def _next_scan(self) -> Scan:
        """The next scan; a notice that has stood long enough gives way to the idle one."""
        self._free = True
        try:
            async with asyncio.timeout(NOTICE_S):
                return await self._next(Scan)
        except TimeoutError:
            self._say(IDLE)
            return await self._next(Scan)

    async def _next(self, kind: type[N]) -> N:
        """What comes next of this kind. Raises the turnstile's fault."""
        while True:
            news = await self._news.get()
            if isinstance(news, DeviceFault):
                raise news
            if isinstance(news, kind):
                return news
            log.warning("%s: more went through than were let in", self.settings.name)

    async def _answer(self, scan: Scan, turnstile: Turnstile) -> None:
        now = self._clock()
        attractions = frozenset(self.settings.attractions)
        request = AdmissionRequest(scan.text, attractions, self._zone, self.settings.mode)
        match decide(self._ledger, request, now):
            case Granted() as granted:
                await self._admit(granted, turnstile, now)
            case Denied() as denied:
                await self._refuse(denied, scan, now)

    async def _refuse(self, denied: Denied, scan: Scan, now: datetime) -> None:
        why = explain(denied, now, self._zone)
        log.info("%s: refused: %s", self.settings.name, why)
        self._say(Notice("refuse", "Please ask our staff", why))
        ticket = denied.ticket.id if denied.ticket else None
        refused = Refused(ticket, self.settings.name, denied.reason.value, scan.text[:64])
        await self._outbox.tell(refused, now)

    async def _admit(self, granted: Granted, turnstile: Turnstile, now: datetime) -> None:
        lane, ticket, persons = self.settings.name, granted.ticket.id, granted.persons
        admitted = Admitted(ticket, granted.entitlement.attraction, lane, persons)
        fact = await self._outbox.tell(admitted, now)
        passed = 0
        try:
            await turnstile.release(Direction.IN)
            while passed < persons:
                self._say(_welcome(persons - passed))
                if not await self._walks():
                    break
                passed += 1
            await turnstile.lock()
        finally:
            if passed:
                await self._outbox.tell(Passed(ticket, fact.number, lane, passed), self._clock())
            if lapsed := persons - passed:
                log.info("%s: %d did not walk; given back", lane, lapsed)
                await self._outbox.tell(Lapsed(ticket, fact.number, lane, lapsed), self._clock())
        self._say(IDLE)

    async def _walks(self) -> bool:
        """True when a body goes through, False when nobody does in time."""
        try:
            async with asyncio.timeout(self.settings.pass_within_s):
                await self._next(Passage)
        except TimeoutError:
            return False
        return True

    async def _show(self, display: LaneDisplay) -> None:
        """Beside the lane, never in its way: a display that fails or hangs keeps nobody out."""
        while True:
            self._notice_changed.clear()
            await display.show(self._notice)
            await self._notice_changed.wait()

    def _say(self, notice: Notice) -> None:
        self._notice = notice
        self._notice_changed.set()


def _welcome(persons: int) -> Notice:
    return Notice("welcome", "Welcome", "please walk" if persons == 1 else f"{persons} persons")
