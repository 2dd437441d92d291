"""kill -9 of the gate, over and over; `python -m bench.crash` does it a thousand times."""

from __future__ import annotations

from pathlib import Path

from support.gate_kills import gate_kills


async def test_each_barrier_that_was_seen_released_is_in_the_journal_once(tmp_path: Path) -> None:
    outcome = await gate_kills(tmp_path, 15)
    assert (outcome.crashes, outcome.lost, outcome.double, outcome.corrupt) == (15, 0, 0, 0)
    assert outcome.acknowledged > 5
