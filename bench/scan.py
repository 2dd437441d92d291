"""From the scanner's bytes to the released turnstile, the admission being on the disk."""

from __future__ import annotations

from itertools import count
from statistics import median, quantiles

from bench import bare
from bench.figure import Figure, Plan, Sample, figure, in_turns
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
            things = visitor(many), visitor(few), flush, wake_up
            measured = await in_turns(things, plan.rounds, 20 if plan.quick else 60)
    rounds = [[median(samples) for samples in turn] for turn in measured]
    ours, flushes = ([x for turn in measured for x in turn[thing]] for thing in (0, 2))
    return [
        figure(
            NAMES[0],
            [(turn[0], turn[2] + 2 * turn[3]) for turn in rounds],
            against="64 bytes appended + fdatasync, and twice a scanner's bytes to their callback",
            aim=1.0,
        ),
        figure(
            NAMES[1],
            [(_p99(ours), _p99(flushes))],
            against="64 bytes appended + fdatasync; p99 of all samples of both",
            aim=1.25,
        ),
        figure(
            NAMES[2],
            [(turn[0], turn[1]) for turn in rounds],
            against=f"the same with {FEW:,} tickets instead of {plan.many:,}",
            aim=1.1,
        ),
    ]


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]


def visitor(lane: AtWork) -> Sample:
    """One after the other enters, each on a ticket of the ledger that was not used."""
    numbers = count()

    async def admit() -> float:
        return await lane.admit(listed_code(next(numbers)))

    return admit
