"""One lane: scan → decide → record, durable → release → passage or lapse.

Deciding, recording and opening are three steps by three hands: `decide` is pure, the outbox
writes, the turnstile opens. Scans that come while a visitor is being served are dropped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import datetime
from zoneinfo import ZoneInfo

from hal.keeper import keep

from admission.decide import AdmissionRequest, Denied, Granted, decide, explain
from admission.facts import Admitted, Lapsed, Passed, Refused
from admission.values import Direction
from gate.ledger import GateLedger
from gate.settings import LaneSettings
from hal.ports import CodeReader, DeviceFault, LaneDisplay, Notice, Passage, Scan, Turnstile
from runtime.outbox import Outbox

log = logging.getLogger("wicket.gate")

NOTICE_S = 4.0
"""How long a refusal stays on the display before it is idle again."""

IDLE = Notice("idle", "Please scan your ticket")
OUT_OF_ORDER = Notice("refuse", "Lane out of order", "please use another lane")


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
        self._scans: asyncio.Queue[Scan] = asyncio.Queue(maxsize=1)
        self._turnstile: Turnstile | None = None
        self._display: LaneDisplay | None = None
        self._busy = False

    @property
    def in_order(self) -> bool:
        return self._turnstile is not None

    async def run(self, reader: CodeReader, turnstile: Turnstile, display: LaneDisplay) -> None:
        """Serve visitors for ever. A lost device costs this lane seconds, other lanes nothing."""
        async with asyncio.TaskGroup() as group:
            group.create_task(keep(display, self._show), name=display.name)
            group.create_task(keep(turnstile, self._serve), name=turnstile.name)
            group.create_task(keep(reader, self._read), name=reader.name)

    async def _read(self, reader: CodeReader) -> None:
        async for scan in reader.scans():
            if self._turnstile is None:
                await self._say(OUT_OF_ORDER)
            elif self._busy or self._scans.full():
                log.debug("%s: scan while a visitor is served: dropped", self.settings.name)
            else:
                self._scans.put_nowait(scan)

    async def _serve(self, turnstile: Turnstile) -> None:
        self._turnstile = turnstile
        await self._say(IDLE)
        try:
            while True:
                await self._answer(await self._next_scan(), turnstile)
                self._busy = False
        finally:
            self._turnstile = None
            self._busy = False

    async def _next_scan(self) -> Scan:
        """The next scan; a notice that has stood long enough gives way to the idle one."""
        try:
            async with asyncio.timeout(NOTICE_S):
                scan = await self._scans.get()
        except TimeoutError:
            await self._say(IDLE)
            scan = await self._scans.get()
        self._busy = True
        return scan

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
        await self._say(Notice("refuse", "Please ask our staff", why))
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
            async with aclosing(turnstile.passages()) as passages:
                while passed < persons:
                    await self._say(_welcome(persons - passed))
                    if not await self._walks(passages):
                        break
                    passed += 1
            await turnstile.lock()
        finally:
            if passed:
                await self._outbox.tell(Passed(ticket, fact.number, lane, passed), self._clock())
            if lapsed := persons - passed:
                log.info("%s: %d did not walk; given back", lane, lapsed)
                await self._outbox.tell(Lapsed(ticket, fact.number, lane, lapsed), self._clock())
        await self._say(IDLE)

    async def _walks(self, passages: AsyncIterator[Passage]) -> bool:
        """True when a body goes through, False when nobody does in time."""
        try:
            async with asyncio.timeout(self.settings.pass_within_s):
                await anext(passages)
        except TimeoutError:
            return False
        return True

    async def _show(self, display: LaneDisplay) -> None:
        self._display = display
        try:
            await display.show(IDLE if self.in_order else OUT_OF_ORDER)
            await asyncio.Event().wait()
        finally:
            self._display = None

    async def _say(self, notice: Notice) -> None:
        """A display that fails must not keep a visitor from passing."""
        if self._display is not None:
            try:
                await self._display.show(notice)
            except DeviceFault as fault:
                log.warning("%s", fault)


def _welcome(persons: int) -> Notice:
    return Notice("welcome", "Welcome", "please walk" if persons == 1 else f"{persons} persons")
