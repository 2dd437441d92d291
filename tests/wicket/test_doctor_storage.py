"""The doctor's checks of the disk and what lies on it: real folders, real databases."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from support.examined import NOBODY, OK, WARNING, WRONG, levels, machine, said, write
from support.samples import NOON

from admission.facts import Fact, TicketPrinted
from runtime.database import Database
from runtime.outbox import SCHEMA, insert, set_mark
from wicket.doctor.storage import (
    SCARCE_BYTES,
    TOO_FEW_BYTES,
    database,
    flush_time,
    judge_flush,
    judge_room,
    mount_of,
    newest_fact,
    outbox,
    room,
    state_folder,
)

MOUNTS = """\
22 1 179:2 / / rw,noatime shared:1 - ext4 /dev/root rw
30 22 0:21 / /run rw,nosuid shared:5 - tmpfs tmpfs rw,size=1g
31 22 179:1 / /boot\\040firmware ro,relatime - vfat /dev/mmcblk0p1 ro
32 22 0:40 / /var/lib/wicket rw - overlay overlay rw
33 32 179:3 / /var/lib/wicket rw - ext4 /dev/mmcblk0p3 rw
"""


@pytest.mark.parametrize(
    ("path", "point", "kind", "read_only"),
    [
        ("/var/lib", "/", "ext4", False),
        ("/run/wicket", "/run", "tmpfs", False),
        ("/running", "/", "ext4", False),
        ("/boot firmware/x", "/boot firmware", "vfat", True),
        ("/var/lib/wicket/gate", "/var/lib/wicket", "ext4", False),
    ],
)
def test_the_mount_of_a_path_is_the_nearest_and_the_last(
    path: str, point: str, kind: str, read_only: bool
) -> None:
    mount = mount_of(Path(path), MOUNTS)
    assert (str(mount.point), mount.kind, mount.read_only) == (point, kind, read_only)


def test_a_folder_on_a_disk_is_ok(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    assert said(state_folder, machine(tmp_path)) == [(OK, f"{tmp_path}/state on ext4 at /")]


@pytest.mark.parametrize("kind", ["tmpfs", "overlay"])
def test_a_folder_that_forgets_is_wrong(tmp_path: Path, kind: str) -> None:
    (tmp_path / "state").mkdir()
    write(tmp_path / "proc/self/mountinfo", f"9 1 0:9 / {tmp_path} rw - {kind} x rw\n")
    ((level, what),) = said(state_folder, machine(tmp_path))
    assert level is WRONG
    assert kind in what


def test_a_read_only_mount_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    write(tmp_path / "proc/self/mountinfo", f"9 1 0:9 / {tmp_path} ro,noatime - ext4 x rw\n")
    assert said(state_folder, machine(tmp_path)) == [(WRONG, f"{tmp_path} is mounted read-only")]


def test_a_folder_that_the_daemon_may_not_write_to_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    expected = f"nobody may not write into {tmp_path}/state"
    assert said(state_folder, machine(tmp_path, NOBODY)) == [(WRONG, expected)]


def test_a_missing_folder_is_ok_only_if_the_daemon_can_make_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert levels(state_folder, machine(tmp_path)) == [OK]
    assert levels(state_folder, machine(tmp_path, NOBODY)) == [WRONG]


def test_free_room_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    ((_, what),) = said(room, machine(tmp_path))
    assert what.endswith("MB free")


@pytest.mark.parametrize(
    ("free", "level"),
    [(TOO_FEW_BYTES - 1, WRONG), (SCARCE_BYTES - 1, WARNING), (SCARCE_BYTES, OK)],
)
def test_little_room_is_a_warning_and_none_is_wrong(free: int, level: object) -> None:
    assert judge_room(free).level is level


def test_a_flush_is_timed_and_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    ((_, what),) = said(flush_time, machine(tmp_path))
    assert what.startswith("a flush takes ")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(("seconds", "level"), [(0.019, OK), (0.021, WARNING)])
def test_a_slow_flush_is_a_warning(seconds: float, level: object) -> None:
    assert judge_flush(seconds).level is level


def test_a_folder_that_nothing_can_be_written_to_is_wrong(tmp_path: Path) -> None:
    """/proc takes no file, whoever asks."""
    it = machine(tmp_path, state=Path("/proc/self"))
    assert levels(flush_time, it) == [WRONG]


def test_nothing_is_said_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    it = machine(tmp_path)
    for check in (room, flush_time, database, outbox):
        assert said(check, it) == []
    assert newest_fact(it) is None


async def with_facts(folder: Path, count: int, acknowledged: int = 0) -> None:
    async with Database(folder / "gate.db", SCHEMA) as file:
        facts = [
            Fact("gate-1", n, NOON + timedelta(seconds=n), TicketPrinted(n))
            for n in range(1, count + 1)
        ]
        await file.write(lambda connection: insert(connection, facts))
        await file.write(lambda connection: set_mark(connection, "acknowledged", acknowledged))


async def test_a_whole_database_is_ok(tmp_path: Path) -> None:
    await with_facts(tmp_path / "state", 3)
    ((level, what),) = said(database, machine(tmp_path))
    assert level is OK
    assert "is whole" in what


async def test_a_database_is_examined_while_its_daemon_writes(tmp_path: Path) -> None:
    it = machine(tmp_path)
    async with Database(tmp_path / "state/gate.db", SCHEMA) as file:
        facts = [Fact("gate-1", 1, NOON, TicketPrinted(1))]

        def insert_and_look(connection: sqlite3.Connection) -> list[object]:
            insert(connection, facts)
            return [*levels(database, it), *levels(outbox, it)]

        assert await file.write(insert_and_look) == [OK, OK]
        assert said(outbox, it) == [(OK, "1 facts wait for central")]


async def test_a_damaged_database_is_wrong(tmp_path: Path) -> None:
    await with_facts(tmp_path / "state", 3000)
    path = tmp_path / "state/gate.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    assert levels(database, machine(tmp_path)) == [WRONG]


async def test_a_database_that_was_set_aside_is_a_warning(tmp_path: Path) -> None:
    await with_facts(tmp_path / "state", 3)
    for day in (1, 2):
        write(tmp_path / f"state/gate.db.corrupt-2026110{day}T120000Z")
        write(tmp_path / f"state/gate.db.corrupt-2026110{day}T120000Z-wal")
    expected = "a damaged database was set aside as gate.db.corrupt-20261102T120000Z"
    assert said(database, machine(tmp_path))[1:] == [(WARNING, expected)]


@pytest.mark.parametrize("content", [b"", b"not a database, but long enough to be read" * 100])
def test_what_is_no_database_ends_no_check(tmp_path: Path, content: bytes) -> None:
    path = write(tmp_path / "state/gate.db")
    path.write_bytes(content)
    it = machine(tmp_path)
    assert levels(database, it) == [WRONG if content else OK]
    assert said(outbox, it) == []
    assert newest_fact(it) is None


@pytest.mark.parametrize(("count", "acknowledged", "level"), [(1200, 150, WARNING), (5, 2, OK)])
async def test_the_outbox_is_counted(
    tmp_path: Path, count: int, acknowledged: int, level: object
) -> None:
    await with_facts(tmp_path / "state", count, acknowledged)
    waiting = count - acknowledged
    assert said(outbox, machine(tmp_path)) == [(level, f"{waiting} facts wait for central")]


async def test_the_newest_fact_tells_its_time(tmp_path: Path) -> None:
    await with_facts(tmp_path / "state", 7)
    assert newest_fact(machine(tmp_path)) == NOON + timedelta(seconds=7)


async def test_looking_changes_nothing(tmp_path: Path) -> None:
    await with_facts(tmp_path / "state", 7)
    path = tmp_path / "state/gate.db"
    before = path.read_bytes()
    it = machine(tmp_path)
    for check in (database, outbox):
        list(check(it))
    newest_fact(it)
    assert path.read_bytes() == before
