"""The gate daemon, put together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, TypeVar, cast

from gate.lane import Lane
from gate.ledger import SCHEMA, GateLedger
from gate.settings import GateSettings
from hal.ports import CodeReader, LaneDisplay, Turnstile
from hal.registry import BadDevice, Devices
from hal.sim import stage as stages
from runtime.convert import structure
from runtime.database import Database
from runtime.outbox import Outbox
from runtime.service import notify, utc_now

T = TypeVar("T")

log = logging.getLogger("wicket.gate")

HEAD_START_S = 1.0
"""The lanes of a gate that knows its keys serve first; what makes it fast and connected, after."""

LaneDevices = tuple[CodeReader, Turnstile, LaneDisplay]


def build_devices(settings: GateSettings, devices: Devices) -> list[LaneDevices]:
    """Every lane's devices, closed. Raises BadDevice with all problems of all lanes."""
    problems: list[str] = []

    def build(port: type[T], name: str, table: Mapping[str, Any]) -> T:
        try:
            return devices.build(port, name, table)
        except BadDevice as bad:
            problems.extend(bad.problems)
            return cast(T, None)

    lanes = [
        (
            build(CodeReader, f"{lane.name}.reader", lane.reader),
            build(Turnstile, f"{lane.name}.turnstile", lane.turnstile),
            build(LaneDisplay, f"{lane.name}.display", lane.display),
        )
        for lane in settings.lanes
    ]
    if problems:
        raise BadDevice(problems)
    return lanes


def check(settings: GateSettings) -> None:
    """Raise BadDevice if any device table is wrong."""
    build_devices(settings, Devices(structure, stages.Stage()))


async def serve(settings: GateSettings) -> None:
    """Open the ledger, serve the lanes, keep in step with central. Never returns."""
    stage = stages.Stage()
    parts = build_devices(settings, Devices(structure, stage))
    async with AsyncExitStack() as stack:
        if settings.stage:
            await stack.enter_async_context(stages.serve(stage, settings.stage))
        database = await stack.enter_async_context(Database(settings.state / "gate.db", SCHEMA))
        outbox = Outbox(database, settings.device)
        ledger = GateLedger(database, outbox)
        lanes = [Lane(s, settings.zone, ledger, outbox, utc_now) for s in settings.lanes]
        async with asyncio.TaskGroup() as group:
            for lane, devices in zip(lanes, parts, strict=True):
                group.create_task(lane.run(*devices), name=lane.settings.name)
            notify(f"READY=1\nSTATUS={len(lanes)} lanes")
            log.info("%s serves %s", settings.device, ", ".join(s.name for s in settings.lanes))
            if ledger.ready.is_set():
                await asyncio.sleep(HEAD_START_S)
            await database.grow_log()
            from gate.sync import Sync  # noqa: PLC0415 - the first visitor need not wait for it

            group.create_task(Sync(settings, ledger, outbox).run(), name="sync")
