"""Damaged databases: set aside, and every fact that can still be read is in the new one."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.samples import NOON

from admission.facts import Admitted, Fact
from runtime import outbox, rescue
from runtime.database import DamagedFile, Database
from runtime.outbox import Outbox

DEVICE = "gate-1"
SCHEMA = outbox.SCHEMA + "CREATE TABLE IF NOT EXISTS folded (number INTEGER PRIMARY KEY);"
IN_FILE, IN_LOG = 300, 100
PAGE = 4096


def fold(connection: sqlite3.Connection, fact: Fact) -> None:
    """Fails unless called in order."""
    if fact.device != DEVICE:  # the damage may have hit its name
        return
    (before,) = connection.execute("SELECT coalesce(max(number), 0) FROM folded").fetchone()
    assert fact.number > before
    connection.execute("INSERT INTO folded VALUES (?)", (fact.number,))


async def _fill(path: Path) -> None:
    async with Database(path, SCHEMA) as database:
        box = Outbox(database, DEVICE, fold=fold)
        for number in range(1, IN_FILE + IN_LOG + 1):
            await box.tell(Admitted(number, "museum", "North", 1), NOON)
            if number == IN_FILE:
                await database.write(lambda c: outbox.set_mark(c, "feed", 12))
                with closing(sqlite3.connect(path)) as other:
                    other.execute("PRAGMA wal_checkpoint(RESTART)")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sound database, some of it in the file, the rest in its log."""
    folder = tmp_path_factory.mktemp("sound")
    asyncio.run(_fill(folder / "gate.db"))
    return folder


def damaged_copy(sound: Path, folder: Path, damage: Callable[[Path], None]) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(sound, folder)
    damage(folder / "gate.db")
    return folder / "gate.db"


async def numbers_after_rescue(path: Path) -> list[int]:
    """What a daemon that restarts at damage ends up with."""
    for _ in range(2):
        try:
            async with rescue.opened(path, SCHEMA, fold) as database:
                await database.check()
                return [fact.number for fact in Outbox(database, DEVICE).after(0, 10_000)]
        except DamagedFile:
            continue
    raise AssertionError("damaged again after the rescue")


def overwrite(file: Path, place: int, data: bytes) -> None:
    with file.open("rb+") as opened:
        opened.seek(place)
        opened.write(data)


def wal(path: Path) -> Path:
    return path.with_name("gate.db-wal")


def a_garbage_header(path: Path) -> None:
    wal(path).unlink()
    overwrite(path, 0, b"\xa5" * 100)


def a_zeroed_first_page(path: Path) -> None:
    wal(path).unlink()
    overwrite(path, 0, bytes(PAGE))


def a_garbage_log(path: Path) -> None:
    overwrite(wal(path), 0, b"\xa5" * 32)


def a_broken_bit_in_the_log_header(path: Path) -> None:
    overwrite(wal(path), 17, b"\xa5")


def a_schema_that_makes_no_sense(path: Path) -> None:
    wal(path).unlink()
    overwrite(path, 100, b"\xa5" * 40)


@pytest.mark.parametrize(
    ("damage", "facts"),
    [
        (a_garbage_header, IN_FILE),
        (a_zeroed_first_page, IN_FILE),
        (a_schema_that_makes_no_sense, IN_FILE),
        (a_garbage_log, IN_FILE + IN_LOG),
        (a_broken_bit_in_the_log_header, IN_FILE + IN_LOG),
    ],
)
async def test_where_no_fact_was_hit_all_are_rescued(
    sound: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[Path], None],
    facts: int,
) -> None:
    path = damaged_copy(sound, tmp_path / "state", damage)
    async with rescue.opened(path, SCHEMA, fold) as database:
        box = Outbox(database, DEVICE)
        everything = list(range(1, facts + 1))
        assert [fact.number for fact in box.after(0, 10_000)] == everything
        assert [n for (n,) in database.read("SELECT number FROM folded")] == everything
        assert outbox.get_mark(database, "feed") == 0
        assert (await box.tell(Admitted(1, "m", "n", 1), NOON)).number == everything[-1] + 1
    (line,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]
    assert f"{path} is damaged" in line
    assert f"{facts} facts rescued" in line
    (aside,) = tmp_path.glob("state/gate.db.corrupt-*Z")
    assert aside.name in line
    assert aside.exists()


