"""Facts on a disk that is full, read-only, hanging or failing, as a real file system shows it."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.clock import on_virtual_time
from support.crash import is_sound, tickets_in
from support.listening import until
from support.lossy_disk import Disk, lossy_disk
from support.program import ROOT
from support.samples import NOON

from admission.facts import Admitted
from runtime import outbox, rescue
from runtime.database import DamagedFile, Database, DiskFault
from runtime.outbox import Outbox

TROUBLES = [Disk.fail_next_flush, Disk.fill, Disk.turn_read_only]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with lossy_disk(tmp_path) as one:
        yield one


@pytest.fixture
async def box(disk: Disk) -> AsyncIterator[Outbox]:
    async with Database(disk.mount / "gate.db", outbox.SCHEMA) as database:
        yield Outbox(database, "gate-1")
        disk.be_well()


def admitted(ticket: int) -> Admitted:
    return Admitted(ticket, "museum", "North", 1)


async def told(box: Outbox, *tickets: int) -> list[int]:
    """Tell them all at once; their numbers."""
    return [f.number for f in await asyncio.gather(*(box.tell(admitted(t), NOON) for t in tickets))]


async def fault(box: Outbox, *tickets: int) -> DiskFault:
    """Tell them all at once; the fault that all of them get."""
    outcomes = await asyncio.gather(
        *(box.tell(admitted(t), NOON) for t in tickets), return_exceptions=True
    )
    faults = [outcome for outcome in outcomes if isinstance(outcome, DiskFault)]
    assert len(faults) == len(tickets)
    return faults[0]


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_nobody_is_told_that_it_was_stored_and_later_it_goes_on(
    disk: Disk, box: Outbox, trouble: Callable[[Disk], None]
) -> None:
    assert await told(box, 1, 2) == [1, 2]
    trouble(disk)
    await fault(box, 3, 4, 5)
    assert [fact.ticket for fact in box.after(0)] == [1, 2]
    assert not box.pending(3)
    assert box.waiting == 2
    disk.be_well()
    assert await told(box, 6, 7) == [3, 4]
    disk.cut()
    assert tickets_in(disk.platter / "gate.db") == [1, 2, 6, 7]
    assert is_sound(disk.platter / "gate.db")


@pytest.mark.parametrize(
    ("trouble", "problem", "hint"),
    [
        (Disk.fail_next_flush, "disk I/O error", "replace the card"),
        (Disk.fill, "the disk is full", "free space"),
        (Disk.turn_read_only, "cannot be written", "went read-only by itself"),
    ],
)
async def test_the_operator_hears_what_is_wrong_with_which_file_and_what_to_do(
    disk: Disk, box: Outbox, trouble: Callable[[Disk], None], problem: str, hint: str
) -> None:
    await told(box, 1)
    trouble(disk)
    said = await fault(box, 2)
    assert problem in said.problem
    assert str(disk.mount / "gate.db") in said.problem
    assert hint in said.hint


@pytest.mark.parametrize("trouble", [Disk.fill, Disk.turn_read_only])
async def test_as_long_as_the_disk_is_unwell_nothing_is_stored(
    disk: Disk, box: Outbox, trouble: Callable[[Disk], None]
) -> None:
    trouble(disk)
    for ticket in (1, 2, 3):
        await fault(box, ticket)
    assert box.after(0) == []


async def test_two_flushes_that_fail_are_two_faults(disk: Disk, box: Outbox) -> None:
    """The second one hits the healing itself."""
    await told(box, 1)
    for ticket in (2, 3):
        disk.fail_next_flush()
        await fault(box, ticket)
    assert await told(box, 4) == [2]
    disk.cut()
    assert tickets_in(disk.platter / "gate.db") == [1, 4]


async def test_what_a_failed_write_left_does_not_come_back_after_a_power_cut(
    disk: Disk, box: Outbox
) -> None:
    """Also when it was longer than what is written after it."""
    await told(box, 1)
    disk.fail_next_flush()
    await fault(box, *range(100, 200))
    await told(box, 2)
    disk.cut(seed=7)
    assert tickets_in(disk.platter / "gate.db") == [1, 2]


async def test_while_a_flush_hangs_reads_go_on_and_then_all_who_wait_are_stored(
    disk: Disk, box: Outbox
) -> None:
    await told(box, 1)
    disk.hang()
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        first = group.create_task(box.tell(admitted(2), NOON))
        await until(lambda: disk.flushes_waiting() > 0)
        second = group.create_task(box.tell(admitted(3), NOON))
        await asyncio.sleep(0)
        assert [fact.ticket for fact in box.after(0)] == [1]
        assert box.pending(2)
        assert not first.done()
        disk.be_well()
    assert (first.result().number, second.result().number) == (2, 3)


async def test_who_does_not_wait_for_a_hanging_disk_leaves_a_fact_that_is_stored_later(
    disk: Disk, box: Outbox
) -> None:
    await told(box, 1)
    disk.hang()
    impatient = asyncio.create_task(box.tell(admitted(2), NOON))
    await until(lambda: disk.flushes_waiting() > 0)
    impatient.cancel()
    await asyncio.wait([impatient])
    disk.be_well()
    assert await told(box, 3) == [3]
    assert [fact.ticket for fact in box.after(0)] == [1, 2, 3]


class Hasty(Database):
    close_within_s = 0.05


async def test_closing_does_not_wait_for_ever_for_a_disk_that_hangs(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    async with asyncio.timeout(30), Hasty(disk.mount / "gate.db", outbox.SCHEMA) as database:
        disk.hang()
        writing = database.begin(lambda c: outbox.set_mark(c, "x", 1))
        await until(lambda: disk.flushes_waiting() > 0)
    assert "does not answer" in caplog.text
    disk.be_well()
    await writing


ENDING = """
import asyncio, atexit, sys
from pathlib import Path
from runtime import outbox, rescue
from runtime.database import Database

