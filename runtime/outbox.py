"""This device's facts: numbered, durable before anyone hears of them, sent until acknowledged.

A PUBACK is not a receipt; only central's ack moves `acknowledged`. Nothing is deleted then:
the facts stay as the device's memory of what it did, and can be sent again from any number.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Callable, Iterable
from datetime import datetime

from admission.facts import Event, Fact
from runtime.database import Database
from runtime.mqtt import Bus
from runtime.wire import encode, fact_from_data, fact_to_data

log = logging.getLogger("wicket.outbox")

SCHEMA = """
CREATE TABLE IF NOT EXISTS fact (
    device TEXT NOT NULL, number INTEGER NOT NULL, ticket INTEGER, body TEXT NOT NULL,
    PRIMARY KEY (device, number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fact_by_ticket ON fact (ticket) WHERE ticket IS NOT NULL;
CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
"""
_INSERT = "INSERT OR IGNORE INTO fact (device, number, ticket, body) VALUES (?, ?, ?, ?)"
_MARK = "SELECT number FROM mark WHERE name = ?"

BATCH = 200
RESEND_S = 5.0
"""How long central may say nothing new before everything it has not acknowledged is sent again."""


def insert(connection: sqlite3.Connection, facts: Iterable[Fact]) -> None:
    """Store facts, own or heard; one that is there already is left as it is."""
    connection.executemany(
        _INSERT, [(f.device, f.number, f.ticket, json.dumps(fact_to_data(f))) for f in facts]
    )


def set_mark(connection: sqlite3.Connection, name: str, number: int) -> None:
    """Move a named cursor forward, never back."""
    connection.execute(
        "INSERT INTO mark VALUES (?, ?) ON CONFLICT (name)"
        " DO UPDATE SET number = max(number, excluded.number)",
        (name, number),
    )


def get_mark(database: Database, name: str) -> int:
    """Where a named cursor stands; 0 if it was never set."""
    rows = database.read(_MARK, (name,))
    return int(rows[0][0]) if rows else 0


def last_mark(connection: sqlite3.Connection, name: str) -> int:
    """The same from within a transaction."""
    row = connection.execute(_MARK, (name,)).fetchone()
    return int(row[0]) if row else 0


class Outbox:
    """Tells facts in the name of `device`. `heard` is called with each one as it is told."""

    def __init__(
        self, database: Database, device: str, heard: Callable[[Fact], None] = lambda fact: None
    ) -> None:
        self._database = database
        self.device = device
        self._heard = heard
        own = database.read("SELECT max(number) FROM fact WHERE device = ?", (device,))
        self._last = self._stored = int(own[0][0] or 0)
        self.acknowledged = get_mark(database, "acknowledged")
        self._sent = self.acknowledged
        self._pending: list[Fact] = []
        self._storing = asyncio.Lock()
        self._news = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many facts central has not acknowledged."""
        return max(0, self._stored - self.acknowledged)

    def pending(self, ticket: int) -> list[Fact]:
        """Facts about `ticket` that are told but not yet on the disk."""
        return [fact for fact in self._pending if fact.ticket == ticket]

    async def tell(self, event: Event, at: datetime) -> Fact:
        """Number the event at once; return when it is on the disk. Callers who come while the
        disk is busy share the next flush."""
        self._last += 1
        fact = Fact(self.device, self._last, at, event)
        self._pending.append(fact)
        async with self._storing:
            if fact.number > self._stored:
                batch = list(self._pending)
                await self._database.write(lambda connection: insert(connection, batch))
                self._stored = batch[-1].number
                del self._pending[: len(batch)]
        self._news.set()
        self._heard(fact)
        return fact

    def after(self, number: int, limit: int = BATCH) -> list[Fact]:
        """Own facts on the disk, in order, beginning after `number`."""
        rows = self._database.read(
            "SELECT body FROM fact WHERE device = ? AND number > ? ORDER BY number LIMIT ?",
            (self.device, number, limit),
        )
        return [fact_from_data(json.loads(body)) for (body,) in rows]

    async def acknowledge(self, number: int) -> None:
        """Central has everything up to `number`."""
        if number > self.acknowledged:
            await self._database.write(lambda c: set_mark(c, "acknowledged", number))
            self.acknowledged = number
        self._news.set()

    async def resume_after(self, number: int) -> None:
        """Central has had `number` facts of this device: never use those numbers again.

        Matters when the device lost its memory (a new disk) but kept its name.
        """
        if number > self._last:
            log.warning("facts up to %d were told by an earlier disk; going on after it", number)
            self._last = self._stored = number
        await self.acknowledge(number)

    async def deliver(self, bus: Bus, topic: str) -> None:
        """Send what is not acknowledged, for ever: at once when told, all of it again when central
        says nothing new for RESEND_S (also while new facts keep coming: it takes none out of
        order)."""
        now = asyncio.get_running_loop().time
        self._sent = heard = self.acknowledged
        again_at = now() + RESEND_S
        while True:
            self._news.clear()
            if self.acknowledged > heard:
                heard, again_at = self.acknowledged, now() + RESEND_S
                self._sent = max(self._sent, heard)
            batch = self.after(self._sent)
            if batch and await bus.publish(
                topic, encode({"facts": [fact_to_data(fact) for fact in batch]})
            ):
                self._sent = batch[-1].number
                continue
            try:
                async with asyncio.timeout_at(again_at):
                    await self._news.wait()
            except TimeoutError:
                self._sent, again_at = heard, now() + RESEND_S

    def send_again(self) -> None:
        """A new connection: nobody knows what became of the facts that the old one took."""
        self._sent = self.acknowledged
        self._news.set()
