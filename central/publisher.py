"""The feed on MQTT: what is new at once, and every few seconds where its end is.

A device compares `after` with what it has and fetches what it missed by HTTP, so nothing here
need be sent twice.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from central import feed
from central.store.database import Database, DatabaseDown
from runtime.log import Repeats
from runtime.mqtt import Bus
from runtime.wire import encode

log = logging.getLogger("wicket.central")

BATCH = 200
HEARTBEAT_S = 10.0
STUCK_S = 3 * HEARTBEAT_S


class Pulse:
    """Whether this worker publishes the feed. `now` is the loop's time."""

    def __init__(self) -> None:
        self._beaten: float | None = None

    def beat(self, now: float) -> None:
        self._beaten = now

    def stop(self) -> None:
        self._beaten = None

    def state(self, now: float) -> str:
        """publishing, stuck, or standing_by while that is another worker's duty."""
        if self._beaten is None:
            return "standing_by"
        return "publishing" if now - self._beaten < STUCK_S else "stuck"


class Publisher:
    def __init__(self, bus: Bus, topic: str, database: Database, pulse: Pulse) -> None:
        self._bus = bus
        self._topic = topic
        self._database = database
        self._pulse = pulse
        self._connected = True
        self._repeats = Repeats(log)

    def connected(self) -> None:
        """The connection is new: go on from the end of the feed, and say where that is."""
        self._connected = True
        self._database.written.set()

    async def run(self) -> None:
        """Publish for ever."""
        try:
            await self._run()
        finally:
            self._pulse.stop()

    async def _run(self) -> None:
        cursor = 0
        while True:
            self._pulse.beat(asyncio.get_running_loop().time())
            self._database.written.clear()
            try:
                cursor = await self._catch_up(cursor)
                self._repeats.healed("the feed is published again")
            except DatabaseDown as down:
                self._repeats.failed(f"the feed is not published: {down}")
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._database.written.wait()
            except TimeoutError:
                await self._publish(cursor, [])

    async def _catch_up(self, cursor: int) -> int:
        if self._connected:
            cursor = await self._database.read(feed.head)
            self._connected = False
            await self._publish(cursor, [])
        return await self._publish_new(cursor)

    async def _publish_new(self, cursor: int) -> int:
        """Everything after `cursor`, in batches; the new cursor."""
        while entries := await self._database.read(partial(feed.after, n=cursor, limit=BATCH)):
            if not await self._publish(cursor, entries):
                break
            cursor = entries[-1].n
        return cursor

    async def _publish(self, after: int, entries: list[feed.Entry]) -> bool:
        batch = [{"n": entry.n, "fact": entry.fact} for entry in entries]
        return await self._bus.publish(self._topic, encode({"after": after, "entries": batch}))
