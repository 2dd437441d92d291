"""One figure: ours against a reference, sampled in turns, so that a busy machine slows both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

Sample = Callable[[], Awaitable[float]]
"""Does the thing once; returns what it took, in seconds or another unit."""
Rounds = list[list[list[float]]]
"""Round → thing → what each sample took."""

SCALES = {"s": 1.0, "ms": 1e3, "us": 1e6, "MB": 1e-6, "%": 100.0, "kB": 1e-3, "B": 1.0}
"""Unit → what a value in seconds, bytes or shares is multiplied with."""


@dataclass(frozen=True)
class Plan:
    """How much to measure, and in which folder (of a real disk)."""

    folder: Path
    quick: bool = False

    @property
    def rounds(self) -> int:
        return 7 if self.quick else 15

    @property
    def many(self) -> int:
        """Tickets in a ledger that is large."""
        return 20_000 if self.quick else 1_000_000


@dataclass(frozen=True)
class Figure:
    """`value` (ours) and `reference`, which `against` describes, are medians in `unit`; `ratio` is
    the median of the rounds' ratios, `spread` (90th - 10th percentile) / median of them, 0 if that
    median is; `aim` is the ratio we want to stay below, None if there is none; `besides` tells what
    else came out."""

    name: str
    value: float
    unit: str
    reference: float
    ratio: float
    aim: float | None
    rounds: int
    spread: float
    against: str
    besides: str = ""


async def in_turns(things: Sequence[Sample], rounds: int, samples: int) -> Rounds:
    """Sample each thing, and again; `samples` of each make a round. The first are not counted."""
    for thing in things:
        await thing()
    turns = [[[await thing() for thing in things] for _ in range(samples)] for _ in range(rounds)]
    return [[list(column) for column in zip(*turn, strict=True)] for turn in turns]


def figure(
    name: str,
    pairs: Sequence[tuple[float, float]],
    *,
    against: str,
    unit: str = "ms",
    aim: float | None = None,
    besides: str = "",
) -> Figure:
    """From (ours, reference) of each round."""
    ratios = [mine / bare for mine, bare in pairs]
    deciles = quantiles(ratios, n=10, method="inclusive") if len(ratios) > 1 else ratios
    ratio, scale = median(ratios), SCALES[unit]
    return Figure(
        name,
        value=median(mine for mine, _ in pairs) * scale,
        unit=unit,
        reference=median(bare for _, bare in pairs) * scale,
        ratio=ratio,
        aim=aim,
        rounds=len(pairs),
        spread=(deciles[-1] - deciles[0]) / ratio if ratio else 0.0,
        against=against,
        besides=besides,
    )


async def compare(
    name: str,
    ours: Sample,
    reference: Sample,
    *,
    against: str,
    rounds: int,
    samples: int,
    unit: str = "ms",
    aim: float | None = None,
) -> Figure:
    """The medians of both in each round, sampled in turns."""
    measured = await in_turns((ours, reference), rounds, samples)
    pairs = [(median(mine), median(bare)) for mine, bare in measured]
    return figure(name, pairs, against=against, unit=unit, aim=aim)
