"""One database: reads in parallel, writes each as one durable transaction, both off the loop.

Work is a plain function of a connection, so a transaction costs one hop to a thread and reads
like what it does. It may be run again, when PostgreSQL asks for that: it has no effect but on its
connection. On SQLite a write takes the one lock at its beginning (BEGIN IMMEDIATE), so it never
fails half-way, and writes that wait at the same time share a commit (together.py); on PostgreSQL
rows are locked by SELECT … FOR UPDATE.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeAlias, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from central.store.engine import make_engine
from central.store.revisions import migrate
from central.store.together import Together

__all__ = ["Database", "DatabaseDown", "Work", "faults_of", "make_engine", "migrate"]

log = logging.getLogger("wicket.central")

T = TypeVar("T")
Work: TypeAlias = Callable[[Connection], T]

READERS = 4
WRITERS = 8
TRIES = 6
LONGEST_PAUSE_S = 0.05
AGAIN = {"40001": "serialization", "40P01": "deadlock", "23505": "unique"}
"""SQLSTATEs of PostgreSQL after which the same transaction may well succeed: another one was
first. The last one is what a check before an insert cannot see."""


class DatabaseDown(Exception):
    """The database cannot be reached or written to. The message is for the operator."""


class Database:
    """`url` is an SQLAlchemy URL. Opening it brings the schema up to date."""

    def __init__(self, url: str) -> None:
        self.written = asyncio.Event()
        """Set after every write; whoever waits for news clears it."""
        self.engine = make_engine(url, connections=READERS + WRITERS + 1)
        self.shared = self.engine.dialect.name == "postgresql"
        """Whether other workers may work on it too."""
        self._writing = self.engine.execution_options(wicket_writes=True)
        self._reading = self.engine
        if self.shared:
            self._reading = self.engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    async def __aenter__(self) -> Self:
        alone = not self.shared
        self._writers = ThreadPoolExecutor(1 if alone else WRITERS, "central-write")
        self._readers = ThreadPoolExecutor(READERS, "central-read")
        self._together = Together(self._writing, self._writers, _transact) if alone else None
        await self._in(self._writers, lambda: migrate(self.engine))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._writers.shutdown()
        self._readers.shutdown()
        self.engine.dispose()

    async def read(self, work: Work[T]) -> T:
        """Run `work` on what is committed. Raises DatabaseDown."""
        return await self._in(self._readers, lambda: _transact(self._reading, work))

    async def write(self, work: Work[T]) -> T:
        """Run `work` as one transaction, on the disk when this returns. Raises DatabaseDown."""
        if self._together:
            with faults_of(self.engine):
                result = await self._together.write(work)
        else:
            result = await self._in(self._writers, lambda: _transact(self._writing, work))
        self.written.set()
        return result

    async def aside(self, work: Callable[[], T]) -> T:
        """Run what has a connection of its own, off the loop. Raises DatabaseDown."""
        return await self._in(self._readers, work)

    async def _in(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        with faults_of(self.engine):
            return await asyncio.get_running_loop().run_in_executor(threads, work)


@contextmanager
def faults_of(engine: Engine) -> Iterator[None]:
    """What is no fault of the program comes out of the block as DatabaseDown."""
    try:
        yield
    except DBAPIError as error:
        if isinstance(error, OperationalError) or error.connection_invalidated:
            raise DatabaseDown(f"database {engine.url!r}: {_reason(error)}") from error
        raise


def _transact(engine: Engine, work: Work[T]) -> T:
    for left in reversed(range(TRIES)):
        committing = False
        try:
            with engine.begin() as connection:
                result = work(connection)
                committing = True
            return result
        except DBAPIError as error:
            if not left or not _may_succeed_now(error, committing=committing):
                raise
            log.debug("transaction is tried again: %s", error.orig)
        time.sleep(random.uniform(0, LONGEST_PAUSE_S))  # noqa: S311 - no secret
    raise AssertionError


def _may_succeed_now(error: DBAPIError, *, committing: bool) -> bool:
    """Nothing was committed, and trying again is no waste. A connection that was lost during the
    commit leaves that open: then the client asks again, with the same Idempotency-Key."""
    return _state(error) in AGAIN or (error.connection_invalidated and not committing)


def _state(error: DBAPIError) -> str | None:
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state


def _reason(error: DBAPIError) -> str:
    said = str(error.orig).strip()
    if _state(error) in AGAIN:
        return f"{said}; other transactions were in the way {TRIES} times in a row"
    return (
        f"{said}; is the disk full or read-only, is the database server running, "
        "are [database] name, user and password right?"
    )
