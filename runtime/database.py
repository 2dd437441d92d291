"""One SQLite file: reads on the event loop, writes in one thread, each a durable transaction.

A point look-up costs some 12 µs on the loop and 250 µs through a thread, so reads do not hop;
a commit waits for the disk, so writes do. WAL with synchronous=FULL survives power loss;
NORMAL loses the last commits (docs/decisions.md has the measurements).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")

GROWN_LOG_BYTES = 4 * 1024 * 1024


class Database:
    """`schema` is run at opening; write every statement with IF NOT EXISTS."""

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        self._schema = schema

    async def __aenter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=self.path.name)
        self._writer = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self._writer.execute("PRAGMA journal_mode=WAL")
        self._writer.execute("PRAGMA synchronous=FULL")
        self._writer.executescript(self._schema)
        self._reader = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._thread.shutdown(wait=True)
        self._writer.close()
        self._reader.close()  # last: being read-only, it leaves the grown log for the next start

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows as committed at this moment. Only for look-ups that end within microseconds."""
        return self._reader.execute(sql, values).fetchall()

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` as one transaction; what it wrote is on the disk when this returns."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._transact, work)

    async def grow_log(self) -> None:
        """Give the write-ahead log its full size once: a commit into a grown file is twice as
        fast, for the file system need not write a new length."""
        wal = self.path.with_name(self.path.name + "-wal")
        if not wal.exists() or wal.stat().st_size < GROWN_LOG_BYTES:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._thread, self._grow)

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            result = work(self._writer)
        except BaseException:
            if self._writer.in_transaction:  # a full disk has rolled back by itself
                self._writer.execute("ROLLBACK")
            raise
        self._writer.execute("COMMIT")
        return result

    def _grow(self) -> None:
        self._writer.execute("CREATE TABLE IF NOT EXISTS filler (bytes BLOB)")
        self._writer.execute("INSERT INTO filler VALUES (zeroblob(?))", (GROWN_LOG_BYTES,))
        self._writer.execute("DROP TABLE filler")
        self._writer.execute("PRAGMA wal_checkpoint(RESTART)")
