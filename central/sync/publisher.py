"""The feed on MQTT: what is new at once, and every few seconds where its end is.

A device compares `after` with what it has and fetches what it missed by HTTP, so nothing here
need be sent twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from admission.facts import Conflicted
from central.store.database import Database, DatabaseDown
from central.sync import epochs, feed
from central.watch import clash_list
from central.watch.clash_words import words
from runtime.bus import Bus
from runtime.log import Repeats
from runtime.topics import Topics
from runtime.wire import MAX_PAYLOAD, encode

log = logging.getLogger("wicket.central")

BATCH = 200
ALERTS = 50
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


@dataclass(frozen=True)
class _News:
    """What there is to tell: facts as JSON, by their number in the feed, and alerts by theirs."""

    epoch: int
    head: int
    entries: Sequence[tuple[int, str]]
    alerts: Sequence[tuple[int, Conflicted]]


class Publisher:
    """`zone` tells where the venue is, for people."""

    def __init__(
        self,
        bus: Bus,
        topics: Topics,
        database: Database,
        pulse: Pulse,
        zone: Callable[[], ZoneInfo],
    ) -> None:
        self._bus = bus
        self._topics = topics
        self._database = database
        self._pulse = pulse
        self._zone = zone
        self._connected = True
        self._epoch = 0
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
        """Tell everything after `cursor`, in batches; the new cursor."""
        while True:
            news = await self._database.read(partial(_look, after=cursor))
            if self._connected or news.epoch != self._epoch:
                self._connected, self._epoch, cursor = False, news.epoch, news.head
                await self._publish(cursor, [])
                continue
            for n, told in news.alerts:
                await self._alert(n, told)
            if not (published := await self._publish(cursor, news.entries)):
                return cursor
            cursor = published

    async def _publish(self, after: int, entries: Sequence[tuple[int, str]]) -> int:
        """As many as fit into a message; the number of the last one, 0 if there is none or the
        broker did not take them. One that fits into none is left out: devices see that it is
        missing and ask for it."""
        while len(message := self._batch(after, entries)) > MAX_PAYLOAD and len(entries) > 1:
            entries = entries[: len(entries) // 2]
        if len(message) > MAX_PAYLOAD:
            n = entries[0][0]
            log.error("fact %d of the feed has too many bytes for a message: %d", n, len(message))
            message = self._batch(n, [])
        done = await self._bus.publish(self._topics.feed, message)
        return entries[-1][0] if done and entries else 0

    def _batch(self, after: int, entries: Sequence[tuple[int, str]]) -> bytes:
        """The message, made of facts that are JSON already."""
        told = ",".join(f'{{"n":{n},"fact":{fact}}}' for n, fact in entries)
        return f'{{"epoch":{self._epoch},"after":{after},"entries":[{told}]}}'.encode()

    async def _alert(self, n: int, told: Conflicted) -> None:
        """At least once; the broker has it then."""
        text = words(told, self._zone())
        alert = {"n": n, "clash": told.clash.value, "ticket": told.ticket, "text": text}
        if await self._bus.publish(self._topics.alert, encode(alert)):
            await self._database.write(partial(clash_list.alerted, n=n))


def _look(connection: Connection, after: int) -> _News:
    return _News(
        epochs.current(connection),
        feed.head(connection),
        feed.texts_after(connection, after, BATCH),
        clash_list.to_alert(connection, ALERTS),
    )
