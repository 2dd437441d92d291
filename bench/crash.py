"""`python -m bench.crash`: power cuts and kills over one journal, counted.

The rig and the judge are those of the tests (tests/support/crash.py), run longer.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click

sys.path.append(str(Path(__file__).parents[1] / "tests"))

MUTANTS = 2
COLUMNS = f"{'':<34}{'crashes':>8}{'acknowledged':>14}{'lost':>8}{'double':>8}{'corrupt':>9}"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--cuts", default=500, show_default=True, help="Power cuts; root and /dev/fuse.")
@click.option(
    "--kills",
    default=1000,
    show_default=True,
    help="kill -9 of a process that writes, and of a gate.",
)
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default="/var/tmp",
    show_default=True,
    help="Where to write; left as it was.",
)
def main(cuts: int, kills: int, seed: int, folder: Path) -> None:
    """Crash the journal again and again; ends with 1 when anything acknowledged was lost.

    The last two rows prove the rigs: a writer that says too early what is stored, and the same
    code with synchronous=NORMAL, must lose some.
    """
    crash, gate = import_module("support.crash"), import_module("support.gate_kills")
    rows: list[tuple[str, Callable[[Path], Any]]] = [
        ("power cuts", lambda own: crash.power_cuts(own, cuts, seed=seed)),
        ("kill -9 of who writes", lambda own: crash.kills(own, kills, seed)),
        ("kill -9 of a gate", lambda own: asyncio.run(gate.gate_kills(own, kills, seed))),
        ("kill -9, said before stored", lambda own: crash.kills(own, 20, seed, "EARLY")),
        ("power cuts, synchronous=NORMAL", lambda own: crash.power_cuts(own, 10, "NORMAL", seed)),
    ]
    click.echo(COLUMNS)
    outcomes = []
    for name, run in rows:
        with tempfile.TemporaryDirectory(prefix="wicket-crash-", dir=folder) as own:
            o = run(Path(own))
        outcomes.append(o)
        counts = f"{o.crashes:>8}{o.acknowledged:>14}{o.lost:>8}{o.double:>8}{o.corrupt:>9}"
        click.echo(f"{name:<34}{counts}")
    bad = any(o.lost or o.double or o.corrupt for o in outcomes[:-MUTANTS])
    sys.exit(bad or any(o.lost == 0 for o in outcomes[-MUTANTS:]))


if __name__ == "__main__":
    main(prog_name="python -m bench.crash")
