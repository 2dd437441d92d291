"""Listens to the status of all devices, and keeps the newest of each.

A status comes from each device every half minute, and from all at once when the broker starts; so
they are gathered and written together, at once only when a device comes or goes, or says of its
lanes or its sales something new.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import Connection

from admission.facts import CENTRAL
from central.store.database import Database, DatabaseDown
from central.sync import epochs, feed
from central.watch import devices, head_counts
from central.watch.devices import Gap, Heard, Status
from runtime.bus import Message
from runtime.convert import Invalid
from runtime.log import Repeats

log = logging.getLogger("wicket.central")

WRITE_EVERY_S = 5.0
MOST_GAPS = 10_000
MOST_STRANGERS = 100
"""Of so many it is logged that they are not known."""


class Watch:
    """`known` are the devices of central.toml."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], known: Collection[str]
    ) -> None:
        self._database = database
        self._clock = clock
        self._known = known
        self._newest: dict[str, Heard] = {}
        self._changed: set[str] = set()
        self._gaps: deque[Gap] = deque(maxlen=MOST_GAPS)
        self._early: dict[str, Message] = {}
        self._ready = False
        self._listening = clock()
        self._hurry = asyncio.Event()
        self._repeats = Repeats(log)
        self._nonsense: dict[str, Repeats] = {}

    def connected(self) -> None:
        """The connection to the broker is new."""
        self._listening = now = self._clock()
        self._newest[CENTRAL] = Heard(CENTRAL, True, now, now, Status(online=True))
        self._changed.add(CENTRAL)
        self._hurry.set()

    def hear(self, device: str, message: Message) -> None:
        """A status of the device. Nothing that it may say is a fault of central."""
        if device not in self._known:
            self._wonder(device, "is not in central.toml; its status is ignored")
        elif self._ready:
            self._take(device, message)
        else:
            self._early[device] = message

    def _take(self, device: str, message: Message) -> None:
        try:
            status = devices.read(message.payload)
        except (Invalid, RecursionError) as error:
            self._wonder(device, f"has a status that cannot be read: {error}")
            return
        if device in self._nonsense:
            self._nonsense[device].healed(f"{device} has a status that can be read again")
        before = self._newest.get(device)
        now = self._clock()
        heard, gap = devices.hear(
            before, device, status, now, kept=message.retain, listening=self._listening
        )
        self._newest[device] = heard
        self._changed.add(device)
        if gap:
            self._gaps.append(gap)
        if before is None or gap or _seen(before) != _seen(heard):
            self._hurry.set()

    async def run(self) -> None:
        """Keep it, for ever."""
        while True:
            try:
                await self.write_down()
                self._repeats.healed("how devices are is kept again")
            except DatabaseDown as down:
                self._repeats.failed(f"how devices are is not kept: {down}")
                await asyncio.sleep(WRITE_EVERY_S)
            try:
                async with asyncio.timeout(WRITE_EVERY_S):
                    await self._hurry.wait()
            except TimeoutError:
                pass

    async def write_down(self) -> None:
        """Keep what is new. Raises DatabaseDown, and then it is kept the next time."""
        if not self._ready:
            self._newest = await self._database.read(devices.all_heard) | self._newest
            self._ready = True
            for device, message in self._early.items():
                self._take(device, message)
            self._early.clear()
        self._hurry.clear()
        if not self._changed:
            return
        changed, self._changed = self._changed, set()
        news, gaps = [self._newest[device] for device in sorted(changed)], list(self._gaps)
        self._gaps.clear()
        try:
            await self._database.write(lambda c: keep(c, news, gaps, self._clock()))
        except DatabaseDown:
            self._changed |= changed
            self._gaps.extendleft(reversed(gaps))
            raise

    def _wonder(self, device: str, what: str) -> None:
        if device in self._nonsense or len(self._nonsense) < MOST_STRANGERS:
            self._nonsense.setdefault(device, Repeats(log)).failed(f"{device[:40]!r} {what}")


def _seen(one: Heard) -> tuple[object, ...]:
    """What people who watch want to see at once."""
    told = one.status
    return one.online, told.emergency, told.faults, told.lanes, told.out_of_order, told.closed


def keep(
    connection: Connection, heard: Collection[Heard], gaps: Collection[Gap], now: datetime
) -> None:
    """Keep what was heard, and what gates count beside what central counts. A device that knows
    more of the feed than there is begins a new epoch."""
    head = feed.head(connection)
    there = [one for one in heard if one.online]
    for one in there:
        if (cursor := one.status.cursor or 0) > head:
            epochs.heard(connection, one.device, one.status.epoch, cursor, now)
    devices.keep(connection, heard, gaps)
    for one in there:
        head_counts.keep_told(connection, one.device, one.status.present, head, one.heard_at)
