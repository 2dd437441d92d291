"""What this gate did, on the disk. Exits, alarms and fire are never behind it; entries are."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from admission.facts import Event, Fact
from runtime.disk import DiskFault
from runtime.outbox import Outbox

log = logging.getLogger("wicket.gate")

AGAIN_S = 1.0
DRAIN_S = 2.0
"""How long the end of the daemon waits for the disk."""
LIMIT = 10_000
"""Notes kept for a disk that does not take them; the oldest are given up, with a warning."""


class Journal:
    def __init__(self, outbox: Outbox, clock: Callable[[], datetime]) -> None:
        self._outbox = outbox
        self._clock = clock
        self._notes: asyncio.Queue[tuple[Event, datetime]] = asyncio.Queue(LIMIT)
        self._under_way = 0
        self.fault: DiskFault | None = None
        """Why the disk took nothing the last time; None if it did."""

    def record(self, event: Event, *, keep_trying: bool = False) -> Coroutine[Any, Any, Fact]:
        """The event counts from now on; await the answer for it to be on the disk. Raises DiskFault
        (and then it counts no more) unless told to keep trying."""
        at = self._clock()
        begun = self._outbox.begin(event, at, keep=keep_trying)
        return self._write(event, at, begun, keep_trying=keep_trying)

    def note(self, event: Event) -> None:
        """Write it soon, in order, however long the disk takes."""
        if self._notes.full():
            lost, _ = self._notes.get_nowait()
            self._notes.task_done()
            log.error("the disk has taken nothing for long; given up: %s", lost)
        self._notes.put_nowait((event, self._clock()))

    async def run(self) -> None:
        """Write the notes, for ever. Those that wait together share a flush."""
        while True:
            waiting = [await self._notes.get()]
            while not self._notes.empty():
                waiting.append(self._notes.get_nowait())
            self._under_way = len(waiting)
            async with asyncio.TaskGroup() as group:
                for event, at in waiting:
                    begun = self._outbox.begin(event, at, keep=True)
                    group.create_task(self._write(event, at, begun, keep_trying=True))
            for _ in waiting:
                self._notes.task_done()
            self._under_way = 0

    async def drain(self) -> None:
        """Return when all that is noted is written, or the disk takes too long."""
        try:
            async with asyncio.timeout(DRAIN_S):
                await self._notes.join()
        except TimeoutError:
            lost = self._notes.qsize() + self._under_way
            log.error("the disk takes nothing: %d notes are lost", lost)

    async def _write(
        self, event: Event, at: datetime, begun: asyncio.Future[Fact], *, keep_trying: bool
    ) -> Fact:
        while True:
            try:
                fact = await begun
            except DiskFault as fault:
                self._failed(fault)
                if not keep_trying:
                    raise
            else:
                self._healed()
                return fact
            await asyncio.sleep(AGAIN_S)
            begun = self._outbox.begin(event, at, keep=True, again=begun)

    def _failed(self, fault: DiskFault) -> None:
        if str(fault) != str(self.fault):
            log.warning("%s", fault)
        self.fault = fault

    def _healed(self) -> None:
        if self.fault is not None:
            log.info("the disk takes facts again")
            self.fault = None
