"""Scans while central is away: told once when it comes back soon, dropped when nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from support.clock import on_virtual_time
from support.listening import settle

from desk.centre import Refused
from desk.service import AGAIN_S, FRESH_S, STATUS_S, WAITING, Desk
from hal.ports import CodeReader, DeviceFault
from hal.registry import Devices
from hal.sim.stage import Stage
from runtime.centre import CentreFault
from runtime.convert import structure


@dataclass
class Central:
    """Away until that moment of the loop's time; refuses `odd` codes."""

    away_until: float = 0.0
    odd: str = ""
    tried: list[tuple[str, str]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    told: list[tuple[str, ...]] = field(default_factory=list)

    async def scanned(self, code: str, key: str) -> None:
        self.tried.append((code, key))
        self._answers()
        if code == self.odd:
            raise Refused("no control characters")
        self.heard.append(code)

    async def status(self, *, prints: bool, faults: Sequence[str]) -> None:
        self._answers()
        self.told.append(tuple(faults))

    def _answers(self) -> None:
        if asyncio.get_running_loop().time() < self.away_until:
            raise CentreFault("away", "is it on?")


@asynccontextmanager
async def at_work(central: Central) -> AsyncIterator[tuple[Desk, Stage]]:
    stage = Stage()
    reader = Devices(structure, stage).build(CodeReader, "reader", {"driver": "sim"})
    desk = Desk(central, prints=False)
    async with reader:
        tasks = [
            asyncio.create_task(work)
            for work in (desk.read(reader), desk.tell_scans(), desk.tell_status())
        ]
        await settle()
        yield desk, stage
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def wait(seconds: float) -> None:
    """Let the time of the loop go on."""
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, over.set)
    await over.wait()


@on_virtual_time
async def test_a_scan_is_told_again_under_the_same_key() -> None:
    central = Central(away_until=2 * AGAIN_S)
    async with at_work(central) as (_, stage):
        stage.cue("reader", scan="W1")
        await wait(FRESH_S)
    assert central.heard == ["W1"]
    assert len(set(central.tried)) == 1
    assert len(central.tried) > 1


@on_virtual_time
async def test_a_scan_that_waited_too_long_is_dropped() -> None:
    central = Central(away_until=2 * FRESH_S)
    async with at_work(central) as (_, stage):
        for number in range(WAITING + 5):
            stage.cue("reader", scan=f"W{number}")
        await wait(2 * FRESH_S + 1)
        stage.cue("reader", scan="now")
        await wait(1)
    assert central.heard == ["now"]


@on_virtual_time
async def test_a_scan_that_central_refuses_is_not_told_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    central = Central(odd="odd")
    async with at_work(central) as (_, stage):
        stage.cue("reader", scan="odd")
        stage.cue("reader", scan="even")
        await wait(1)
    assert central.heard == ["even"]
    assert "a scan is of no use" in caplog.text


@on_virtual_time
async def test_faults_are_told_at_once_and_health_now_and_then() -> None:
    central = Central()
    async with at_work(central) as (desk, _):
        hears = desk.health("printer")
        hears(DeviceFault("printer", "no paper", "put in a roll"))
        hears(DeviceFault("printer", "no paper", "put in a roll"))
        await wait(1)
        assert central.told == [(), ("printer: no paper; put in a roll",)]
        hears(None)
        await wait(1)
        assert central.told[-1] == ()
        await wait(STATUS_S)
        assert len(central.told) == 4
