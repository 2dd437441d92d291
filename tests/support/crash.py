"""Crash after crash over one journal: cut the power of its disk, or kill who writes it.

As a program it is the one who writes: lanes that tell admissions as fast as the disk takes them,
and say the ticket aloud as soon as it is stored, as a lane would release its barrier.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.lossy_disk import lossy_disk  # noqa: E402
from support.samples import NOON  # noqa: E402

from admission.facts import Admitted  # noqa: E402
from runtime import outbox  # noqa: E402
from runtime.database import Database, DiskFault  # noqa: E402
from runtime.outbox import Outbox  # noqa: E402

LANES = 3
MOST = 150
"""Admissions between two crashes, at most."""
_TURN = 1_000_000


@dataclass
class Outcome:
    crashes: int = 0
    acknowledged: int = 0
    lost: int = 0
    double: int = 0
    corrupt: int = 0


def power_cuts(folder: Path, cuts: int, synchronous: str = "FULL", seed: int = 1) -> Outcome:
    """Some of them torn; some after a flush that failed and a write after it that did not."""
    dice = random.Random(seed)
    outcome = Outcome()
    said: set[int] = set()
    for turn in range(cuts):
        with lossy_disk(folder) as disk:
            path = disk.mount / "gate.db"
            torn = dice.randrange(1000) if dice.random() < 0.5 else None
            trouble = disk.fail_next_flush if dice.random() < 0.3 else _none
            process = writer(path, synchronous, turn)
            said_now = _listen(process, dice, trouble)
            disk.cut(torn)
            new = {*said_now, *stop(process)}
        said |= _judge(disk.platter / "gate.db", outcome, new, turn)
    _judge_all(folder / "platter" / "gate.db", outcome, said)
    return outcome


def kills(folder: Path, number: int, seed: int = 1, how: str = "FULL") -> Outcome:
    """kill -9 of the writer on an ordinary disk."""
    dice = random.Random(seed)
    outcome = Outcome()
    said: set[int] = set()
    for turn in range(number):
        process = writer(folder / "gate.db", how, turn)
        new = {*_listen(process, dice), *stop(process)}
        said |= _judge(folder / "gate.db", outcome, new, turn)
    _judge_all(folder / "gate.db", outcome, said)
    return outcome


def writer(path: Path, how: str = "FULL", turn: int = 0) -> subprocess.Popen[str]:
    """`how`: FULL or NORMAL is the database's `synchronous`; EARLY says what is not stored yet."""
    command = [sys.executable, __file__, str(path), how, str(turn)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def next_said(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def stop(process: subprocess.Popen[str]) -> list[int]:
    """kill -9; what it had said before."""
    process.kill()
    said, _ = process.communicate()
    return [int(word) for word in said.split("\n")[:-1]]


def tickets_in(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(outbox.SCHEMA)  # the power may have failed before it was stored
        return [ticket for (ticket,) in connection.execute("SELECT ticket FROM fact")]


def is_sound(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        numbers = [n for (n,) in connection.execute("SELECT number FROM fact ORDER BY number")]
        sound: bool = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return sound and numbers == list(range(1, len(numbers) + 1))


def _none() -> None:
    return None


def _listen(
    process: subprocess.Popen[str], dice: random.Random, trouble: Callable[[], None] = _none
) -> list[int]:
    """What is said until a random moment; the trouble comes half-way."""
    wanted = dice.randrange(1, MOST)
    before = [next_said(process) for _ in range(wanted // 2)]
    trouble()
    return before + [next_said(process) for _ in range(wanted - len(before))]


def _judge(path: Path, outcome: Outcome, said: set[int], turn: int) -> set[int]:
    """Count what became of the tickets of this turn; those said that are there."""
    outcome.crashes += 1
    outcome.acknowledged += len(said)
    try:
        stored = tickets_in(path)
    except sqlite3.DatabaseError:
        outcome.corrupt += 1
        return set()
    kept = said & set(stored)
    outcome.lost += len(said - kept)
    return kept


def _judge_all(path: Path, outcome: Outcome, said: set[int]) -> None:
    stored = tickets_in(path)
    outcome.lost += len(said - set(stored))
    outcome.double += len(stored) - len(set(stored))
    outcome.corrupt += not is_sound(path)


async def _tell_for_ever(path: Path, turn: int, *, early: bool) -> None:
    async with Database(path, outbox.SCHEMA) as database, asyncio.TaskGroup() as group:
        box = Outbox(database, "gate-1")
        for lane in range(LANES):
            group.create_task(_lane(box, turn * _TURN + lane + 1, early=early))


async def _lane(box: Outbox, ticket: int, *, early: bool) -> None:
    while True:
        if early:
            print(ticket, flush=True)
        try:
            await box.tell(Admitted(ticket, "museum", "North", 1), NOON)
        except DiskFault:
            pass
        else:
            if not early:
                print(ticket, flush=True)
        ticket += LANES


if __name__ == "__main__":
    is_early = sys.argv[2] == "EARLY"
    Database.synchronous = "FULL" if is_early else sys.argv[2]
    asyncio.run(_tell_for_ever(Path(sys.argv[1]), int(sys.argv[3]), early=is_early))