def _cut_to_half(path: Path) -> None:
    with path.open("rb+") as file:
        file.truncate(path.stat().st_size // 2)
    wal(path).unlink()


def _zero_the_middle(path: Path) -> None:
    middle = path.stat().st_size // PAGE // 2 * PAGE
    overwrite(path, middle, bytes(2 * PAGE))


def _empty_the_file(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("damage", "at_least"),
    [(_cut_to_half, 60), (_zero_the_middle, 320), (_empty_the_file, IN_LOG)],
)
async def test_what_was_not_hit_is_rescued_from_a_file_that_lost_a_part(
    sound: Path, tmp_path: Path, damage: Callable[[Path], None], at_least: int
) -> None:
    path = damaged_copy(sound, tmp_path / "state", damage)
    assert len(await numbers_after_rescue(path)) >= at_least


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    wounds=st.lists(
        st.tuples(
            st.booleans(),
            st.floats(0, 1, exclude_max=True),
            st.sampled_from([1, 16, 512, 2 * PAGE]),
            st.sampled_from([b"\0", b"\xff", b"{", b"9"]),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_is_overwritten_facts_that_are_still_there_are_found(
    sound: Path, tmp_path: Path, wounds: list[tuple[bool, float, int, bytes]]
) -> None:
    """Only damage to the last two transactions in the log can pass for a power cut."""

    def damage(path: Path) -> None:
        for in_log, where, length, filler in wounds:
            file = wal(path) if in_log else path
            overwrite(file, int(file.stat().st_size * where), filler * length)

    path = damaged_copy(sound, tmp_path / "state", damage)
    left = path.read_bytes() + wal(path).read_bytes()
    told = range(1, IN_FILE + IN_LOG + 1)
    with closing(sqlite3.connect(f"file:{sound / 'gate.db'}?mode=ro", uri=True)) as connection:
        bodies = [body for (body,) in connection.execute("SELECT body FROM fact ORDER BY number")]
    whole = {n for n, body in zip(told, bodies, strict=True) if body.encode() in left}
    numbers = asyncio.run(numbers_after_rescue(path))
    assert whole - set(numbers) <= {told[-1], told[-2]}
    assert numbers == sorted(set(numbers))


async def test_a_sound_file_is_left_as_it_is(sound: Path, tmp_path: Path) -> None:
    path = damaged_copy(sound, tmp_path / "state", lambda path: None)
    assert len(await numbers_after_rescue(path)) == IN_FILE + IN_LOG
    assert not list(tmp_path.glob("state/gate.db.corrupt-*"))


async def test_a_fact_that_is_no_fact_any_more_is_damage(sound: Path, tmp_path: Path) -> None:
    path = damaged_copy(sound, tmp_path / "state", lambda path: None)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute('UPDATE fact SET body = \'{"device": "gate\' WHERE number = 7')
    numbers = await numbers_after_rescue(path)
    assert set(range(1, IN_FILE + IN_LOG + 1)) - set(numbers) <= {7}


async def test_a_power_cut_in_the_middle_of_the_rescue_loses_nothing(
    sound: Path, tmp_path: Path
) -> None:
    """The old file is away, the new one not yet in its place, the old log still there."""
    path = damaged_copy(sound, tmp_path / "state", a_garbage_header)
    assert len(await numbers_after_rescue(path)) == IN_FILE
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    path.rename(path.with_name("gate.db-rescued"))
    shutil.copy(wal(sound / "gate.db"), wal(path))
    assert len(await numbers_after_rescue(path)) == IN_FILE


async def test_only_the_newest_damaged_files_are_kept(sound: Path, tmp_path: Path) -> None:
    path = damaged_copy(sound, tmp_path / "state", a_garbage_header)
    for year in range(2001, 2010):
        path.with_name(f"gate.db.corrupt-{year}0101T000000Z").touch()
    await numbers_after_rescue(path)
    kept = sorted(file.name for file in tmp_path.glob("state/gate.db.corrupt-*Z"))
    assert len(kept) == rescue.KEPT
    assert kept[0] == "gate.db.corrupt-20080101T000000Z"


def test_a_body_begins_as_the_search_for_it_expects() -> None:
    body = json.dumps(outbox.fact_to_data(Fact(DEVICE, 1, NOON, Admitted(1, "m", "n", 1))))
    assert body.startswith('{"device": "')
