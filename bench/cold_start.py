"""From `exec` of a gate whose ledger is there to the release of its first visitor."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from itertools import count
from pathlib import Path
from time import perf_counter

from bench.daemon import ROOT, as_installed, running
from bench.figure import Figure, Plan, Sample, compare
from bench.sample import FEW, lay_out_gate, listed_code

NAME = "cold start of a gate"
NAMES = (NAME, f"{NAME}, by tickets")


async def measure(plan: Plan) -> list[Figure]:
    few, many = _first_visitor(plan.folder, FEW), _first_visitor(plan.folder, plan.many)

    async def start_python() -> float:
        return await asyncio.to_thread(_start_python, plan.folder)

    samples = 1 if plan.quick else 3
    return [
        await compare(
            NAMES[0],
            few,
            start_python,
            against="python -c pass, from exec to exit",
            aim=14.0,
            rounds=plan.rounds,
            samples=samples,
        ),
        await compare(
            NAMES[1],
            many,
            few,
            against=f"the same with {FEW:,} tickets instead of {plan.many:,}",
            aim=1.1,
            rounds=plan.rounds,
            samples=samples,
        ),
    ]


def _first_visitor(folder: Path, tickets: int) -> Sample:
    """A visitor scans as soon as the lane asks for tickets."""
    numbers = count()

    async def start() -> float:
        code = listed_code(next(numbers))
        begun = perf_counter()
        async with running(folder / str(tickets), tickets=tickets) as gate:
            await gate.admit(code)
            return perf_counter() - begun

    return start


def _start_python(folder: Path) -> float:
    command, environment = [sys.executable, "-c", "pass"], as_installed(folder)
    begun = perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return perf_counter() - begun


def import_times(folder: Path, most: int = 25) -> str:
    """What a gate's imports cost, dearest first, as `python -X importtime` tells."""
    config = lay_out_gate(folder, ["/dev/null"], display="log")
    command = [sys.executable, "-X", "importtime", "-m", "wicket", "check-config", "gate"]
    for _ in ("compiles", "loads"):
        done = subprocess.run(
            [*command, str(config)],
            cwd=ROOT,
            env=as_installed(folder),
            check=True,
            capture_output=True,
            text=True,
        )
    rows = [
        (int(own), int(whole), name.strip())
        for own, whole, name in (
            line.removeprefix("import time:").split("|")
            for line in done.stderr.splitlines()
            if line.startswith("import time:") and "[us]" not in line
        )
    ]
    total = sum(own for own, _, _ in rows)
    lines = [
        f"{whole / 1000:9.1f} {own / 1000:9.1f}  {name}"
        for own, whole, name in sorted(rows, key=lambda row: -row[1])[:most]
    ]
    head = f"{len(rows)} imports of a gate, {total / 1000:.0f} ms under importtime"
    return "\n".join([head, "    in all       own  (ms)", *lines])
