"""From `exec` of a gate whose ledger is there to the release of its first visitor."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from time import perf_counter
from typing import IO

from bench.figure import Figure, Plan, compare
from bench.sample import fill_ledger, fresh_code, lay_out_gate, scanner

NAME, AIM = "cold start of a gate", 14.0
AGAINST = "python -c pass, from exec to exit"
ROOT = Path(__file__).parent.parent
PATIENCE_S = 20
FREE, RELEASED = b"[idle]", b"[welcome]"
"""What the lane's "log" display says; it greets the moment after the latch is on."""


async def measure(plan: Plan) -> Figure:
    await fill_ledger(lay_out_gate(plan.folder, "/dev/null", display="log"))

    async def start_gate() -> float:
        return await asyncio.to_thread(_start_gate, plan.folder)

    async def start_python() -> float:
        return await asyncio.to_thread(_start_python, plan.folder)

    samples = 1 if plan.quick else 3
    return await compare(
        NAME, start_gate, start_python, aim=AIM, rounds=plan.rounds, samples=samples
    )


def import_times(folder: Path, most: int = 25) -> str:
    """What a gate's imports cost, dearest first, as `python -X importtime` tells."""
    with scanner() as held:
        config = lay_out_gate(folder, held.port, display="log")
        command = [sys.executable, "-X", "importtime", "-m", "wicket", "check-config", "gate"]
        for _ in ("compiles", "loads"):
            done = subprocess.run(
                [*command, str(config)],
                cwd=ROOT,
                env=_as_installed(folder),
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


def _as_installed(folder: Path) -> dict[str, str]:
    """The environment in which Python loads compiled modules, as after an installation; the
    uncounted first start compiles them, outside the source tree."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def _start_python(folder: Path) -> float:
    command, environment = [sys.executable, "-c", "pass"], _as_installed(folder)
    begun = perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return perf_counter() - begun


def _start_gate(folder: Path) -> float:
    """A visitor scans as soon as the lane asks for tickets."""
    code = fresh_code()
    with scanner() as held:
        config = lay_out_gate(folder, held.port, display="log")
        environment = _as_installed(folder)
        begun = perf_counter()
        with _gate(config, environment) as said:
            _wait_for(FREE, said)
            held.scan(code)
            _wait_for(RELEASED, said)
            return perf_counter() - begun


def _wait_for(word: bytes, said: IO[bytes]) -> None:
    lines = []
    for line in said:
        lines.append(line)
        if word in line:
            return
    raise RuntimeError(f"the gate ended or let nobody in: {b''.join(lines).decode()}")


@contextmanager
def _gate(config: Path, environment: dict[str, str]) -> Iterator[IO[bytes]]:
    """A gate, ended by SIGTERM; what it says. It is killed when it takes too long."""
    command = [sys.executable, "-m", "wicket", "gate", "--config", str(config)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        patience = Timer(PATIENCE_S, process.kill)
        patience.start()
        try:
            yield process.stderr
        finally:
            patience.cancel()
            process.terminate()
            for _ in process.stderr:
                pass
