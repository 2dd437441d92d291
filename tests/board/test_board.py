"""The gate and its drivers on a real Linux kernel, with real USB devices and a real GPIO chip.

Each script `*_inside.py` runs as root on a freshly booted board (board.py).
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from board.board import HERE, ROOT, Board, board

SCRIPTS = sorted(HERE.glob("*_inside.py"))
LOST = 9  # as cut_check.py ends


@pytest.fixture(scope="session")
def machine() -> Iterator[Board]:
    building = subprocess.run(
        [ROOT / "scripts/board-kernel"], check=True, stdout=subprocess.PIPE, text=True
    )
    with board(Path(building.stdout.strip())) as machine:
        yield machine


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_on_the_board(machine: Board, script: Path) -> None:
    ran = machine.python(script)
    assert ran.status == 0, ran.output


def test_the_board_passes_on_what_happened_inside(machine: Board) -> None:
    ran = machine.run("sh", "-c", "id -u; exit 3")
    assert (ran.status, ran.output) == (3, "0\n")


def test_the_board_has_a_time_limit(machine: Board) -> None:
    ran = machine.run("sleep", "1000", seconds=3)
    assert ran.status is None
    assert "took more than 3 s" in ran.output


def test_the_board_cannot_write_to_the_host(machine: Board) -> None:
    ran = machine.run("sh", "-c", "mount -o remount,rw / && echo >/board")
    assert ran.status != 0, ran.output


@pytest.mark.parametrize(
    ("recording", "cuts", "status"),
    [
        (("cut_record_gate.py",), 60, 0),
        (("cut_record.py",), 60, 0),
        (("cut_record.py", "hasty"), 60, LOST),
    ],
    ids=["gate", "journal", "a journal that does not wait for the disk"],
)
def test_power_cuts_lose_no_entry(
    machine: Board, recording: tuple[str, ...], cuts: int, status: int
) -> None:
    script, *words = recording
    disks = [machine.disk("data", 16), machine.disk("log", 256), machine.disk("spare", 16)]
    recorded = machine.python(HERE / script, *words, disks=disks)
    assert recorded.status == 0, recorded.output
    checked = machine.python(HERE / "cut_check.py", str(cuts), disks=disks)
    assert checked.status == status, checked.output
