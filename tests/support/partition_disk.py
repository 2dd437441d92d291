"""The disks of the partition simulator: real SQLite, writes that take a random while, and power
cuts. A transaction is committed at some moment before its writer hears of it; what was committed
survives, all else is lost."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from runtime.database import Database, DiskFault

T = TypeVar("T")

FLUSH_S = (0.0005, 0.02)
TOLD_S = (0.0001, 0.005)


@cache
def _empty(schema: str) -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.executescript(schema)
    content = connection.serialize()
    connection.close()
    return content


def storage(schema: str) -> sqlite3.Connection:
    """What a disk holds, as it survives its computer."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.deserialize(_empty(schema))
    return connection


class Disk(Database):
    """A runtime.database.Database as one life of a process sees it."""

    def __init__(self, stored: sqlite3.Connection, path: Path, chance: random.Random) -> None:
        super().__init__(path, "")
        self._stored = stored
        self._chance = chance
        self._queue: deque[tuple[Callable[[sqlite3.Connection], Any], asyncio.Future[Any]]] = (
            deque()
        )
        self._on = True
        self.full = False
        """It takes nothing, and says so."""
        self.since = 0.0
        """Since when it takes something."""

    def cut(self) -> None:
        """The power is cut, or the process killed."""
        self._on = False
        self._queue.clear()

    def fill(self, *, full: bool) -> None:
        self.full, self.since = full, asyncio.get_running_loop().time()

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._stored.execute(sql, values).fetchall()

    def begin(self, work: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        written: asyncio.Future[T] = loop.create_future()
        self._queue.append((work, written))
        if len(self._queue) == 1:
            loop.call_later(self._chance.uniform(*FLUSH_S), self._commit)
        return written

    def _commit(self) -> None:
        if not self._on:
            return
        work, written = self._queue[0]
        try:
            if self.full:
                raise DiskFault("the disk is full", "simulated")
            self._stored.execute("BEGIN IMMEDIATE")
            result = work(self._stored)
            self._stored.execute("COMMIT")
        except Exception as error:
            if self._stored.in_transaction:
                self._stored.execute("ROLLBACK")
            outcome: Callable[[], None] = _failed(written, error)
        else:
            outcome = _done(written, result)
        asyncio.get_running_loop().call_later(self._chance.uniform(*TOLD_S), self._tell, outcome)

    def _tell(self, outcome: Callable[[], None]) -> None:
        if not self._on:
            return
        self._queue.popleft()
        outcome()
        if self._queue:
            loop = asyncio.get_running_loop()
            loop.call_later(self._chance.uniform(*FLUSH_S), self._commit)


def _done(written: asyncio.Future[T], result: T) -> Callable[[], None]:
    return lambda: None if written.done() else written.set_result(result)


def _failed(written: asyncio.Future[Any], error: Exception) -> Callable[[], None]:
    return lambda: None if written.done() else written.set_exception(error)