class Hasty(Database):
    close_within_s = float(sys.argv[3])

async def main():
    async with Hasty(Path(sys.argv[1]), outbox.SCHEMA) as database:
        database.begin(lambda c: outbox.set_mark(c, "x", int(sys.argv[2])))
        await asyncio.to_thread(sys.stdin.readline)

atexit.register(print, "ended", flush=True)
asyncio.run(main())
"""


def test_a_daemon_whose_disk_hangs_can_end(disk: Disk) -> None:
    """As far as it is up to us: the kernel keeps what is left of it until the disk answers."""
    command = [sys.executable, "-c", ENDING, str(disk.mount / "gate.db")]
    assert subprocess.run(
        [*command, "1", "60"], cwd=ROOT, check=True, stdout=subprocess.PIPE, input=b"\n"
    ).stdout
    disk.hang()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([*command, "2", "0.05"], cwd=ROOT, **pipes) as process:
        assert process.stdin is not None and process.stdout is not None
        while not disk.flushes_waiting():
            assert process.poll() is None
        process.stdin.write(b"\n")
        process.stdin.flush()
        last_words, waiting = process.stdout.readline(), disk.flushes_waiting()
        disk.be_well()
    assert (last_words, waiting) == (b"ended\n", 1)
    assert process.returncode == 0


@pytest.mark.parametrize("trouble", [Disk.fill, Disk.turn_read_only])
async def test_a_start_on_such_a_disk_is_a_fault(
    disk: Disk, trouble: Callable[[Disk], None]
) -> None:
    trouble(disk)
    with pytest.raises(DiskFault, match=str(disk.mount)):
        async with Database(disk.mount / "gate.db", outbox.SCHEMA):
            pass


@on_virtual_time
async def _stands_in_until_it_is_back(disk: Disk, trouble: Callable[[Disk], None]) -> None:
    path = disk.mount / "gate.db"
    async with Database(path, outbox.SCHEMA) as database:
        await Outbox(database, "gate-1").tell(admitted(1), NOON)
    trouble(disk)
    async with rescue.opened(path, outbox.SCHEMA) as stand_in:
        box = Outbox(stand_in, "gate-1")
        assert box.after(0) == []
        assert str(path) in str(await fault(box, 2))
        watching = asyncio.create_task(stand_in.watch())
        await asyncio.sleep(60)
        assert not watching.done()
        disk.be_well()
        with pytest.raises(DiskFault, match="can be opened again"):
            await watching
    async with rescue.opened(path, outbox.SCHEMA) as database:
        assert await told(Outbox(database, "gate-1"), 3) == [2]


@pytest.mark.parametrize("trouble", [Disk.fill, Disk.turn_read_only])
def test_a_daemon_lives_without_the_disk_until_it_is_back(
    disk: Disk, trouble: Callable[[Disk], None]
) -> None:
    _stands_in_until_it_is_back(disk, trouble)


async def test_a_bug_in_a_transaction_is_no_disk_fault_and_stores_nothing(tmp_path: Path) -> None:
    def work(connection: sqlite3.Connection) -> None:
        outbox.set_mark(connection, "x", 1)
        connection.execute("SELECT no_such_column FROM mark")

    async with Database(tmp_path / "gate.db", outbox.SCHEMA) as database:
        with pytest.raises(sqlite3.OperationalError):
            await database.write(work)
        assert outbox.get_mark(database, "x") == 0
        await database.write(lambda c: outbox.set_mark(c, "x", 2))
        assert outbox.get_mark(database, "x") == 2


async def test_damage_found_at_work_ends_the_daemon_and_the_next_start_knows(
    tmp_path: Path,
) -> None:
    path = tmp_path / "gate.db"
    async with Database(path, outbox.SCHEMA) as database:
        box = Outbox(database, "gate-1")
        for first in range(0, 400, 100):
            await told(box, *range(first + 1, first + 101))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("rb+") as file:
        middle = path.stat().st_size // 2 // 4096 * 4096
        file.seek(middle)
        file.write(bytes(8 * 4096))
    async with Database(path, outbox.SCHEMA) as database:
        with pytest.raises(DamagedFile):
            Outbox(database, "gate-1").after(0, 1000)
        with pytest.raises(DamagedFile):
            await database.watch()
    with pytest.raises(DamagedFile, match="while it was in use"):
        async with Database(path, outbox.SCHEMA):
            pass
