"""What a gate takes beside time: memory, an idle processor, bytes written to its card."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path

from bench import bare
from bench.daemon import Daemon, running
from bench.figure import Figure, Plan, Sample, figure, in_turns
from bench.lanes import at_work
from bench.sample import FEW, listed_code

NAMES = ("memory for many tickets", "idle gate, 8 lanes", "bytes of an admission")
LANES = 8
GROWTH, IDLE = 4e6, 0.01
LOOKED_THROUGH_S = 40
"""By then a gate has looked through its file once."""
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


async def measure(plan: Plan) -> list[Figure]:
    return [await _memory(plan), await _idle(plan), await _bytes(plan)]


async def _memory(plan: Plan) -> Figure:
    """Private to the process, after an admission, and after its file was looked through."""
    async with AsyncExitStack() as stack:
        gates = [
            await stack.enter_async_context(_used(plan.folder / str(tickets), tickets))
            for tickets in (plan.many, 0)
        ]
        await asyncio.sleep(0 if plan.quick else LOOKED_THROUGH_S)
        many, none = (_private_bytes(gate.pid) for gate in gates)
    pairs = [(max(1.0, many - none), GROWTH)]
    against = f"4 MB, for {plan.many:,} tickets more; the daemon without has {none / 1e6:.1f} MB"
    return figure(NAMES[0], pairs, against=against, unit="MB", aim=1.0)


@asynccontextmanager
async def _used(folder: Path, tickets: int) -> AsyncIterator[Daemon]:
    async with running(folder, tickets=tickets) as gate:
        await gate.admit(listed_code(0))
        yield gate


def _private_bytes(pid: int) -> float:
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(float(row.split()[1]) * 1024 for row in rows if row.startswith("Private_"))


async def _idle(plan: Plan) -> Figure:
    """The share of one core that it takes while nobody comes."""
    seconds = 2 if plan.quick else 20
    pairs = []
    async with running(plan.folder / "idle", lanes=LANES) as gate:
        await asyncio.sleep(seconds)
        for _ in range(1 if plan.quick else 3):
            before = _cpu_s(gate.pid)
            await asyncio.sleep(seconds)
            pairs.append(((_cpu_s(gate.pid) - before) / seconds, IDLE))
    return figure(NAMES[1], pairs, against="1 % of one core", unit="%", aim=1.0)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return max(_TICK_S / 2, (int(fields[11]) + int(fields[12])) * _TICK_S)


async def _bytes(plan: Plan) -> Figure:
    """Given to the disk for an admission and its passage."""
    numbers = count()
    async with at_work(plan.folder / "bytes", tickets=FEW) as lane:

        async def admit() -> None:
            await lane.admit(listed_code(next(numbers)))

        with bare.flush(plan.folder) as flush:
            things = _written_by(admit), _written_by(flush)
            measured = await in_turns(things, plan.rounds, 20)
    pairs = [(sum(ours) / 20, sum(appended) / 20) for ours, appended in measured]
    return figure(NAMES[2], pairs, against="64 bytes appended + fdatasync", unit="kB")


def _written_by(thing: object) -> Sample:
    assert callable(thing)

    async def write() -> float:
        before = _written()
        await thing()
        return _written() - before

    return write


def _written() -> float:
    rows = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return float(rows["write_bytes"])
