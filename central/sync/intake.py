"""Facts on their way from the bus into the database: fair to all devices, and many at a time.

After an outage one device may have told thousands of facts, which must not keep those waiting that
another tells just now. So each device has a queue of its own; short messages, which is what tells
of the present, are taken before long ones, and of long ones a few from each device in turn.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from sqlalchemy import Connection

from central.http.api import Api
from central.store.database import DatabaseDown
from central.sync import epochs, ingest
from central.sync.ingest import Taken, Told
from runtime.bus import Bus, Message
from runtime.log import Repeats
from runtime.topics import Topics
from runtime.wire import encode

log = logging.getLogger("wicket.central")

ROOM = 32 * 1024 * 1024
"""Bytes that wait here for whoever sends much; devices send again what is dropped."""
KEPT = 8
"""Messages of each device that wait however little room there is."""
KEPT_OF_STRANGERS = 64
SHORT = 2048
"""Bytes up to which a message is short."""
AT_ONCE = 32 * 1024
"""Bytes taken in one transaction; at least one long message."""
GAP_S = 0.05
"""After a gap, how long to wait for what another worker may just be taking,"""
GAPS = 20
"""and how often."""


class Queues:
    """What waits, by device. `known` devices have a queue each, all others one together."""

    def __init__(self, known: frozenset[str]) -> None:
        self._known = known
        self._waiting: dict[str, deque[Told]] = {}
        self._turn_of_long = False
        self._size = 0
        self.news = asyncio.Event()

    def put(self, told: Told) -> bool:
        """False if it is dropped, for there is too much already."""
        name = told.device if told.device in self._known else ""
        queue = self._waiting.setdefault(name, deque())
        if name:
            full = len(queue) >= KEPT and self._size + len(told.payload) > ROOM
        else:
            full = len(queue) >= KEPT_OF_STRANGERS
        if full:
            return False
        queue.append(told)
        self._size += len(told.payload)
        self.news.set()
        return True

    def next(self) -> list[Told]:
        """What to take in one transaction: short messages and long ones in turn. A device's are in
        its order."""
        short = [name for name, queue in self._waiting.items() if _is_short(queue[0])]
        self._turn_of_long = not short or (self._turn_of_long and len(short) < len(self._waiting))
        taken: list[Told] = []
        size = 0
        for name in list(self._waiting):
            if size >= AT_ONCE:
                break
            while (queue := self._waiting.get(name)) and size < AT_ONCE:
                if _is_short(queue[0]) is self._turn_of_long:
                    break
                taken.append(self._pop(name))
                size += len(taken[-1].payload)
                if self._turn_of_long:
                    break
        self._turn_of_long = not self._turn_of_long
        if not self._waiting:
            self.news.clear()
        return taken

    def _pop(self, name: str) -> Told:
        """Its queue is the last one then."""
        queue = self._waiting.pop(name)
        told = queue.popleft()
        self._size -= len(told.payload)
        if queue:
            self._waiting[name] = queue
        return told


def _is_short(told: Told) -> bool:
    return len(told.payload) <= SHORT


class Intake:
    """Takes facts and answers each message by an ack. `shared`: other workers do so too, and what
    precedes a message may have come to one of them."""

    def __init__(self, api: Api, bus: Bus, *, shared: bool = False) -> None:
        self._api = api
        self._bus = bus
        self._topics = Topics(api.settings.site)
        self._shared = shared
        self._known = frozenset(api.settings.devices)
        self._queues = Queues(self._known)
        self._acks: dict[str, bytes] = {}
        self._to_ack = asyncio.Event()
        self._gaps: dict[str, int] = {}
        self._repeats = Repeats(log)

    def put(self, message: Message) -> None:
        """A message of device/<device>/facts."""
        device = self._topics.device_of(message.topic)
        if device is not None:
            self._queues.put(Told(device, message.payload))

    async def run(self) -> None:
        """Never returns."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._acknowledge())
            while True:
                await self._queues.news.wait()
                try:
                    await self._take(self._queues.next(), group)
                    self._repeats.healed("facts are stored again")
                except DatabaseDown as down:
                    self._repeats.failed(
                        f"facts not stored, their devices will send them again: {down}"
                    )

    async def _take(self, told: list[Told], group: asyncio.TaskGroup) -> None:
        now, zone = self._api.clock(), self._api.venue.zone

        def take(connection: Connection) -> tuple[list[Taken], int]:
            taken = ingest.take_all(connection, told, self._known, now, zone=zone)
            return taken, epochs.current(connection)

        taken, epoch = await self._api.database.write(take)
        for one, what in zip(told, taken, strict=True):
            if what.gap and self._shared and self._gaps.get(one.device, 0) < GAPS:
                self._gaps[one.device] = self._gaps.get(one.device, 0) + 1
                group.create_task(self._try_again(one))
            elif what.number is not None:
                self._gaps.pop(one.device, None)
                ack = encode({"number": what.number, "epoch": epoch})
                self._acks[self._topics.ack(one.device)] = ack
        if self._acks:
            self._to_ack.set()

    async def _try_again(self, told: Told) -> None:
        await asyncio.sleep(GAP_S)
        self._queues.put(told)

    async def _acknowledge(self) -> None:
        """Of each device the newest, beside what is being taken."""
        while True:
            await self._to_ack.wait()
            self._to_ack.clear()
            acks, self._acks = self._acks, {}
            async with asyncio.TaskGroup() as group:
                for topic, ack in acks.items():
                    group.create_task(self._bus.publish(topic, ack))
