"""Whatever the network, the power and the clocks do: hundreds of seeded histories of a venue, each
judged by what must hold (support/partition_visitors.py, support/partition_checks.py)."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from support.partition_mutants import mutated
from support.partition_world import Outcome, Plan, run

LONGER = int(os.environ.get("WICKET_PARTITIONS", "1"))
"""So many times as many histories."""
HISTORIES = 120


def failed(outcome: Outcome) -> bool:
    return bool(outcome.wrong)


def test_every_history_comes_together() -> None:
    """`python -m bench.partitions --seed N --histories 1 --trace` shows one again."""
    plans = [Plan(seed) for seed in range(HISTORIES * LONGER)]
    suffered: Counter[str] = Counter()
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        for outcome in workers.map(run, plans, chunksize=5):
            assert not outcome.wrong, str(outcome)
            suffered += outcome.faults + outcome.deeds
    assert min(suffered[kind] for kind in ("power cut", "split", "scan", "conflicts")) > 0
    print(f"{len(plans)} histories: {dict(sorted(suffered.items()))}")


def test_a_history_is_told_by_its_seed_alone() -> None:
    one, other = run(Plan(7)), run(Plan(7))
    assert one.trace == other.trace


def test_a_program_with_a_mistake_is_found_out() -> None:
    """All of the mistakes: `python -m bench.partitions --mutants`."""
    with mutated("a gap in the feed is not noticed"):
        assert any(failed(run(Plan(seed))) for seed in range(20))


def test_a_large_venue_comes_together() -> None:
    outcome = run(Plan(1, gates=25, kiosks=5, lasts_s=10.0))
    assert not outcome.wrong, str(outcome)
