"""A gate on a stage: its lanes with simulated devices, its memory in a real SQLite file."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from support.samples import BERLIN, NOON, issued

from admission.facts import Event, Fact
from admission.values import Ticket
from gate.lane import Lane
from gate.ledger import SCHEMA, GateLedger
from gate.service import build_devices
from gate.settings import CentralSettings, GateSettings, LaneSettings
from hal.registry import Devices
from hal.sim.stage import Stage
from runtime.convert import structure
from runtime.database import Database
from runtime.outbox import Outbox
from runtime.wire import fact_from_data

DEVICE = "gate-1"
SIM = {"driver": "sim"}
TURNSTILE = {"driver": "relay", "latch_in": SIM, "sensor": SIM}
NORTH = LaneSettings("North", ("museum",), SIM, TURNSTILE, SIM)
SOUTH = replace(NORTH, name="South")


def settings_in(folder: Path, *lanes: LaneSettings, **changes: Any) -> GateSettings:
    central = CentralSettings("http://127.0.0.1:9", "gate-1-gate-1-gate-1")
    settings = GateSettings(DEVICE, "sample", str(BERLIN), folder, central, lanes or (NORTH,))
    return replace(settings, **changes)


def told_in(folder: Path, device: str = DEVICE) -> list[Event]:
    """What this device told, as anybody else reads it from the file at this moment."""
    with closing(sqlite3.connect(f"file:{folder / 'gate.db'}?mode=ro", uri=True)) as file:
        rows = file.execute("SELECT body FROM fact WHERE device = ? ORDER BY number", (device,))
        return [fact_from_data(json.loads(body)).event for (body,) in rows]


@asynccontextmanager
async def memory_in(
    folder: Path, heard: Callable[[Fact], None] = lambda fact: None
) -> AsyncIterator[tuple[GateLedger, Outbox]]:
    async with Database(folder / "gate.db", SCHEMA) as database:
        outbox = Outbox(database, DEVICE, heard)
        yield GateLedger(database, outbox), outbox


@dataclass
class Rig:
    folder: Path
    stage: Stage
    ledger: GateLedger

    def scan(self, code: str, lane: str = "North") -> None:
        self.stage.cue(f"{lane}.reader", scan=code)

    def walk(self, lane: str = "North") -> None:
        self.stage.cue(f"{lane}.turnstile.sensor", pulse=True)

    def latch(self, lane: str = "North") -> bool:
        return bool(self.stage.prop(f"{lane}.turnstile.latch_in").state.get("on"))

    def notice(self, lane: str = "North") -> str:
        """What the display shows in one line: "Welcome: please walk"."""
        state = self.stage.prop(f"{lane}.display").state
        return f"{state.get('title')}: {state.get('text')}"

    async def until(self, wanted: Callable[[], bool]) -> None:
        """Return when the stage is as wanted."""
        async with asyncio.timeout(60), aclosing(self.stage.watch()) as changes:
            async for _ in changes:
                if wanted():
                    return

    async def shows(self, text: str, lane: str = "North") -> None:
        await self.until(lambda: text in self.notice(lane))

    async def opens(self, lane: str = "North") -> None:
        await self.until(lambda: self.latch(lane))

    async def locks(self, lane: str = "North") -> None:
        await self.until(lambda: not self.latch(lane))

    async def idle(self, lane: str = "North") -> None:
        await self.shows("scan your ticket", lane)

    async def told(self, count: int) -> list[Event]:
        """What the gate told, as soon as there are so many events on the disk."""
        await self.until(lambda: self.stage.prop(DEVICE).state.get("told", 0) >= count)
        return told_in(self.folder)


@asynccontextmanager
async def lanes_in(
    folder: Path,
    *lanes: LaneSettings,
    tickets: Iterable[Ticket] = (),
    known: Iterable[Fact] | None = None,
    stage: Stage | None = None,
) -> AsyncIterator[Rig]:
    """Lanes at work at 12:00 in Berlin. The gate has heard of the key, the products and `tickets`,
    or of the facts `known` and no others."""
    settings = settings_in(folder, *lanes)
    stage = stage or Stage()
    parts = build_devices(settings, Devices(structure, stage))
    time = asyncio.get_running_loop().time

    def heard(fact: Fact) -> None:
        stage.prop(DEVICE).show(told=fact.number)

    async with memory_in(folder, heard) as (ledger, outbox), asyncio.TaskGroup() as group:
        await ledger.fold(issued(*tickets) if known is None else known)
        at_work = [
            group.create_task(
                Lane(one, BERLIN, ledger, outbox, lambda: NOON + timedelta(seconds=time())).run(
                    *devices
                )
            )
            for one, devices in zip(settings.lanes, parts, strict=True)
        ]
        yield Rig(folder, stage, ledger)
        for task in at_work:
            task.cancel()
