"""From the scanner's bytes to the released turnstile, the admission being on the disk."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from statistics import median, quantiles

from bench import bare
from bench.figure import Figure, Plan, Rounds, Sample, figure, in_turns
from bench.lanes import AtWork, at_work
from bench.sample import FEW, listed_code

NAME = "scan to release"
NAMES = (NAME, f"{NAME}, p99", f"{NAME}, by tickets")


async def measure(plan: Plan) -> list[Figure]:
    with bare.flush(plan.folder) as flush:
        async with (
            at_work(plan.folder / "many", tickets=plan.many) as many,
            at_work(plan.folder / "few", tickets=FEW) as few,
            bare.wake_up() as wake_up,
        ):
            measured = await _both_ways(visitor(many), visitor(few), (flush, wake_up), plan)
    rounds = [[median(samples) for samples in turn] for turn in measured]
    return [
        figure(
            NAMES[0],
            [(turn[0], turn[2] + 2 * turn[3]) for turn in rounds],
            against="64 bytes appended + fdatasync, and twice a scanner's bytes to their callback",
            aim=1.0,
        ),
        figure(
            NAMES[1],
            [(_p99(turn[0]), _p99(turn[2])) for turn in measured],
            against="64 bytes appended + fdatasync; p99 of each round of both",
            aim=1.25,
        ),
        figure(
            NAMES[2],
            [(turn[0], turn[1]) for turn in rounds],
            against=f"the same with {FEW:,} tickets instead of {plan.many:,}",
            aim=1.1,
        ),
    ]


async def _both_ways(one: Sample, other: Sample, rest: Sequence[Sample], plan: Plan) -> Rounds:
    """Each of the two comes as often first as second: the first finds the caches cold."""
    things = one, other, *rest, other, one, *rest
    rounds = await in_turns(things, plan.rounds, 15 if plan.quick else 50)
    half = len(things) // 2
    merged = []
    for turn in rounds:
        first, second = turn[:half], turn[half:]
        second[0], second[1] = second[1], second[0]
        merged.append([a + b for a, b in zip(first, second, strict=True)])
    return merged


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100, method="inclusive")[98]


def visitor(lane: AtWork) -> Sample:
    """One after the other enters, each on a ticket of the ledger that was not used."""
    numbers = count()

    async def admit() -> float:
        return await lane.admit(listed_code(next(numbers)))

    return admit
