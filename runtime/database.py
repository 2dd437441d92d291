"""One SQLite file: reads on the event loop, writes in one thread, each a durable transaction.

A point look-up costs some 12 µs on the loop and 250 µs through a thread, so reads do not hop;
a commit waits for the disk, so writes do. WAL with synchronous=FULL survives power loss;
NORMAL loses the last commits (docs/decisions.md has the measurements).

After a failed flush Linux calls the lost pages clean: flushing them again succeeds and stores
nothing. So nothing is flushed twice. Before the next write all that was acknowledged is copied
from the log into the file, the log is emptied, and the file is read back from the disk itself.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from runtime.disk import (
    DamagedFile,
    DiskFault,
    DiskThread,
    beside,
    commits_behind_break,
    fault_of,
    flush,
    forget_cached,
    held,
    is_empty,
    read_only,
    sign_of_damage,
)

__all__ = ["DamagedFile", "Database", "DiskFault"]

T = TypeVar("T")

log = logging.getLogger("wicket.database")

GROWN_LOG_BYTES = 4 * 1024 * 1024
_MEBIBYTE = 1024 * 1024
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
_CLOSED = sqlite3.connect(":memory:", check_same_thread=False)
"""What is read from once the file closes in the thread: an error instead of a crash."""
_CLOSED.close()


class Database:
    """`schema` is run at opening: write every statement with IF NOT EXISTS, and begin the primary
    key of every table with its first column. A file that an older version made gets the columns
    that it lacks, empty: give new ones a default. Opening, reading and writing raise DiskFault."""

    synchronous = "FULL"
    close_within_s = 3.0
    """How long closing waits for a disk that does not answer."""

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        self._schema = schema
        self._poisoned = False
        self._parts = ExitStack()

    async def __aenter__(self) -> Self:
        self._damage: asyncio.Future[DamagedFile] = asyncio.get_running_loop().create_future()
        self._thread = DiskThread(self.path.name)
        try:
            await self._hop(self._open)
        except BaseException:
            self._thread.shutdown()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Also ends while the disk hangs: then the file is left as it is, as by a power cut."""
        self._reader = _CLOSED
        closed = self._hop(self._close)
        self._thread.shutdown()
        await asyncio.wait([closed], timeout=self.close_within_s)
        if closed.done():
            closed.result()
        else:
            log.warning("%s: the disk does not answer; left as it is", self.path)

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows as committed at this moment. Only for look-ups that end within microseconds."""
        try:
            return self._reader.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            fault = fault_of(error, self.path)
            if fault is None:
                raise
            self._note(fault)
            raise fault from error

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` as one transaction; what it wrote is on the disk when this returns. After a
        DiskFault nothing of it is stored once a later write succeeds; until then, and if the
        power fails meanwhile, all of it may be."""
        return await self.begin(work)

    def begin(self, work: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """The same for who does not wait, or not for ever: `write` cancelled while it runs, and
        a future dropped, leave the disk at work."""
        writing = self._hop(self._transact, work)
        writing.add_done_callback(self._note_fault_of)
        return writing

    def found_damaged(self, problem: str) -> DamagedFile:
        """The fault to raise when rows make no sense."""
        fault = DamagedFile(self.path, problem)
        self._note(fault)
        return fault

    async def check(self) -> None:
        """Look through the whole file, in a thread of its own so that no write waits for it; a
        million tickets take 0.2 s. Raises DamagedFile."""
        try:
            await asyncio.to_thread(self._look_through)
        except DamagedFile as damage:
            self._note(damage)
            raise
        except DiskFault as fault:
            log.warning("not looked through: %s", fault)

    async def watch(self, check_after_s: float = 30.0) -> None:
        """Wait until the file is found damaged, and raise that; look through it once. A daemon has
        this in its TaskGroup: it ends, systemd starts it again, and that start sets the file
        aside."""
        await asyncio.wait([self._damage], timeout=check_after_s)
        if not self._damage.done():
            await self.check()
        raise await asyncio.shield(self._damage)

    async def grow_log(self) -> None:
        """Give the write-ahead log its full size once: a commit into a grown file is twice as
        fast, for the file system need not write a new length."""
        wal = beside(self.path, "-wal")
        if wal.exists() and wal.stat().st_size >= GROWN_LOG_BYTES:
            return
        growing = self._hop(self._grow)
        growing.add_done_callback(self._note_fault_of)
        try:
            await growing
        except DiskFault as fault:
            log.warning("the write-ahead log stays small: %s", fault)

    def _hop(self, job: Callable[..., T], *values: Any) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, job, *values)

    def _note_fault_of(self, done: asyncio.Future[Any]) -> None:
        if not done.cancelled():
            self._note(done.exception())

    def _note(self, fault: BaseException | None) -> None:
        if isinstance(fault, DamagedFile) and not self._damage.done():
            with suppress(OSError):
                beside(self.path, "-damaged").touch()
            self._damage.set_result(fault)

    # From here on everything runs in the thread.

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            fault = fault_of(error, self.path)
            if fault is None:
                raise
            self._poisoned = True
            raise fault from error

    def _open(self) -> None:
        with self._faults(), ExitStack() as parts:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if problem := sign_of_damage(self.path):
                raise DamagedFile(self.path, problem)
            wal = beside(self.path, "-wal")
            torn = not is_empty(wal) and self._look_into_log(wal)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
            parts.callback(os.close, self._file)
            self._writer = self._connect()
            parts.callback(self._writer.close)
            self._writer.executescript(self._schema)
            _add_columns(self._writer, self._schema)
            if torn:
                self._empty_log()
            self._reader = parts.enter_context(closing(read_only(self.path)))
            _look_at_both_ends(self._reader)
            self._parts = parts.pop_all()

    def _connect(self) -> sqlite3.Connection:
        writer = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            writer.execute("PRAGMA journal_mode=WAL")
            writer.execute(f"PRAGMA synchronous={self.synchronous}")
        except sqlite3.Error:
            writer.close()
            raise
        return writer

    def _look_into_log(self, wal: Path) -> bool:
        """Whether a power cut left a part of a transaction in it. Read-only: one that may write
        throws the log of a damaged file away."""
        _distrust_cached(wal)
        with closing(read_only(self.path)) as reader:
            _look_at_both_ends(reader)
        behind = commits_behind_break(self.path)
        if behind > 1:
            raise DamagedFile(self.path, "its log has a hole")
        return behind == 1

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._faults():
            if self._poisoned:
                self._heal()
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                result = work(self._writer)
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:  # a full disk has rolled back by itself
                    self._writer.execute("ROLLBACK")
                raise
            return result

    def _heal(self) -> None:
        with suppress(sqlite3.Error):
            self._writer.close()
        self._writer = self._connect()
        self._empty_log()
        meant = self._checksum()
        forget_cached(self._file)
        if self._checksum() != meant:
            raise DamagedFile(self.path, "the disk gives back other bytes than it was given")
        self._look_through()
        self._poisoned = False
        log.info("%s: can be written again; all that was acknowledged is there", self.path)

    def _look_through(self) -> None:
        with self._faults(), closing(read_only(self.path)) as reader:
            (problem,) = reader.execute("PRAGMA integrity_check(1)").fetchone()
            if problem != "ok":
                raise DamagedFile(self.path, " ".join(problem.split()))

    def _empty_log(self) -> None:
        (busy, _, _) = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise held(self.path)
        flush(beside(self.path, "-wal"))

    def _checksum(self) -> int:
        sum_ = place = 0
        while block := os.pread(self._file, _MEBIBYTE, place):
            sum_ = zlib.crc32(block, sum_)
            place += len(block)
        return sum_

    def _grow(self) -> None:
        with self._faults():
            if self._poisoned:
                self._heal()
            self._writer.execute("CREATE TABLE IF NOT EXISTS filler (bytes BLOB)")
            self._writer.execute("INSERT INTO filler VALUES (zeroblob(?))", (GROWN_LOG_BYTES,))
            self._writer.execute("DROP TABLE filler")
            self._writer.execute("PRAGMA wal_checkpoint(RESTART)")

    def _close(self) -> None:
        """The reader after the writer: being read-only, it leaves the grown log for the next
        start. The file last: closing it takes SQLite's locks away."""
        with suppress(sqlite3.Error):
            self._writer.close()
        self._parts.close()


