"""Staff close a kiosk for sale from the office, and open it again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from support.bus import running
from support.clock import on_virtual_time
from support.kiosk_fakes import Mains, World, parts
from support.kiosk_sample import NOW
from support.kiosk_visitor import nobody
from support.paper_bus import PaperBus

from admission.values import Direction
from kiosk import shell
from kiosk.closing import Closing
from kiosk.service import Office
from runtime import outbox as facts
from runtime.commands import CloseSales, Command, Deed, OpenLane, OpenSales, command_to_data
from runtime.database import Database
from runtime.obey import Obedience
from runtime.outbox import Outbox, Standing
from runtime.topics import Topics

TOPIC = "wicket/1/sample/device/kiosk-1"
CLEANING = CloseSales("the hall is being cleaned")


@dataclass
class Kiosk:
    bus: PaperBus
    world: World

    async def order(self, deed: Deed, number: int) -> tuple[bool, str]:
        """The answer to the command with this number."""
        command = Command(f"{number:032x}", "anna", NOW, NOW + timedelta(seconds=10), deed)
        self.bus.says(f"{TOPIC}/command", command_to_data(command))
        await _soon(lambda: any(one["id"] == command.id for one in self.said("result")))
        [told] = [one for one in self.said("result") if one["id"] == command.id]
        return told["done"], told["said"]

    def said(self, what: str) -> list[Any]:
        return [data for _, topic, data in self.bus.sent if topic == f"{TOPIC}/{what}"]

    async def shows(self, name: str) -> None:
        await _soon(lambda: [screen.name for screen in self.world.screens[-1:]] == [name])

    async def tells(self, closed: str | None) -> None:
        await _soon(lambda: [told["closed"] for told in self.said("status")[-1:]] == [closed])


async def _soon(wanted: Callable[[], bool]) -> None:
    """Within minutes of virtual time."""
    for _ in range(600):
        if wanted():
            return
        await asyncio.sleep(1)
    raise AssertionError


async def _standing() -> Standing:
    return Standing()


@asynccontextmanager
async def kiosk_in(folder: Path) -> AsyncIterator[Kiosk]:
    bus, world = PaperBus(), World()
    async with Database(folder / "kiosk.db", facts.SCHEMA) as database:
        outbox = Outbox(database, "kiosk-1")
        closing = Closing(outbox)
        obedience = Obedience(lambda: NOW, lambda: NOW, closing.obey)
        office = Office(
            bus, outbox, Topics("sample"), _standing, closing.status, obedience=obedience
        )
        made = parts(world, nobody, Mains())
        made = replace(made, status=office.status, closing=closing.watch)
        async with running(office.run(), shell.run(made)):
            yield Kiosk(bus, world)


@on_virtual_time
async def test_a_closed_kiosk_sells_nothing_until_it_is_opened_also_when_it_starts_anew(
    tmp_path: Path,
) -> None:
    async with kiosk_in(tmp_path) as kiosk:
        await kiosk.shows("start")
        assert await kiosk.order(CLEANING, 1) == (True, "kiosk-1 is closed for sale")
        await kiosk.shows("out_of_order")
        assert "This kiosk is closed at the moment." in kiosk.world.screens[-1].spoken
        await kiosk.tells("the hall is being cleaned")
    async with kiosk_in(tmp_path) as kiosk:
        await kiosk.tells("the hall is being cleaned")
        await kiosk.shows("out_of_order")
        assert await kiosk.order(OpenSales(), 2) == (True, "kiosk-1 is open for sale")
        await kiosk.shows("start")
        await kiosk.tells(None)


@on_virtual_time
async def test_a_kiosk_has_no_lanes(tmp_path: Path) -> None:
    async with kiosk_in(tmp_path) as kiosk:
        done, said = await kiosk.order(OpenLane("North", Direction.IN), 1)
        assert (done, said) == (False, "this is a kiosk: it has no lanes")
