"""`python -m bench`: measure, print. docs/figures.md tells what each figure means."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import click

from bench import (
    burst,
    cold_start,
    effort,
    flash,
    footprint,
    in_step,
    message,
    outage,
    sale,
    scan,
    slot_list,
    snapshot,
)
from bench.figure import Figure, Plan
from bench.machine import VOLATILE, describe, file_system

MODULES = (
    *(scan, effort, burst, footprint, cold_start),
    *(message, in_step, outage, snapshot, sale, flash, slot_list),
)
FIGURES: dict[str, ModuleType] = {m.__name__.partition(".")[2]: m for m in MODULES}
COLUMNS = f"{'':<33}{'ours':>10}{'reference':>11}{'ratio':>8}{'aim':>7}{'rounds':>8}{'spread':>8}"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="A list of objects instead of the table.")
@click.option(
    "--quick",
    is_flag=True,
    help="Fewer samples, and 20,000 tickets for a million; ends within two minutes.",
)
@click.option("--verbose", is_flag=True, help="Also what each import of a gate costs.")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(list(FIGURES)),
    help="Just this group of figures; may be given again.",
)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=lambda: os.environ.get("TMPDIR") or "/var/tmp",
    show_default="TMPDIR or /var/tmp",
    help="Where on a real disk to write; left as it was.",
)
def main(*, as_json: bool, quick: bool, verbose: bool, only: tuple[str, ...], folder: Path) -> None:
    """Measure what a gate takes for its scans and its life, what a message and a sale cost.

    docs/figures.md tells what each figure means; all take some eight minutes without --quick.

    Ours and a bare reference are sampled in turns, and each round gives the ratio of their two
    medians: trust the ratios, for milliseconds change from machine to machine and from minute to
    minute. "ratio" is the median of all rounds' ratios (lower is better), "spread" tells how much
    they differ: (90th - 10th percentile) / median. "ours" and "reference" are medians of the
    rounds. "aim" is the ratio we want to stay below.
    """
    if file_system(folder) in VOLATILE:
        raise click.UsageError(f"{folder} is no real disk; name a folder of one with --folder")
    click.echo(describe(folder), err=as_json)
    chosen = {name: module for name, module in FIGURES.items() if not only or name in only}
    if not as_json:
        click.echo(f"\n{COLUMNS}")
    with tempfile.TemporaryDirectory(prefix="wicket-bench-", dir=folder) as own:
        figures = [
            figure
            for name, module in chosen.items()
            for figure in _measure(module, Plan(Path(own) / name, quick), silent=as_json)
        ]
    if as_json:
        click.echo(json.dumps([asdict(figure) for figure in figures], indent=2))
    if verbose:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            click.echo(f"\n{cold_start.import_times(Path(own))}", err=as_json)


def _measure(module: ModuleType, plan: Plan, *, silent: bool) -> list[Figure]:
    plan.folder.mkdir()
    figures: list[Figure] = asyncio.run(module.measure(plan))
    if not silent:
        for figure in figures:
            click.echo(f"{_row(figure)}\n{'':<4}against {figure.against}")
            if figure.besides:
                click.echo(f"{'':<4}{figure.besides}")
    return figures


def _row(figure: Figure) -> str:
    unit, missed = figure.unit, figure.aim is not None and figure.ratio > figure.aim
    aim = "-" if figure.aim is None else f"{figure.aim:.2f}"
    return (
        f"{figure.name:<33}{figure.value:>7.2f} {unit:<2}{figure.reference:>8.2f} {unit:<2}"
        f"{figure.ratio:>8.2f}{aim:>7}{figure.rounds:>8}{figure.spread:>8.2f}"
        f"{'  missed' if missed else ''}"
    )


if __name__ == "__main__":
    main(prog_name="python -m bench")
