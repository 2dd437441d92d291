"""What a gate takes beside time: memory, an idle processor, bytes written to its card."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter

from bench import bare
from bench.daemon import Daemon, running
from bench.figure import Figure, Plan, Sample, figure, in_turns
from bench.lanes import at_work
from bench.sample import FEW, listed_code

NAMES = ("memory for many tickets", "idle gate, 8 lanes", "bytes of an admission")
LANES = 8
GROWTH, IDLE = 4e6, 0.01
SETTLED_S, LOOKED_THROUGH_S = 3, 36
"""By then a gate has loaded the network, and has looked through its file once."""


async def measure(plan: Plan) -> list[Figure]:
    return [await _memory(plan), await _idle(plan), await _bytes(plan)]


async def _memory(plan: Plan) -> Figure:
    """Private to the process, after an admission, and after its file was looked through. The
    first start compiles modules, which takes memory too: it is not counted. A round takes so long
    that there are three."""
    codes = map(listed_code, count())
    async with _used(plan, plan.many, next(codes)):
        await asyncio.sleep(SETTLED_S)
    growths, without = [], []
    for _ in range(1 if plan.quick else 3):
        code = next(codes)
        async with _used(plan, plan.many, code) as full, _used(plan, 0, code) as empty:
            await asyncio.sleep(SETTLED_S if plan.quick else LOOKED_THROUGH_S)
            many, none = _private_bytes(full.pid), _private_bytes(empty.pid)
        growths.append(max(many - none, 0.0))
        without.append(none)
    none = median(without)
    against = f"4 MB, for {plan.many:,} tickets more; the daemon without has {none / 1e6:.1f} MB"
    pairs = [(growth, GROWTH) for growth in growths]
    return figure(NAMES[0], pairs, against=against, unit="MB", aim=1.0)


@asynccontextmanager
async def _used(plan: Plan, tickets: int, code: str) -> AsyncIterator[Daemon]:
    async with running(plan.folder / str(tickets), tickets=tickets) as gate:
        await gate.admit(code)
        yield gate


def _private_bytes(pid: int) -> float:
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(float(row.split()[1]) * 1024 for row in rows if row.startswith("Private_"))


async def _idle(plan: Plan) -> Figure:
    """The share of one core that it takes while nobody comes."""
    seconds = 1 if plan.quick else 5
    pairs = []
    async with running(plan.folder / "idle", lanes=LANES) as gate:
        await asyncio.sleep(SETTLED_S)
        for _ in range(7):
            begun, before = perf_counter(), _cpu_s(gate.pid)
            await asyncio.sleep(seconds)
            took = _cpu_s(gate.pid) - before
            pairs.append((took / (perf_counter() - begun), IDLE))
    return figure(NAMES[1], pairs, against="1 % of one core", unit="%", aim=1.0)


def _cpu_s(pid: int) -> float:
    """What all its threads have run; /proc/PID/stat has it in steps of 10 ms only."""
    rows = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int(row.split()[0]) for row in rows) * 1e-9


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
