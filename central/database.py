"""One database: reads in parallel, writes each as one durable transaction, both off the loop.

Work is a plain function of a connection, so a transaction costs one hop to a thread and reads
like what it does. On SQLite a write takes the one lock at its beginning (BEGIN IMMEDIATE), so it
never fails half-way; elsewhere rows are locked by SELECT … FOR UPDATE.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError

T = TypeVar("T")
Work: TypeAlias = Callable[[Connection], T]

BUSY_TIMEOUT_MS = 5000
READERS = 4
WRITERS = 8


class DatabaseDown(Exception):
    """The database cannot be reached or written to. The message is for the operator."""


class Database:
    """`url` is an SQLAlchemy URL. Opening it brings the schema up to date."""

    def __init__(self, url: str) -> None:
        self.written = asyncio.Event()
        """Set after every write; whoever waits for news clears it."""
        self.engine = make_engine(url)
        self._writing = self.engine.execution_options(wicket_writes=True)

    async def __aenter__(self) -> Self:
        writers = 1 if self.engine.dialect.name == "sqlite" else WRITERS
        self._writers = ThreadPoolExecutor(writers, thread_name_prefix="central-write")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="central-read")
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
        return await self._in(self._readers, lambda: _transact(self.engine, work))

    async def write(self, work: Work[T]) -> T:
        """Run `work` as one transaction, on the disk when this returns. Raises DatabaseDown."""
        result = await self._in(self._writers, lambda: _transact(self._writing, work))
        self.written.set()
        return result

    async def _in(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, work)
        except OperationalError as error:
            raise DatabaseDown(
                f"database {self.engine.url!r}: {error.orig}; is the disk full or read-only, "
                "is the database server running?"
            ) from error


def make_engine(url: str) -> Engine:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest revision."""
    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    with engine.execution_options(wicket_writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _transact(engine: Engine, work: Work[T]) -> T:
    with engine.begin() as connection:
        return work(connection)


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver shall not begin transactions of its own
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("wicket_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
