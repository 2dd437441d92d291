"""The gate tells whom it counts: not too often, and soon after it was cut off."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.gate import memory_in, told_in
from support.samples import NOON

from admission.facts import CountCorrected, Counted, HeadCount
from gate.head_count import AFTER_SILENCE_S, EVERY_S, HeadCounts, Told, when_to_count
from gate.trust import Trust
from runtime.clocks import Clocks

THREE, FOUR = (HeadCount("museum", 3),), (HeadCount("museum", 4),)


@pytest.mark.parametrize(
    ("present", "last", "now", "away", "tells"),
    [
        ((), None, 0.0, True, False),
        (THREE, None, 0.0, False, True),
        (FOUR, Told(THREE, 0.0), EVERY_S - 1, False, False),
        (FOUR, Told(THREE, 0.0), EVERY_S, False, True),
        (THREE, Told(THREE, 0.0), 10 * EVERY_S, False, False),
        (THREE, Told(THREE, 0.0), AFTER_SILENCE_S, True, True),
        (FOUR, Told(THREE, 0.0), AFTER_SILENCE_S - 1, True, False),
    ],
)
def test_it_is_told_when_others_may_count_otherwise(
    present: tuple[HeadCount, ...], last: Told | None, now: float, away: bool, tells: bool
) -> None:
    assert when_to_count(present, last, now, away=away) == tells


async def test_what_is_counted_is_told_as_a_fact(tmp_path: Path) -> None:
    up = 0.0
    async with memory_in(tmp_path) as (ledger, outbox):
        clocks = Clocks(lambda: NOON, lambda: up)
        counts = HeadCounts(ledger, outbox, Trust(ledger, outbox, clocks))
        await counts.tell()
        await outbox.tell(CountCorrected("museum", 3, "page", "looked"), NOON)
        await counts.tell()
        await counts.tell()
        counts.came_back()
        up += AFTER_SILENCE_S
        await counts.tell()
        await counts.tell()
    assert told_in(tmp_path)[1:] == [Counted(THREE)] * 2
