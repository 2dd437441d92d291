"""`python -m bench.kills`: kill -9 of central, its workers and its database under load, counted.

The rig and the judge are those of the tests (tests/support/central_kills.py), run longer.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

import click

sys.path.append(str(Path(__file__).parents[1] / "tests"))

COLUMNS = (
    f"{'':<36}{'kills':>6}{'seconds':>9}{'answers':>9}{'sales':>7}{'tickets':>9}{'payments':>10}"
    f"{'retries':>9}{'longest':>9}{'lost':>6}{'double':>8}{'wrong':>7}"
)
DATABASES = ("sqlite", "postgresql")
HASTY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
FEW = 12
"""Kills of the mutants, of which each is caught sooner or later."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--kills", default=200, show_default=True, help="On each database.")
@click.option("--database", type=click.Choice(["both", *DATABASES]), default="both")
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default="/var/tmp",
    show_default=True,
    help="Where to write; left as it was.",
)
def main(kills: int, database: str, seed: int, folder: Path) -> None:
    """Kill central while 16 buyers buy; ends with 1 when anything they were told is not so.

    On PostgreSQL there are two workers, and now and then it is the server that is killed. Rows
    named "mutant" prove the judge: a central that answers before it commits, and a PostgreSQL that
    tells of a commit before it has written it, must be caught.
    """
    rig = import_module("support.central_kills")
    chosen = DATABASES if database == "both" else (database,)
    click.echo(COLUMNS)
    right: list[bool] = []
    with tempfile.TemporaryDirectory(prefix="wicket-kills-", dir=folder) as own:
        right.extend(not _row(name, _run(own, name, kills, seed)) for name in chosen)
        if "sqlite" in chosen:
            early = {"program": rig.EARLY}
            right.append(_row("mutant: answers early", _run(own, "sqlite", FEW, seed, **early)))
        if "postgresql" in chosen:
            crashes = {"settings": HASTY, "what": ("server",)}
            outcome = _run(own, "postgresql", FEW, seed, **crashes)
            right.append(_row("mutant: synchronous_commit=off", outcome))
    sys.exit(not all(right))


def _run(
    own: str, database: str, kills: int, seed: int, settings: Sequence[str] = (), **more: Any
) -> tuple[Any, float]:
    """(what came of it, how many seconds it took)."""
    rig, postgres = import_module("support.central_kills"), import_module("support.postgres")
    server = postgres.postgres(settings) if database == "postgresql" else nullcontext()
    begun = perf_counter()
    with server as running, tempfile.TemporaryDirectory(dir=own) as folder:
        url = running.fresh() if running else f"sqlite:///{folder}/central.sqlite"
        run = rig.central_kills(Path(folder), url, kills, server=running, seed=seed, **more)
        return asyncio.run(run), perf_counter() - begun


def _row(name: str, run: tuple[Any, float]) -> bool:
    """Print what came of it; whether anything is wrong."""
    outcome, seconds = run
    told, verdict = outcome.told, outcome.verdict
    killed = sum(outcome.kills.values())
    tickets = sum(len(sale.tickets) for sale in told.sales)
    payments = sum(paid.amount > 0 for sale in told.sales for paid in sale.money)
    wrong = len(verdict.wrong) + len(outcome.faults)
    click.echo(
        f"{name:<36}{killed:>6}{seconds:>9.0f}{told.answers:>9}{len(told.sales):>7}{tickets:>9}"
        f"{payments:>10}{outcome.retries:>9}{outcome.longest_s:>7.1f} s{len(verdict.lost):>6}"
        f"{len(verdict.double):>8}{wrong:>7}"
    )
    click.echo("    killed: " + ", ".join(f"{what} {n}" for what, n in outcome.kills.items()))
    found = [*verdict.findings, *outcome.faults]
    for one in found[:10]:
        click.echo(f"    {one[-2000:]}")
    return bool(found)


if __name__ == "__main__":
    main(prog_name="python -m bench.kills")
