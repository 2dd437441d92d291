"""On the board: after every power cut a gate finds every entry that was marked in the log.

cut_check.py NUMBER: so many cuts. Ends with status LOST when an entry is lost.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from support.gate import memory_in, told_in
from write_log import SECTOR, after_power_came_back, crashes

from admission.facts import Admitted

FILES = {"gate.db", "gate.db-wal", "gate.db-shm", "lost+found"}
"""Nothing was set aside as damaged."""
LOST = 9
MARK = "admitted-"


async def tickets_admitted(folder: Path) -> set[int]:
    """As a gate finds it when it starts on this disk."""
    async with memory_in(folder):
        with closing(sqlite3.connect(folder / "gate.db")) as file:
            (answer,) = file.execute("PRAGMA integrity_check").fetchall()
        assert answer == ("ok",), answer
        assert {file.name for file in folder.iterdir()} <= FILES
        return {event.ticket for event in told_in(folder) if isinstance(event, Admitted)}


def main() -> None:
    number = int(sys.argv[1])
    size = int(Path("/sys/block/ubda/size").read_text()) * SECTOR
    told, checked = set[int](), 0
    for crash in crashes(Path("/dev/ubdb"), size, "began", number):
        told = {int(mark.removeprefix(MARK)) for mark in crash.marks if mark.startswith(MARK)}
        with after_power_came_back(crash, Path("/dev/ubdc"), Path("/run/mended")) as folder:
            missing = told - asyncio.run(tickets_admitted(folder))
        if missing:
            print(f"cut before entry {crash.at}: {len(missing)} of {len(told)} entries lost")
            sys.exit(LOST)
        checked += 1
    assert checked == number, f"the log has only {checked} moments"
    print(f"{number} power cuts, up to {len(told)} entries, none lost")


main()
