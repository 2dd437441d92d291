"""Writes that wait at the same time share one commit, for a commit waits for the disk.

Each is a savepoint within the common transaction, so one that fails takes nothing along. All are
answered when the commit is on the disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

T = TypeVar("T")
Transact = Callable[[Engine, Callable[[Connection], Any]], Any]
MOST = 64
"""Writes in one transaction, so that none waits long for the others."""


@dataclass(frozen=True)
class _Outcome:
    """What came of a write: its value, or what it raised."""

    value: Any = None
    error: Exception | None = None


@dataclass(frozen=True)
class _Job:
    work: Callable[[Connection], Any]
    told: asyncio.Future[Any]


class Together:
    """The one writer of a database; `transact` runs a work as a transaction of its own."""

    def __init__(self, engine: Engine, thread: ThreadPoolExecutor, transact: Transact) -> None:
        self._engine, self._thread, self._transact = engine, thread, transact
        self._waiting: list[_Job] = []
        self._busy = False

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work`; on the disk when this returns. Raises what it raises; who waits while the
        database is closed is cancelled."""
        job = _Job(work, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        if not self._busy:
            self._start()
        value: T = await job.told
        return value

    def _start(self) -> None:
        jobs, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        works = [job.work for job in jobs]
        try:
            running = asyncio.get_running_loop().run_in_executor(self._thread, self._run, works)
        except RuntimeError:  # the database was closed
            for job in (*jobs, *self._waiting):
                job.told.cancel()
            return
        self._busy = True
        running.add_done_callback(lambda done: self._tell(jobs, done.result()))

    def _tell(self, jobs: Sequence[_Job], outcomes: Sequence[_Outcome]) -> None:
        self._busy = False
        if self._waiting:
            self._start()
        for job, outcome in zip(jobs, outcomes, strict=True):
            if job.told.cancelled():
                continue
            if outcome.error:
                job.told.set_exception(outcome.error)
            else:
                job.told.set_result(outcome.value)

    def _run(self, works: Sequence[Callable[[Connection], Any]]) -> list[_Outcome]:
        if len(works) > 1:
            try:
                with self._engine.begin() as connection:
                    return [_within(connection, work) for work in works]
            except DBAPIError:
                pass  # whose fault it is shows when each has a transaction of its own
        return [self._alone(work) for work in works]

    def _alone(self, work: Callable[[Connection], Any]) -> _Outcome:
        try:
            return _Outcome(self._transact(self._engine, work))
        except Exception as error:
            return _Outcome(error=error)


def _within(connection: Connection, work: Callable[[Connection], Any]) -> _Outcome:
    try:
        with connection.begin_nested():
            return _Outcome(work(connection))
    except DBAPIError:
        raise
    except Exception as error:
        return _Outcome(error=error)
