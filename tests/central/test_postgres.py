"""What only PostgreSQL does: transactions in parallel, connections that are cut."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from itertools import count

import pytest
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from support.bus import running
from support.central import MUSEUM, Client
from support.listening import PATIENCE_S, until
from support.postgres import Postgres

from central.sale import drafts
from central.sale.drafts import Draft
from central.sale.states import By
from central.staff import people
from central.staff.people import Member
from central.staff.roles import Role
from central.store.database import Database, DatabaseDown
from central.store.duty import take_turns
from central.store.schema import sequence
from central.sync import feed


@pytest.fixture
async def database(server: Postgres) -> AsyncIterator[Database]:
    async with Database(server.fresh()) as database:
        yield database


def last(connection: Connection) -> dict[str, int]:
    return {row.device: row.last for row in connection.execute(select(sequence))}


async def test_of_two_that_lock_each_other_out_one_is_tried_again(database: Database) -> None:
    for name in "ab":
        await database.write(partial(feed.take_up_to, device=name, number=1))
    both = threading.Barrier(2)
    tries: list[str] = []

    def count_up(connection: Connection, first: str, second: str) -> None:
        tries.append(first)
        for name in (first, second):
            row = update(sequence).where(sequence.c.device == name)
            connection.execute(row.values(last=sequence.c.last + 1))
            if name == first and len(tries) <= 2:
                both.wait(PATIENCE_S)

    await asyncio.gather(
        database.write(partial(count_up, first="a", second="b")),
        database.write(partial(count_up, first="b", second="a")),
    )
    assert len(tries) == 3
    assert await database.read(last) == {"a": 3, "b": 3}


async def test_nobody_waits_for_the_old_cart_that_another_takes_up(database: Database) -> None:
    old, now = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, 9, tzinfo=UTC)

    def touch(connection: Connection, name: str, at: datetime) -> None:
        drafts.load(connection, name, at, lock=True)
        drafts.save(connection, Draft(), By(name, at))

    for name in ("anna", "ben"):
        hired = Member(name, Role.CASHIER)
        await database.write(
            partial(people.add, member=hired, hashed="", devices=(), by=By("", old))
        )
        await database.write(partial(touch, name=name, at=old))
    with database.engine.begin() as connection:
        drafts.load(connection, "ben", now, lock=True)
        async with asyncio.timeout(30):
            await database.write(partial(touch, name="anna", at=now))
        drafts.save(connection, Draft(language="de"), By("ben", now))
    kept = await database.read(partial(drafts.load, staff="ben", now=now))
    assert kept.draft.language == "de"


async def test_of_two_that_count_for_the_first_time_both_are_counted(database: Database) -> None:
    both = threading.Barrier(2)
    tries = count(1)

    def count_up(connection: Connection) -> None:
        if next(tries) <= 2:
            both.wait(PATIENCE_S)
        feed.take_up_to(connection, "gate-1", feed.last_taken(connection, "gate-1", lock=True) + 1)

    await asyncio.gather(database.write(count_up), database.write(count_up))
    assert await database.read(last) == {"gate-1": 2}


async def test_a_transaction_that_can_never_succeed_is_given_up(database: Database) -> None:
    def insert_twice(connection: Connection) -> None:
        connection.execute(insert(sequence), [{"device": "a", "last": 1}] * 2)

    with pytest.raises(IntegrityError):
        await database.write(insert_twice)
    assert await database.read(last) == {}


async def test_a_look_is_one_moment_and_writes_nothing(database: Database) -> None:
    await database.write(lambda c: feed.take_up_to(c, "a", 1))
    loop = asyncio.get_running_loop()

    def look_twice(connection: Connection) -> tuple[dict[str, int], dict[str, int]]:
        before = last(connection)
        writing = database.write(lambda c: feed.take_up_to(c, "a", 2))
        asyncio.run_coroutine_threadsafe(writing, loop).result(PATIENCE_S)
        return before, last(connection)

    assert await database.read(look_twice) == ({"a": 1}, {"a": 1})
    with pytest.raises(DBAPIError, match="read-only"):
        await database.read(lambda c: feed.take_up_to(c, "a", 3))


async def test_connections_that_were_cut_are_not_noticed(
    server: Postgres, database: Database
) -> None:
    url = database.engine.url.render_as_string()
    for number in range(1, 4):
        await database.write(partial(feed.take_up_to, device="a", number=number))
        assert await database.read(last) == {"a": number}
        assert server.cut(url) >= 1


async def test_a_server_that_is_gone_is_said(server: Postgres, database: Database) -> None:
    name = database.engine.url.database
    server.run(f"DROP DATABASE {name} WITH (FORCE)")
    with pytest.raises(DatabaseDown, match=f'"{name}" does not exist; .*server running'):
        await database.read(last)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_buyers_hear_that_the_database_is_gone(kiosk: Client, server: Postgres) -> None:
    server.run(f"DROP DATABASE {kiosk.api.database.engine.url.database} WITH (FORCE)")
    answer = await kiosk.reserve(1, MUSEUM, status=503)
    assert answer["code"] == "database_down"


async def test_a_password_is_not_logged() -> None:
    async with asyncio.timeout(30):
        with pytest.raises(DatabaseDown) as down:
            async with Database("postgresql://wicket:s3cret@127.0.0.1:1/wicket"):
                pass
    assert "s3cret" not in str(down.value)
    assert "127.0.0.1:1" in str(down.value)


async def test_who_lost_the_database_is_off_duty_and_another_takes_over(server: Postgres) -> None:
    url = server.fresh()
    turns: list[str] = []
    ended: list[str] = []

    async def work(name: str) -> None:
        turns.append(name)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    def next_turn(number: int) -> bool:
        return len(turns) >= number and ended == turns[:-1]

    async with (
        Database(url) as one,
        Database(url) as other,
        running(take_turns(one, partial(work, "one")), take_turns(other, partial(work, "other"))),
    ):
        for number in (1, 2, 3):
            await until(partial(next_turn, number))
            server.cut(url)
