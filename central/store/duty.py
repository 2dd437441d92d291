"""What only one worker at a time does: publish the feed, take facts, tidy.

Nothing that is right or wrong depends on it: places, numbers and facts are guarded by row locks.
It spares the work of doing everything twice, and keeps the messages of the feed in order. The
worker on duty holds a lock that the database, or the kernel, takes away when the worker dies; the
others ask for it every second.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, func, select

from central.store.database import Database, DatabaseDown
from central.store.engine import ON_DUTY
from central.sync import feed
from runtime.log import Repeats

log = logging.getLogger("wicket.central")

ASK_EVERY_S = 1.0
LOOK_EVERY_S = 0.25


class Duty(Protocol):
    """A claim to the one duty of a database. All but `lost` block."""

    def take(self) -> bool:
        """False while another has it. Raises OperationalError."""

    async def lost(self, database: Database) -> DatabaseDown:
        """How it was lost, as soon as it is. Until then it tells what other workers write."""

    def close(self) -> None:
        """Give it back, if taken."""


def duty_of(engine: Engine) -> Duty:
    if engine.dialect.name == "postgresql":
        return _AdvisoryLock(engine)
    return _FileLock(engine.url.database)


async def take_turns(database: Database, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do `work` whenever it is this worker's turn: the first one begins, another goes on when
    that one has died. Never returns, nor does `work`."""
    repeats = Repeats(log)
    while True:
        try:
            with closing(duty_of(database.engine)) as duty:
                if await database.aside(duty.take):
                    log.info("on duty: this worker publishes the feed, takes facts and tidies")
                    repeats.healed("the database is back")
                    async with asyncio.TaskGroup() as group:
                        working = group.create_task(work(), name="on duty")
                        repeats.failed(f"off duty: {await duty.lost(database)}")
                        working.cancel()
        except DatabaseDown as down:
            repeats.failed(f"no worker is on duty: {down}")
        await asyncio.sleep(ASK_EVERY_S)


class _AdvisoryLock:
    """A session's advisory lock of PostgreSQL: gone with the connection that took it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    def take(self) -> bool:
        self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        return bool(self._connection.scalar(select(func.pg_try_advisory_lock(ON_DUTY))))

    async def lost(self, database: Database) -> DatabaseDown:
        connection, seen = self._connection, 0
        assert connection is not None
        while True:
            try:
                head = await database.aside(lambda: feed.head(connection))
            except DatabaseDown as down:
                return down
            if head != seen:
                seen = head
                database.written.set()
            await asyncio.sleep(LOOK_EVERY_S)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()


class _FileLock:
    """A lock of the kernel on a file beside the SQLite file; a database in memory needs none."""

    def __init__(self, database: str | None) -> None:
        self._path = Path(f"{database}.lock") if database else None
        self._file: int | None = None

    def take(self) -> bool:
        if self._path is None:
            return True
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    async def lost(self, database: Database) -> DatabaseDown:
        """Never: nobody takes it away."""
        never: asyncio.Future[DatabaseDown] = asyncio.get_running_loop().create_future()
        return await never

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
