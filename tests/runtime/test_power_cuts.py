"""Power cuts and kills, over and over: what was acknowledged is there, once. The rigs run longer by
`python -m bench.crash`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import crash
from support.lossy_disk import lossy_disk
from support.program import ROOT


def test_nothing_acknowledged_is_lost_by_power_cuts(tmp_path: Path) -> None:
    outcome = crash.power_cuts(tmp_path, 20)
    assert (outcome.crashes, outcome.lost, outcome.double, outcome.corrupt) == (20, 0, 0, 0)
    assert outcome.acknowledged > 20


def test_the_rig_finds_out_a_journal_that_is_not_flushed(tmp_path: Path) -> None:
    assert crash.power_cuts(tmp_path, 3, synchronous="NORMAL").lost > 0


def test_nothing_acknowledged_is_lost_by_kill_9(tmp_path: Path) -> None:
    outcome = crash.kills(tmp_path, 15)
    assert (outcome.crashes, outcome.lost, outcome.double, outcome.corrupt) == (15, 0, 0, 0)
    assert outcome.acknowledged > 15


def test_the_rig_finds_out_a_writer_that_says_too_early_what_is_stored(tmp_path: Path) -> None:
    assert crash.kills(tmp_path, 10, how="EARLY").lost > 0


AFTER_A_FAILED_FLUSH = """
import asyncio, sys
from pathlib import Path
from support.samples import NOON
from admission.facts import Admitted
from runtime import database, outbox
from runtime.database import Database, DiskFault
from runtime.outbox import Outbox

if sys.argv[2] == "trusting":
    database._distrust_cached = lambda log: None

async def main():
    async with Database(Path(sys.argv[1]), outbox.SCHEMA) as opened:
        box = Outbox(opened, "gate-1")
        await opened.grow_log()
        Path(sys.argv[1] + "-wal").read_bytes()  # FUSE caches only pages that were read once
        for line in sys.stdin:
            try:
                fact = await box.tell(Admitted(int(line), "museum", "n", 1), NOON)
                print("stored", flush=True)
            except DiskFault:
                print("fault", flush=True)

asyncio.run(main())
"""


class Teller:
    """A process that stores the tickets it is given."""

    def __init__(self, path: Path, manner: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", AFTER_A_FAILED_FLUSH, str(path), manner],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
            text=True,
        )

    def store(self, ticket: int) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{ticket}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.mark.parametrize(("manner", "safe"), [("wary", True), ("trusting", False)])
def test_a_log_that_memory_has_and_the_disk_has_not_is_not_built_upon(
    tmp_path: Path, manner: str, safe: bool
) -> None:
    """The flush fails, the daemon is killed, another starts, and then the power fails. One that
    trusts the cached log appends behind a hole, and loses what it acknowledged."""
    with lossy_disk(tmp_path) as disk:
        first = Teller(disk.mount / "gate.db", manner)
        assert [first.store(ticket) for ticket in (1, 2)] == ["stored", "stored"]
        disk.fail_next_flush()
        assert first.store(3) == "fault"
        first.kill()
        second = Teller(disk.mount / "gate.db", manner)
        assert [second.store(ticket) for ticket in (4, 5)] == ["stored", "stored"]
        disk.cut()
        second.kill()
    assert ({1, 2, 4, 5} <= set(crash.tickets_in(disk.platter / "gate.db"))) is safe
