"""A gate on a stage: its lanes with simulated devices, its memory in a real SQLite file."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from support.clock import VirtualLoop
from support.samples import BERLIN, NOON, issued

from admission.facts import Event, Fact
from admission.values import Direction, Ticket
from gate.ledger import SCHEMA, GateLedger, fold_told
from gate.peers import Peers
from gate.service import Gate, build_devices, put_together
from gate.settings import CentralSettings, GateSettings, LaneSettings, WaySettings
from hal.ports import LaneDisplay
from hal.registry import Devices
from hal.sim.stage import Stage
from runtime.clocks import Clocks
from runtime.convert import structure
from runtime.database import Database
from runtime.outbox import Outbox
from runtime.wire import fact_from_data

DEVICE = "gate-1"
SIM = {"driver": "sim"}
TURNSTILE = {"driver": "tripod", "latch_in": SIM, "sensor": SIM}
BOTH_WAYS = {
    "driver": "tripod",
    "latch_in": SIM,
    "latch_out": SIM,
    "sensor_in": SIM,
    "sensor_out": SIM,
}
WAY = WaySettings((SIM,), (SIM,))
NORTH = LaneSettings("North", ("museum",), TURNSTILE, WAY)
SOUTH = replace(NORTH, name="South")


def settings_in(folder: Path, *lanes: LaneSettings, **changes: Any) -> GateSettings:
    given: dict[str, Any] = {
        "device": DEVICE,
        "site": "sample",
        "timezone": str(BERLIN),
        "state": folder,
        "record_within_s": 10.0,  # the disk of a test may be busy
        "central": CentralSettings("http://127.0.0.1:9", "gate-1-gate-1-gate-1"),
        "lanes": lanes or (NORTH,),
    }
    return GateSettings(**given | changes)


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
        outbox = Outbox(database, DEVICE, heard, fold_told)
        yield GateLedger(database, outbox), outbox


class Together(Peers):
    """All devices hear each other."""

    def __init__(self) -> None:
        super().__init__(DEVICE)

    def cut_off(self, now: float) -> bool:
        return False


@dataclass
class Rig:
    folder: Path
    stage: Stage
    gate: Gate

    @property
    def ledger(self) -> GateLedger:
        return self.gate.ledger

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
async def gate_in(
    settings: GateSettings,
    *,
    tickets: Iterable[Ticket] = (),
    known: Iterable[Fact] | None = None,
    stage: Stage | None = None,
    display: LaneDisplay | None = None,
    skew: Callable[[], timedelta] = timedelta,
    synchronised: Callable[[], bool] = lambda: True,
    battery: Callable[[], datetime | None] = lambda: None,
    peers: Peers | None = None,
) -> AsyncIterator[Rig]:
    """A gate at work at 12:00 in Berlin. It has heard of the key, the products and `tickets`, or
    of the facts `known` and no others. `display` stands in for that of the first lane's entry;
    `skew` is how wrong its clock is, and `synchronised` whether a time daemon keeps it. With
    `peers` None it hears all others."""
    stage = stage or Stage()
    devices = build_devices(settings, Devices(structure, stage))
    if display:
        devices.lanes[0].displays[Direction.IN] = [display]
    loop = asyncio.get_running_loop()
    noon_at = 0.0 if isinstance(loop, VirtualLoop) else loop.time()

    def heard(fact: Fact) -> None:
        stage.prop(DEVICE).show(told=fact.number)

    def clock() -> datetime:
        return NOON + timedelta(seconds=loop.time() - noon_at) + skew()

    async with Database(settings.state / "gate.db", SCHEMA) as database:
        outbox = Outbox(database, settings.device, heard, fold_told)
        clocks = Clocks(clock, loop.time, synchronised, battery, lambda: "this boot")
        peers = peers or Together()
        gate = put_together(settings, database, devices, clocks=clocks, outbox=outbox, peers=peers)
        await gate.ledger.fold(issued(*tickets) if known is None else known)
        async with asyncio.TaskGroup() as group:
            at_work = group.create_task(gate.run())
            yield Rig(settings.state, stage, gate)
            at_work.cancel()


@asynccontextmanager
async def lanes_in(folder: Path, *lanes: LaneSettings, **how: Any) -> AsyncIterator[Rig]:
    """The same, with these lanes and nothing else of a gate."""
    async with gate_in(settings_in(folder, *lanes), **how) as rig:
        yield rig
