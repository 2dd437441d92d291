"""The outbox on a real SQLite file: durable, in order, sent until acknowledged."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event

import pytest
from support.bus import running
from support.clock import on_virtual_time
from support.listening import settle, until
from support.paper_bus import PaperBus
from support.samples import NOON

from admission.facts import Admitted, Fact
from runtime import outbox
from runtime.database import Database
from runtime.outbox import Outbox, Standing

DEVICE = "gate-1"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(tmp_path / "gate.db", outbox.SCHEMA) as opened:
        yield opened


def entry(ticket: int) -> Admitted:
    return Admitted(ticket, "museum", "North 1", 1)


async def test_facts_are_numbered_in_the_order_told(database: Database) -> None:
    box = Outbox(database, DEVICE)
    told = await asyncio.gather(*(box.tell(entry(n), NOON) for n in range(1, 31)))
    assert [fact.number for fact in told] == list(range(1, 31))
    assert box.after(0) == told
    assert box.after(10, limit=2) == told[10:12]


async def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    for first in (1, 3):
        async with Database(tmp_path / "gate.db", outbox.SCHEMA) as database:
            box = Outbox(database, DEVICE)
            numbers = [(await box.tell(entry(n), NOON)).number for n in (1, 2)]
            assert numbers == [first, first + 1]


async def test_the_same_fact_heard_twice_is_stored_once(database: Database) -> None:
    fact = Fact("gate-2", 1, NOON, entry(1))
    for _ in range(2):
        await database.write(lambda connection: outbox.insert(connection, [fact]))
    assert database.read("SELECT count(*) FROM fact") == [(1,)]


async def told(database: Database, count: int) -> Outbox:
    box = Outbox(database, DEVICE)
    await asyncio.gather(*(box.tell(entry(n), NOON) for n in range(1, count + 1)))
    return box


async def test_an_ack_that_comes_late_or_of_facts_never_told_changes_nothing(
    database: Database,
) -> None:
    box = await told(database, 6)
    believed = [await box.acknowledge(number) for number in (5, 3, 7, 5)]
    assert believed == [True, False, False, True]
    assert Outbox(database, DEVICE).acknowledged == 5


async def test_an_ack_of_another_central_is_not_believed_before_that_is_asked(
    database: Database,
) -> None:
    box = await told(database, 6)
    assert await box.acknowledge(5, 1)
    assert not await box.acknowledge(6, 2)
    await box.agree(Standing(2, 2), before=5)
    again = Outbox(database, DEVICE)
    assert (again.acknowledged, again.epoch, again.waiting) == (2, 2, 4)
    assert not await again.acknowledge(6, 1)
    assert await again.acknowledge(6, 2)


async def test_what_central_says_it_had_before_an_ack_is_no_loss(database: Database) -> None:
    box = await told(database, 6)
    await box.acknowledge(6)
    await box.agree(Standing(4), before=4)
    assert box.acknowledged == 6
    await box.agree(Standing(4), before=6)
    assert box.acknowledged == 4


async def test_a_device_that_lost_its_memory_goes_on_after_what_central_had(
    database: Database,
) -> None:
    await Outbox(database, DEVICE).agree(Standing(41), before=0)
    box = Outbox(database, DEVICE)
    assert (await box.tell(entry(1), NOON)).number == 42
    assert box.waiting == 1


async def test_what_was_told_before_central_spoke_of_an_earlier_disk_is_still_sent(
    tmp_path: Path,
) -> None:
    async with delivering(tmp_path) as (box, bus):
        await box.tell(entry(1), NOON)
        await box.agree(Standing(3), before=0)
        await box.tell(entry(1), NOON)
        await until(lambda: any(4 in numbers for _, numbers in bus.numbers))
        assert {n for _, numbers in bus.numbers for n in numbers} == {1, 2, 3, 4}
        assert await box.acknowledge(4)


async def test_a_fact_counts_before_it_is_on_the_disk(database: Database) -> None:
    box = Outbox(database, DEVICE)
    async with asyncio.TaskGroup() as group:
        telling = group.create_task(box.tell(entry(7), NOON))
        await asyncio.sleep(0)
        assert [fact.ticket for fact in box.pending(7)] == [7]
        assert not box.pending(8)
    assert not box.pending(7)
    assert box.after(0) == [telling.result()]


async def test_a_full_disk_tells_nobody_that_it_was_stored(database: Database) -> None:
    box = Outbox(database, DEVICE)
    await database.write(lambda connection: connection.execute("PRAGMA max_page_count = 1"))
    with pytest.raises(Exception, match="full"):
        for _ in range(1000):
            await asyncio.gather(*(box.tell(entry(1), NOON) for _ in range(50)))
    stored = {fact.number for fact in box.after(0, 10**6)}
    assert stored == set(range(1, len(stored) + 1))


@asynccontextmanager
async def delivering(folder: Path) -> AsyncIterator[tuple[Outbox, PaperBus]]:
    bus = PaperBus()
    async with Database(folder / "gate.db", outbox.SCHEMA) as database:
        box = Outbox(database, DEVICE)
        async with running(box.deliver(bus, "facts")):
            yield box, bus


@on_virtual_time
async def test_while_central_is_silent_everything_is_sent_again_however_busy_we_are(
    tmp_path: Path,
) -> None:
    async with delivering(tmp_path) as (box, bus):
        for second in range(12):
            await box.tell(entry(second), NOON)
            await asyncio.sleep(1)
        everything = [numbers for _, numbers in bus.numbers if numbers[0] == 1]
        assert [numbers[-1] for numbers in everything[1:]] == [5, 10]


@on_virtual_time
async def test_what_is_acknowledged_is_not_sent_again(tmp_path: Path) -> None:
    async with delivering(tmp_path) as (box, bus):
        for n in (1, 2, 3):
            await box.tell(entry(n), NOON)
        await box.acknowledge(2)
        await asyncio.sleep(60)
        assert {n for time, numbers in bus.numbers for n in numbers if time > 0} == {3}
        await box.acknowledge(3)
        before = len(bus.sent)
        await asyncio.sleep(60)
        assert len(bus.sent) == before


@on_virtual_time
async def test_what_central_lost_is_sent_again(tmp_path: Path) -> None:
    async with delivering(tmp_path) as (box, bus):
        for n in (1, 2, 3):
            await box.tell(entry(n), NOON)
        await box.acknowledge(3)
        bus.sent.clear()
        await box.agree(Standing(1, 2), before=3)
        await settle()
        assert bus.numbers == [(0.0, [2, 3])]


@on_virtual_time
async def test_a_new_connection_is_told_at_once_what_is_not_acknowledged(tmp_path: Path) -> None:
    async with delivering(tmp_path) as (box, bus):
        for n in (1, 2):
            await box.tell(entry(n), NOON)
        await settle()
        bus.sent.clear()
        box.send_again()
        await settle()
        assert bus.numbers == [(0.0, [1, 2])]


@on_virtual_time
async def test_what_is_too_much_for_one_message_is_sent_in_several(tmp_path: Path) -> None:
    """A broker throws a larger one away, and says that it took it."""
    async with delivering(tmp_path) as (box, bus):
        for n in range(5):
            await box.tell(Admitted(n, "museum", "x" * 400_000, 1), NOON)
        await settle()
        bus.sent.clear()
        box.send_again()
        await settle()
        assert [numbers for _, numbers in bus.numbers] == [[1, 2], [3], [4, 5]]


@on_virtual_time
async def test_in_the_place_of_facts_that_perished_their_numbers_are_sent(tmp_path: Path) -> None:
    """Central takes facts in order, and sets aside what it cannot read."""
    async with Database(tmp_path / "gate.db", outbox.SCHEMA) as database:
        rescued = [Fact(DEVICE, number, NOON, entry(1)) for number in (1, 2, 5, 500)]
        await database.write(lambda connection: outbox.insert(connection, rescued))
    async with delivering(tmp_path) as (_, bus):
        await settle()
        assert [n for _, numbers in bus.numbers for n in numbers] == list(range(1, 501))
        assert max(len(numbers) for _, numbers in bus.numbers) == outbox.BATCH


KILLED = """
import asyncio, sys
from pathlib import Path
from threading import Event
from support.paper_bus import PaperBus
from support.samples import NOON
from admission.facts import Admitted
from runtime import outbox
from runtime.database import Database
from runtime.outbox import Outbox

