"""A gate at work in this process, and the visitors at its lanes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from admission.codes import SigningKey
from bench.sample import KEY, Scanner, fill_ledger, lane_name, lay_out_gate, scanner
from gate.ledger import SCHEMA
from gate.phrases import phrase
from gate.service import Gate, build_devices, put_together
from gate.settings import GateSettings
from hal.ports import Tone
from hal.registry import Devices
from hal.sim.stage import Stage
from runtime.convert import structure
from runtime.database import Database
from runtime.settings import load

IDLE, _, _ = phrase("idle", "en")
PATIENCE_S = 10


class Unflushed(Database):
    """Its commits do not wait for the disk: what the processor does for them has no flush in it."""

    synchronous = "OFF"


@dataclass
class Visit:
    """What is seen of a lane from outside."""

    released_at: float = 0.0
    released: asyncio.Event = field(default_factory=asyncio.Event)
    refused: asyncio.Event = field(default_factory=asyncio.Event)
    free: asyncio.Event = field(default_factory=asyncio.Event)


class Watch(Stage):
    """Notes when each latch goes on, and what each sign says."""

    def __init__(self, lanes: int) -> None:
        super().__init__()
        self.visits = {lane_name(n): Visit() for n in range(1, lanes + 1)}

    def tell(self, device: str, state: dict[str, Any]) -> None:
        lane, _, part = device.partition(".")
        visit = self.visits.get(lane)
        if visit is None:
            return
        if part == "turnstile.latch_in" and state["on"]:
            visit.released_at = perf_counter()
            visit.released.set()
        elif part == "display" and state["tone"] == Tone.REFUSE.value:
            visit.refused.set()
        elif part == "display" and state["title"] == IDLE:
            visit.free.set()


@dataclass
class AtWork:
    """The lanes of a gate with a scanner each."""

    gate: Gate
    watch: Watch
    scanners: list[Scanner]

    async def ready(self) -> None:
        """Return when every lane asks for tickets and all that was done is on the disk."""
        for visit in self.watch.visits.values():
            await visit.free.wait()
        await self.written()

    async def written(self) -> None:
        """Return when all that was told is on the disk. No visitor scans in the same millisecond
        in which the one before has walked."""
        await self.gate.journal.drain()

    async def admit(self, code: str, lane: int = 1) -> float:
        """One visitor: scan, release, walk; back when the lane is free again and all is written.
        The seconds from scan to release."""
        visit = self.watch.visits[lane_name(lane)]
        begun = await self.scan(code, lane)
        seconds = visit.released_at - begun
        await self.walk(lane)
        await self.written()
        return seconds

    async def scan(self, code: str, lane: int = 1) -> float:
        """Back when the lane is released; the time at which the code was shown."""
        name = lane_name(lane)
        visit = self.watch.visits[name]
        visit.free.clear()
        visit.released.clear()
        begun = perf_counter()
        self.scanners[lane - 1].scan(code)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await visit.released.wait()
        except TimeoutError as error:
            seen = self.watch.prop(f"{name}.display").state
            raise RuntimeError(f"nobody was let in: {seen}") from error
        return begun

    async def walk(self, lane: int = 1) -> None:
        name = lane_name(lane)
        self.watch.cue(f"{name}.turnstile.sensor", pulse=True)
        await self.watch.visits[name].free.wait()

    async def refuse(self, code: str, lane: int = 1) -> None:
        """One visitor is refused; back when that is written."""
        visit = self.watch.visits[lane_name(lane)]
        visit.refused.clear()
        self.scanners[lane - 1].scan(code)
        await visit.refused.wait()
        await self.written()


@asynccontextmanager
async def at_work(
    folder: Path,
    *,
    lanes: int = 1,
    tickets: int = 0,
    keys: Sequence[SigningKey] = (KEY,),
    kind: type[Database] = Database,
) -> AsyncIterator[AtWork]:
    """A gate put together as gate.service does it, with nobody to talk to."""
    with ExitStack() as stack:
        scanners = [stack.enter_context(scanner()) for _ in range(lanes)]
        config = lay_out_gate(folder, [held.port for held in scanners], display="sim")
        await fill_ledger(config, tickets, keys)
        settings, watch = load(config, GateSettings), Watch(lanes)
        devices = build_devices(settings, Devices(structure, watch))
        async with kind(settings.state / "gate.db", SCHEMA) as database:
            gate = put_together(settings, database, devices)
            async with asyncio.TaskGroup() as group:
                await database.grow_log()
                serving = group.create_task(gate.run())
                work = AtWork(gate, watch, scanners)
                await work.ready()
                yield work
                serving.cancel()
