"""From the scanner's bytes to the released turnstile, the admission being on the disk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.figure import Figure, Plan, compare
from bench.sample import LANE, Scanner, fill_ledger, fresh_code, lay_out_gate, scanner
from gate.ledger import SCHEMA
from gate.phrases import phrase
from gate.service import build_devices, put_together
from gate.settings import GateSettings
from hal.ports import Tone
from hal.registry import Devices
from hal.sim.stage import Stage
from runtime.convert import structure
from runtime.database import Database
from runtime.settings import load

NAME, AIM = "scan to release", 1.6
AGAINST = "64 bytes appended to a file + fdatasync, on the event loop's own thread"
LATCH, SENSOR = f"{LANE}.turnstile.latch_in", f"{LANE}.turnstile.sensor"
DISPLAY = f"{LANE}.display"
IDLE, _, _ = phrase("idle", "en")
PATIENCE_S = 10


class Watch(Stage):
    """Notes when the latch goes on, and when the lane waits for a visitor."""

    def __init__(self) -> None:
        super().__init__()
        self.released_at = 0.0
        self.released = asyncio.Event()
        self.free = asyncio.Event()
        self._welcomed = True

    def tell(self, device: str, state: dict[str, Any]) -> None:
        if device == LATCH and state["on"]:
            self.released_at = perf_counter()
            self.released.set()
        if device == DISPLAY:
            self._welcomed = self._welcomed or state["tone"] == Tone.WELCOME.value
            if state["title"] == IDLE and self._welcomed:
                self._welcomed = False
                self.free.set()


async def measure(plan: Plan) -> Figure:
    bare = os.open(plan.folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def flush() -> float:
        begun = perf_counter()
        os.write(bare, bytes(64))
        os.fdatasync(bare)
        return perf_counter() - begun

    try:
        with scanner() as held:
            async with _lane(plan.folder, held.port) as watch:

                async def admit() -> float:
                    return await _admit(watch, held)

                samples = 20 if plan.quick else 60
                return await compare(
                    NAME, admit, flush, aim=AIM, rounds=plan.rounds, samples=samples
                )
    finally:
        os.close(bare)


@asynccontextmanager
async def _lane(folder: Path, port: str) -> AsyncIterator[Watch]:
    """A lane at work, put together as gate.service does it, without anybody to talk to."""
    config = lay_out_gate(folder, port, display="sim")
    await fill_ledger(config)
    settings, watch = load(config, GateSettings), Watch()
    devices = build_devices(settings, Devices(structure, watch))
    async with Database(settings.state / "gate.db", SCHEMA) as database, asyncio.TaskGroup() as g:
        await database.grow_log()
        serving = g.create_task(put_together(settings, database, devices).run())
        yield watch
        serving.cancel()


async def _admit(watch: Watch, held: Scanner) -> float:
    """One visitor: scan, release, walk; back when the lane is free again."""
    code = fresh_code()
    try:
        async with asyncio.timeout(PATIENCE_S):
            await watch.free.wait()
            watch.free.clear()
            watch.released.clear()
            begun = perf_counter()
            held.scan(code)
            await watch.released.wait()
            watch.cue(SENSOR, pulse=True)
            await watch.free.wait()
    except TimeoutError as error:
        raise RuntimeError(f"nobody was let in: {watch.prop(DISPLAY).state}") from error
    return watch.released_at - begun
