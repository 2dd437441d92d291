"""This device's facts: numbered, durable before anyone hears of them, sent until acknowledged.

A PUBACK is not a receipt; only central's ack moves `acknowledged`. Nothing is deleted then:
the facts stay as the device's memory of what it did, and are sent again from any number, should
central have lost them (a backup was put back). That an ack alone cannot tell: it may be an old
one that comes late. So what does not fit is asked over HTTP (`agree`).
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from admission.facts import Event, Fact
from admission.presence import is_history
from runtime.bus import Bus
from runtime.database import Database, DiskFault
from runtime.log import Repeats
from runtime.marks import SCHEMA as MARKS
from runtime.marks import get_mark, get_word, last_mark, put, put_mark, set_mark
from runtime.wire import MAX_PAYLOAD, encode, fact_from_data, fact_to_data

__all__ = ["Outbox", "get_mark", "insert", "last_mark", "put_mark", "set_mark", "stored"]

log = logging.getLogger("wicket.outbox")

SCHEMA = (
    MARKS
    + """
CREATE TABLE IF NOT EXISTS fact (
    device TEXT NOT NULL, number INTEGER NOT NULL, ticket INTEGER, body TEXT NOT NULL,
    PRIMARY KEY (device, number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fact_by_ticket ON fact (ticket) WHERE ticket IS NOT NULL;
"""
)
"""`ticket`: the one whose history it is part of."""
_INSERT = "INSERT OR IGNORE INTO fact (device, number, ticket, body) VALUES (?, ?, ?, ?)"

LOST = "lost"
"""What is sent in the place of a fact that perished; of no kind that anyone knows."""
BATCH = 200
RESEND_S = 5.0
"""How long central may say nothing new before everything it has not acknowledged is sent again."""


Fold = Callable[[sqlite3.Connection, Fact], None]


def insert(
    connection: sqlite3.Connection,
    facts: Iterable[Fact],
    fold: Fold = lambda connection, fact: None,
) -> None:
    """Store facts, own or heard; one that is there already is left as it is. `fold` keeps what is
    derived from them in step: it is called for each new one, in the same transaction."""
    for fact in facts:
        ticket = fact.ticket if is_history(fact.event) else None
        row = (fact.device, fact.number, ticket, json.dumps(fact_to_data(fact)))
        if connection.execute(_INSERT, row).rowcount:
            fold(connection, fact)


def stored(database: Database, where: str, values: Sequence[Any]) -> list[Fact]:
    """The facts that an SQL condition names. Raises DamagedFile when one cannot be read."""
    rows = database.read(f"SELECT body FROM fact WHERE {where}", values)  # noqa: S608
    try:
        return [fact_from_data(json.loads(body)) for (body,) in rows]
    except (ValueError, TypeError) as error:
        raise database.found_damaged(f"a fact cannot be read: {error}") from error


@dataclass(frozen=True)
class Standing:
    """What central says over HTTP of the device that asks: how many of its facts it has taken, and
    which central it is. An older one says neither."""

    taken: int | None = None
    epoch: int = 0


class Outbox:
    """Tells facts in the name of `device`. `heard` is called with each one as it is told; `fold`:
    see `insert`."""

    def __init__(
        self,
        database: Database,
        device: str,
        heard: Callable[[Fact], None] = lambda fact: None,
        fold: Fold = lambda connection, fact: None,
    ) -> None:
        self._database = database
        self.device = device
        self._heard = heard
        self._fold = fold
        own = database.read("SELECT max(number) FROM fact WHERE device = ?", (device,))
        self._last = self._stored = max(int(own[0][0] or 0), get_mark(database, "resumed"))
        self.epoch = get_mark(database, "epoch")
        """Which central it is that acknowledges; 0 before it said so. A central whose database was
        put back is another one."""
        self.acknowledged = get_mark(database, "acknowledged")
        self._sent = self.acknowledged
        self._pending: dict[int, tuple[Fact, asyncio.Future[Fact]]] = {}
        self._keep: set[asyncio.Future[Fact]] = set()
        self._kept: dict[asyncio.Future[Fact], Fact] = {}
        self._storing = False
        self._news = asyncio.Event()
        self.all_sent = asyncio.Event()
        """Set when all that was told before the newest connection has been sent on it."""
        self._repeats = Repeats(log)

    @property
    def last(self) -> int:
        """The number of the newest fact on the disk."""
        return self._stored

    @property
    def waiting(self) -> int:
        """How many facts central has not acknowledged."""
        return max(0, self._stored - self.acknowledged)

    def note(self, name: str) -> str:
        """A word that somebody else keeps here; "" if it was never put."""
        return get_word(self._database, name)

    async def put_note(self, name: str, word: str) -> None:
        await self._database.write(lambda c: put(c, {name: word}))

    def pending(self, ticket: int) -> list[Fact]:
        """Facts about `ticket` that are told, or will be told again, but not yet on the disk."""
        told = [*(fact for fact, _ in self._pending.values()), *self._kept.values()]
        return [fact for fact in told if fact.ticket == ticket]

    async def tell(self, event: Event, at: datetime) -> Fact:
        """Return when the event is on the disk, see `begin`."""
        return await self.begin(event, at)

    def begin(
        self,
        event: Event,
        at: datetime,
        *,
        keep: bool = False,
        again: asyncio.Future[Fact] | None = None,
    ) -> asyncio.Future[Fact]:
        """Number the event at once; done when it is on the disk. Those who come while the disk is
        busy share the next flush. Whoever stops waiting leaves the fact on its way.

        DiskFault to all who wait: what they told is void, its numbers are given again. With `keep`
        it counts as pending even then, until it is told once more, `again` being the void future.
        """
        if again is not None:
            del self._kept[again]
        self._last += 1
        fact = Fact(self.device, self._last, at, event)
        stored: asyncio.Future[Fact] = asyncio.get_running_loop().create_future()
        self._pending[fact.number] = fact, stored
        if keep:
            self._keep.add(stored)
            stored.add_done_callback(self._keep.discard)
        if not self._storing:
            self._store()
        return stored

    def _store(self) -> None:
        self._storing = True
        batch = [fact for fact, _ in self._pending.values()]
        writing = self._database.begin(lambda connection: insert(connection, batch, self._fold))
        writing.add_done_callback(lambda done: self._settle(batch, done))

    def _settle(self, batch: list[Fact], done: asyncio.Future[None]) -> None:
        self._storing = False
        if done.cancelled():  # the database was closed meanwhile
            return
        if error := done.exception():
            self._void(error)
            return
        self._stored = max(self._stored, batch[-1].number)
        told = [self._pending.pop(fact.number) for fact in batch]
        if self._pending:
            self._store()
        self._news.set()
        for fact, stored in told:
            if not stored.done():
                stored.set_result(fact)
            self._heard(fact)

    def _void(self, error: BaseException) -> None:
        """For those who came meanwhile too: their numbers would leave a hole before them."""
        waiting, self._pending = self._pending, {}
        self._last = max(self._stored, self.acknowledged)
        for fact, stored in waiting.values():
            if stored in self._keep:
                self._kept[stored] = fact
            if not stored.done():
                stored.set_exception(error)

    def after(self, number: int, limit: int = BATCH) -> list[Fact]:
        """Own facts on the disk, in order, beginning after `number`."""
        where = "device = ? AND number > ? ORDER BY number LIMIT ?"
        return stored(self._database, where, (self.device, number, limit))

    async def acknowledge(self, number: int, epoch: int = 0) -> bool:
        """Central says that it has everything up to `number`. False: that cannot be, or central is
        not the one we knew. Then nothing is changed, and it must be asked (`agree`)."""
        if epoch and epoch != self.epoch and self.epoch:
            return False
        if not self.acknowledged <= number <= self._last:
            return False
        if number > self.acknowledged or epoch != self.epoch:
            await self._note(number, epoch or self.epoch)
        self._news.set()
        return True

    async def agree(self, said: Standing, before: int) -> None:
        """Central was asked over HTTP how many facts of this device it has. `before` is what it had
        acknowledged when it was asked: so it cannot have fewer, unless it lost them. It cannot have
        more than were told either, unless an earlier disk told them: those numbers are never used
        again."""
        if said.taken is None:
            return
        taken, epoch = said.taken, said.epoch or self.epoch
        if taken > self._last:
            log.warning("facts up to %d were told by an earlier disk; going on after it", taken)
            unsent = self._last > self.acknowledged
            self._last = self._stored = taken
            await self._database.write(lambda c: set_mark(c, "resumed", taken))
            await self._note(self.acknowledged if unsent else taken, epoch)
        elif taken < before:
            log.warning("central had %d facts and has %d: sent again from there", before, taken)
            await self._note(taken, epoch)
            self._sent = taken
        else:
            await self._note(max(taken, self.acknowledged), epoch)
        self._news.set()

    async def _note(self, acknowledged: int, epoch: int) -> None:
        if (acknowledged, epoch) != (self.acknowledged, self.epoch):
            values: dict[str, int | str] = {"acknowledged": acknowledged, "epoch": epoch}
            await self._database.write(lambda c: put(c, values))
            self.acknowledged, self.epoch = acknowledged, epoch

    async def deliver(self, bus: Bus, topic: str) -> None:
        """Send what is not acknowledged, for ever: at once when told, all of it again when central
        says nothing new for RESEND_S (also while new facts keep coming: it takes none out of
        order)."""
        now = asyncio.get_running_loop().time
        self._sent = heard = self.acknowledged
        again_at = now() + RESEND_S
        while True:
            self._news.clear()
            if self.acknowledged != heard:
                heard, again_at = self.acknowledged, now() + RESEND_S
                self._sent = max(self._sent, heard)
            batch = self._next_batch()
            while len(message := encode({"facts": batch})) > MAX_PAYLOAD and len(batch) > 1:
                batch = batch[: len(batch) // 2]
            if batch and await bus.publish(topic, message):
                self._sent = batch[-1]["number"]
                continue
            if self._sent >= self._stored:
                self.all_sent.set()
            try:
                async with asyncio.timeout_at(again_at):
                    await self._news.wait()
            except TimeoutError:
                self._sent, again_at = heard, now() + RESEND_S

    def _next_batch(self) -> list[dict[str, Any]]:
        try:
            batch = self._without_holes(self.after(self._sent))
        except DiskFault as fault:
            self._repeats.failed(f"facts are not sent, they cannot be read: {fault}")
            return []
        self._repeats.healed("facts can be read again")
        return batch

    def _without_holes(self, facts: list[Fact]) -> list[dict[str, Any]]:
        """As they go to central, which takes them in order. In the place of one that perished with
        a damaged file stands its number alone: central sets that aside, visibly, and goes on."""
        there = {fact.number: fact for fact in facts}
        last = min(max(there, default=0), self._sent + BATCH)
        return [
            fact_to_data(there[number])
            if number in there
            else {"device": self.device, "number": number, "kind": LOST}
            for number in range(self._sent + 1, last + 1)
        ]

    def send_again(self) -> None:
        """A new connection: nobody knows what became of the facts that the old one took."""
        self._sent = self.acknowledged
        self.all_sent.clear()
        self._news.set()
