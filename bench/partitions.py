"""`python -m bench.partitions`: many seeded histories of a venue under partitions, kills, power
cuts and clock jumps (tests/support/partition_world.py), and whether the judge can be trusted.
"""

from __future__ import annotations

import logging
import os
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

import click

sys.path.append(str(Path(__file__).parents[1] / "tests"))

FEW = 400
"""Histories in which each mutant must be found."""
NO_FAULT = frozenset(
    ("sell", "cancel", "scan", "go_out", "correct", "forgive", "print", "conflicts")
)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--histories", default=10_000, show_default=True)
@click.option("--seed", default=0, show_default=True, help="Of the first; each next has the next.")
@click.option("--gates", type=click.IntRange(2, 50), help="In each; by the seed if not given.")
@click.option("--trace", is_flag=True, help="Print what happened, also where all is well.")
@click.option(
    "--mutants", is_flag=True, help="Instead: how soon programs with a mistake are found."
)
@click.option("--workers", default=os.cpu_count(), show_default="one a core")
def main(
    *, histories: int, seed: int, gates: int | None, trace: bool, mutants: bool, workers: int
) -> None:
    """Ends with 1 when anything is wrong, and prints what happened then."""
    rig = import_module("support.partition_world")
    with ProcessPoolExecutor(workers, initializer=_be_silent) as pool:
        if mutants:
            names = import_module("support.partition_mutants").MUTANTS
            missed = [name for name in names if not _find(pool, name)]
            sys.exit(1 if missed else 0)
        plans = [rig.Plan(n, gates=gates) for n in range(seed, seed + histories)]
        sys.exit(_live(pool, rig, plans, trace=trace))


def _live(pool: ProcessPoolExecutor, rig: Any, plans: Sequence[Any], *, trace: bool) -> int:
    began, wrong = perf_counter(), 0
    counted: Counter[str] = Counter()
    for outcome in pool.map(rig.run, plans, chunksize=5):
        counted += outcome.faults + outcome.deeds
        if outcome.wrong or trace:
            wrong += bool(outcome.wrong)
            click.echo(f"{outcome}\n")
    seconds = perf_counter() - began
    click.echo(f"{len(plans)} histories, {wrong} wrong; {len(plans) / seconds:.1f} a second")
    for kinds, name in ((set(counted) - NO_FAULT, "faults"), (NO_FAULT, "deeds")):
        told = ", ".join(f"{kind} {counted[kind]:,}" for kind in sorted(kinds))
        click.echo(f"{name}: {told}")
    return min(wrong, 1)


def _find(pool: ProcessPoolExecutor, name: str) -> bool:
    """Whether the mistake of that name is found; prints where first."""
    for first in range(0, FEW, 20):
        plans = [(name, seed) for seed in range(first, first + 20)]
        for seed, wrong in pool.map(_live_with, plans):
            if wrong:
                click.echo(f"{name + ':':<46} history {seed:>3}: {wrong[0][:100]}")
                return True
    click.echo(f"{name + ':':<46} NOT FOUND in {FEW} histories")
    return False


def _live_with(mistake: tuple[str, int]) -> tuple[int, list[str]]:
    name, seed = mistake
    rig = import_module("support.partition_world")
    with import_module("support.partition_mutants").mutated(name):
        outcome = rig.run(rig.Plan(seed))
    return seed, outcome.wrong


def _be_silent() -> None:
    """What devices warn of is what was done to them."""
    logging.disable(logging.CRITICAL)


if __name__ == "__main__":
    main(prog_name="python -m bench.partitions")
