"""One figure: ours against a reference, sampled in turns, so that a busy machine slows both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

Sample = Callable[[], Awaitable[float]]
"""Does the thing once; returns the seconds it took."""

MS = 1000


@dataclass(frozen=True)
class Plan:
    """How much to measure, and in which folder (of a real disk)."""

    folder: Path
    quick: bool = False

    @property
    def rounds(self) -> int:
        return 7 if self.quick else 15


@dataclass(frozen=True)
class Figure:
    """`value` (ours) and `reference` are medians in `unit`; `ratio` is the median of the rounds'
    ratios, `spread` (90th - 10th percentile) / median of them; `aim` is the ratio we want to stay
    below, None if there is none."""

    name: str
    value: float
    unit: str
    reference: float
    ratio: float
    aim: float | None
    rounds: int
    spread: float


async def compare(
    name: str,
    ours: Sample,
    reference: Sample,
    *,
    rounds: int,
    samples: int,
    aim: float | None = None,
) -> Figure:
    """Sample ours, reference, ours, reference …; `samples` of each make a round. The very first of
    each is not counted."""
    await _round(ours, reference, 1)
    pairs = [await _round(ours, reference, samples) for _ in range(rounds)]
    ratios = [mine / bare for mine, bare in pairs]
    ratio, deciles = median(ratios), quantiles(ratios, n=10, method="inclusive")
    return Figure(
        name,
        value=median(mine for mine, _ in pairs) * MS,
        unit="ms",
        reference=median(bare for _, bare in pairs) * MS,
        ratio=ratio,
        aim=aim,
        rounds=rounds,
        spread=(deciles[-1] - deciles[0]) / ratio,
    )


async def _round(ours: Sample, reference: Sample, samples: int) -> tuple[float, float]:
    """The medians of both."""
    pairs = [(await ours(), await reference()) for _ in range(samples)]
    return median(mine for mine, _ in pairs), median(bare for _, bare in pairs)