async def main():
    async with Database(Path(sys.argv[1]), outbox.SCHEMA) as database:
        box = Outbox(database, "gate-1")
        while True:
            fact = await box.tell(Admitted(1, "museum", "n", 1), NOON)
            print(fact.number, flush=True)

asyncio.run(main())
"""


def test_what_was_told_survives_kill_9(tmp_path: Path) -> None:
    """Five times: read acknowledged numbers for a while, kill, look."""
    root = Path(__file__).parents[2]
    last = 0
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path / "gate.db")],
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": f"{root}:{root / 'tests'}"},
            text=True,
        ) as process:
            assert process.stdout is not None
            for _ in range(20):
                last = int(process.stdout.readline())
            process.kill()
            rest = process.stdout.read().split("\n")[:-1]
            last = int(rest[-1]) if rest else last
        numbers = asyncio.run(_stored(tmp_path / "gate.db"))
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= last


async def _stored(path: Path) -> list[int]:
    async with Database(path, outbox.SCHEMA) as database:
        return [fact.number for fact in Outbox(database, DEVICE).after(0, 10**6)]


async def test_what_is_told_as_the_database_closes_is_left_as_by_a_power_cut(
    tmp_path: Path,
) -> None:
    async with Database(tmp_path / "gate.db", outbox.SCHEMA) as database:
        box = Outbox(database, "gate-1")
        first = box.begin(Admitted(7, "museum", "North", 1), NOON)
        second = box.begin(Admitted(8, "museum", "North", 1), NOON)
    await first
    late = database.begin(lambda connection: None)
    async with asyncio.timeout(30):
        await asyncio.wait([late])
    assert late.cancelled()
    assert not second.done()


async def test_who_reads_while_the_database_closes_gets_an_error(tmp_path: Path) -> None:
    """SQLite crashes when a connection is closed under one who uses it."""
    goes_on = Event()
    async with asyncio.TaskGroup() as group:
        database = await Database(tmp_path / "gate.db", outbox.SCHEMA).__aenter__()
        busy = database.begin(lambda connection: goes_on.wait())
        closing = group.create_task(database.__aexit__(None, None, None))
        await settle()
        assert not closing.done()
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            database.read("SELECT 1")
        goes_on.set()
        assert await busy
