"""The gate daemon, put together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, TypeVar, cast

from admission.facts import Lapsed
from admission.values import Direction
from gate.emergency import Emergency
from gate.journal import Journal
from gate.lane import Lane
from gate.ledger import SCHEMA, GateLedger, fold_told
from gate.peers import Peers
from gate.recent import Recent
from gate.settings import GateSettings, LaneSettings, PageSettings
from gate.surroundings import LaneDevices, Surroundings
from gate.today import Today
from gate.trust import Trust
from hal.ports import CodeReader, InputLine, LaneDisplay, Turnstile
from hal.registry import BadDevice, Devices
from hal.sim import stage as stages
from runtime import rescue
from runtime.clocks import Clocks
from runtime.convert import structure
from runtime.database import Database
from runtime.outbox import Outbox
from runtime.service import notify

T = TypeVar("T")

log = logging.getLogger("wicket.gate")

HEAD_START_S = 1.0
"""The lanes of a gate that knows its keys serve first; what makes it fast and connected, after."""


@dataclass
class GateDevices:
    lanes: list[LaneDevices]
    fire: InputLine | None = None
    reset: InputLine | None = None


@dataclass
class _Builder:
    """Builds what the settings name and gathers what is wrong with any of it."""

    devices: Devices
    problems: list[str] = field(default_factory=list)

    def one(self, port: type[T], name: str, table: Mapping[str, Any]) -> T:
        try:
            return self.devices.build(port, name, table)
        except BadDevice as bad:
            self.problems.extend(bad.problems)
            return cast(T, None)

    def maybe(self, port: type[T], name: str, table: Mapping[str, Any] | None) -> T | None:
        return None if table is None else self.one(port, name, table)

    def several(self, port: type[T], name: str, tables: tuple[Mapping[str, Any], ...]) -> list[T]:
        """The first has the bare name, the others a number: "North.reader", "North.reader 2"."""
        names = [name if n == 1 else f"{name} {n}" for n in range(1, len(tables) + 1)]
        return [self.one(port, *pair) for pair in zip(names, tables, strict=True)]


def build_devices(settings: GateSettings, devices: Devices) -> GateDevices:
    """All devices, closed. Raises BadDevice with all problems of all lanes."""
    builder = _Builder(devices)
    built = GateDevices([_lane_devices(lane, builder) for lane in settings.lanes])
    if settings.fire:
        built.fire = builder.one(InputLine, "fire.input", settings.fire.input)
        built.reset = builder.maybe(InputLine, "fire.reset", settings.fire.reset)
    if builder.problems:
        raise BadDevice(builder.problems)
    return built


def _lane_devices(lane: LaneSettings, builder: _Builder) -> LaneDevices:
    name = {Direction.IN: lane.name, Direction.OUT: f"{lane.name}.exit"}
    return LaneDevices(
        builder.one(Turnstile, f"{lane.name}.turnstile", lane.turnstile),
        {
            way: builder.several(CodeReader, f"{name[way]}.reader", lane.way(way).readers)
            for way in Direction
        },
        {
            way: builder.several(LaneDisplay, f"{name[way]}.display", lane.way(way).displays)
            for way in Direction
        },
        builder.maybe(InputLine, f"{lane.name}.release_button", lane.release_button),
        builder.maybe(InputLine, f"{lane.name}.lock_switch", lane.lock_switch),
    )


def check(settings: GateSettings) -> None:
    """Raise BadDevice if any device table is wrong."""
    build_devices(settings, Devices(structure, stages.Stage()))


@dataclass
class Gate:
    """The parts of a gate at work; what the technician's page and the bus look at."""

    settings: GateSettings
    ledger: GateLedger
    outbox: Outbox
    journal: Journal
    lanes: list[Lane]
    emergency: Emergency | None
    recent: Recent
    trust: Trust
    today: Today

    async def run(self) -> None:
        """Serve every lane, and heed the fire input, for ever."""
        self._account_for_interrupted()
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(self.journal.run(), name="journal")
            try:
                await self._serve_lanes()
            finally:
                await self.journal.drain()
                writing.cancel()

    async def _serve_lanes(self) -> None:
        async with asyncio.TaskGroup() as group:
            if self.emergency:
                group.create_task(self.emergency.run(), name="fire")
            for lane in self.lanes:
                group.create_task(lane.run(), name=lane.settings.name)

    def _account_for_interrupted(self) -> None:
        for number, entry, persons in self.ledger.open_entries():
            if not self.settings.give_back:
                continue
            log.info("%s: entry %d was interrupted; %d given back", entry.lane, number, persons)
            self.journal.note(Lapsed(entry.ticket, number, entry.lane, persons))


def put_together(
    settings: GateSettings,
    database: Database,
    devices: GateDevices,
    *,
    clocks: Clocks | None = None,
    outbox: Outbox | None = None,
    peers: Peers | None = None,
) -> Gate:
    """A gate whose devices are still closed, on an open database."""
    outbox = outbox or Outbox(database, settings.device, fold=fold_told)
    ledger = GateLedger(database, outbox)
    recent, trust = Recent(), Trust(ledger, outbox, clocks, peers)
    journal = Journal(outbox, trust.stamp)
    around = Surroundings(ledger, journal, trust.now, trust.doubt, recent.add)
    pairs = zip(settings.lanes, devices.lanes, strict=True)
    lanes = [Lane(lane, settings, around, parts) for lane, parts in pairs]
    ledger.walking = lambda zone: sum(lane.walking for lane in lanes if lane.settings.zone == zone)
    emergency = (
        Emergency(lanes, ledger, journal, devices.fire, devices.reset) if devices.fire else None
    )
    today = Today(database, settings.device, settings.zone_info)
    return Gate(settings, ledger, outbox, journal, lanes, emergency, recent, trust, today)


async def serve(settings: GateSettings) -> None:
    """Open the ledger, serve the lanes, keep in step with central. Never returns."""
    stage = stages.Stage()
    devices = build_devices(settings, Devices(structure, stage))
    async with AsyncExitStack() as stack:
        if settings.stage:
            await stack.enter_async_context(stages.serve(stage, settings.stage))
        file = rescue.opened(settings.state / "gate.db", SCHEMA, fold_told)
        database = await stack.enter_async_context(file)
        gate = put_together(settings, database, devices)
        async with asyncio.TaskGroup() as group:
            group.create_task(gate.run(), name="gate")
            group.create_task(database.watch(), name="damage")
            notify(f"READY=1\nSTATUS={len(gate.lanes)} lanes")
            names = ", ".join(lane.settings.name for lane in gate.lanes)
            log.info("%s serves %s", settings.device, names)
            if gate.ledger.ready.is_set():
                await asyncio.sleep(HEAD_START_S)
            await database.grow_log()
            group.create_task(_keep_in_step(gate), name="sync")
            if settings.page:
                group.create_task(_serve_page(gate, settings.page), name="page")


async def _keep_in_step(gate: Gate) -> None:
    """Its imports take 0.1 s, in which a typing scanner would overrun the kernel's buffer."""
    sync = await asyncio.to_thread(import_module, "gate.sync")
    health = await asyncio.to_thread(import_module, "gate.health")
    commands = await asyncio.to_thread(import_module, "gate.commands")
    await sync.keep_in_step(
        gate.settings,
        gate.ledger,
        gate.outbox,
        gate.trust,
        lambda: health.health_of(gate),
        obedience=commands.obedience(gate),
    )


async def _serve_page(gate: Gate, settings: PageSettings) -> None:
    page = await asyncio.to_thread(import_module, "gate.page")
    await page.serve_page(gate, settings)
