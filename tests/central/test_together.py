"""Writes that share a commit: each as if it were alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, func, insert, select
from sqlalchemy.exc import IntegrityError
from support.central import empty_sqlite
from support.listening import PATIENCE_S

from central.store.database import Database
from central.store.schema import sequence
from central.sync import feed


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(empty_sqlite(tmp_path / "central.sqlite")) as database:
        yield database


def count(connection: Connection) -> int:
    """One more; how many there are now."""
    new = feed.last_taken(connection, "gate-1") + 1
    feed.take_up_to(connection, "gate-1", new)
    return new


async def test_many_writes_share_few_commits(database: Database) -> None:
    commits: list[Connection] = []
    event.listen(database.engine, "commit", commits.append)
    numbers = await asyncio.gather(*(database.write(count) for _ in range(50)))
    assert numbers == list(range(1, 51))
    assert len(commits) <= 3


async def test_one_that_fails_takes_nothing_along(database: Database) -> None:
    def fail(connection: Connection) -> int:
        count(connection)
        raise LookupError

    works = [count, fail, count, fail, count]
    told = await asyncio.gather(*map(database.write, works), return_exceptions=True)
    assert [type(one) for one in told] == [int, LookupError, int, LookupError, int]
    assert await database.read(lambda c: feed.last_taken(c, "gate-1")) == 3


async def test_what_the_database_refuses_is_told_to_whom_it_concerns(database: Database) -> None:
    def twice(connection: Connection) -> None:
        rows = [{"device": "x", "last": 1}] * 2
        for row in rows:
            connection.execute(insert(sequence), row)

    told = await asyncio.gather(
        *map(database.write, [count, count, twice, count]), return_exceptions=True
    )
    assert [type(one) for one in told] == [int, int, IntegrityError, int]
    here = select(func.count()).select_from(sequence).where(sequence.c.device == "x")
    assert await database.read(lambda c: c.scalar(here)) == 0
    assert await database.read(lambda c: feed.last_taken(c, "gate-1")) == 3


async def test_who_stops_waiting_stops_no_other(database: Database) -> None:
    writes = [asyncio.ensure_future(database.write(count)) for _ in range(10)]
    await asyncio.sleep(0)
    for write in writes[::2]:
        write.cancel()
    told = await asyncio.gather(*writes, return_exceptions=True)
    assert [isinstance(one, int) for one in told] == [False, True] * 5
    assert await database.read(lambda c: feed.last_taken(c, "gate-1")) == 10


async def test_who_waits_when_the_database_is_closed_waits_for_nothing(tmp_path: Path) -> None:
    begun, go = threading.Event(), threading.Event()

    def slow(connection: Connection) -> int:
        begun.set()
        assert go.wait(PATIENCE_S)
        return count(connection)

    async with Database(empty_sqlite(tmp_path / "central.sqlite")) as database:
        first = asyncio.ensure_future(database.write(slow))
        await asyncio.to_thread(begun.wait, PATIENCE_S)
        later = asyncio.ensure_future(database.write(count))
        await asyncio.sleep(0)
        go.set()
    async with asyncio.timeout(30):
        told = await asyncio.gather(first, later, return_exceptions=True)
    assert told[0] == 1
    assert isinstance(told[1], asyncio.CancelledError)