def _add_columns(connection: sqlite3.Connection, schema: str) -> None:
    with closing(sqlite3.connect(":memory:")) as model:
        model.executescript(schema)
        for (table,) in model.execute(_TABLES).fetchall():
            info = f"SELECT name, type, dflt_value FROM pragma_table_info('{table}')"  # noqa: S608
            there = {name for name, _, _ in connection.execute(info)}
            for name, kind, default in model.execute(info).fetchall():
                if name not in there:
                    with_default = f"NOT NULL DEFAULT {default}" if default else ""
                    connection.execute(
                        f"ALTER TABLE {table} ADD COLUMN {name} {kind} {with_default}"
                    )


def _look_at_both_ends(connection: sqlite3.Connection) -> None:
    """Of every table: to read all of a million tickets would keep the lanes waiting."""
    names = connection.execute(_TABLES)
    for (table,) in names.fetchall():
        for order in ("ASC", "DESC"):
            sql = f'SELECT * FROM "{table}" ORDER BY 1 {order} LIMIT 1'  # noqa: S608
            connection.execute(sql).fetchall()


def _distrust_cached(wal: Path) -> None:
    """The process before us may have died of a failed flush; what memory still has of the log is
    then more than the disk has, and what we append would lie behind a hole."""
    with wal.open("rb") as file:
        forget_cached(file.fileno())
