"""The desk daemon, put together: what is read goes to central, what central wants is printed."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from desk.centre import Centre, Refused
from desk.journal import Journal
from desk.press import Press
from desk.settings import DeskSettings
from hal.keeper import keep
from hal.ports import CodeReader, DeviceFault, TicketPrinter
from hal.registry import Devices
from hal.sim.stage import Stage
from hal.sim.stage import serve as serve_stage
from runtime.centre import CentreFault
from runtime.convert import structure
from runtime.log import Repeats
from runtime.service import notify

log = logging.getLogger("wicket.desk")

FRESH_S = 4.0
"""A scan that central did not hear within this is dropped: nobody waits for it any more."""
AGAIN_S = 0.5
STATUS_S = 20.0
WAITING = 8
"""Scans that may wait for central."""


async def serve(settings: DeskSettings) -> None:
    """Run until cancelled. Raises BadDevice."""
    stage = Stage()
    readers, printer = build_devices(settings, stage)
    async with _stage(stage, settings.stage), Centre(settings.central) as centre:
        desk = Desk(centre, prints=printer is not None)
        async with asyncio.TaskGroup() as group:
            for reader in readers:
                use = keep(reader, desk.read, tell=desk.health(reader.name))
                group.create_task(use, name=reader.name)
            press = Press(centre, Journal(settings.state / "printing.json"))
            if printer is None:
                group.create_task(press.turn_down("this desk has no printer"), name="no printer")
            else:
                use = keep(printer, press.run, tell=desk.health(printer.name))
                group.create_task(use, name=printer.name)
            group.create_task(desk.tell_scans(), name="scans")
            group.create_task(desk.tell_status(), name="status")
            notify("READY=1")


def check(settings: DeskSettings) -> None:
    """Raise BadDevice if a device table is wrong."""
    build_devices(settings, Stage())


def build_devices(
    settings: DeskSettings, stage: Stage
) -> tuple[list[CodeReader], TicketPrinter | None]:
    devices = Devices(structure, stage)
    readers = [
        devices.build(CodeReader, f"reader-{number}", table)
        for number, table in enumerate(settings.readers, start=1)
    ]
    table = settings.printer
    return readers, devices.build(TicketPrinter, "printer", table) if table is not None else None


class Desk:
    """What all devices of the desk have in common."""

    def __init__(self, centre: Centre, *, prints: bool) -> None:
        self._centre = centre
        self._prints = prints
        self._faults: dict[str, str] = {}
        self._news = asyncio.Event()
        self._scans: asyncio.Queue[tuple[str, float]] = asyncio.Queue(WAITING)
        self._repeats = Repeats(log)

    def health(self, device: str) -> _Health:
        return _Health(device, self._faults, self._news)

    async def read(self, reader: CodeReader) -> None:
        """Every scan is to be told."""
        async for scan in reader.scans():
            if self._scans.full():
                log.warning("%s: a scan is dropped, for central does not answer", reader.name)
            else:
                self._scans.put_nowait((scan.text, asyncio.get_running_loop().time()))

    async def tell_scans(self) -> None:
        """Never returns."""
        while True:
            code, at = await self._scans.get()
            await self._tell_scan(code, at + FRESH_S)

    async def _tell_scan(self, code: str, until: float) -> None:
        """Once, until that moment of the loop's time."""
        key = secrets.token_hex(16)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                while True:
                    try:
                        await self._centre.scanned(code, key)
                        return
                    except Refused as refused:
                        log.warning("a scan is of no use: %s", refused)
                        return
                    except CentreFault as fault:
                        self._repeats.failed(str(fault))
                    await asyncio.sleep(AGAIN_S)
        log.warning("a scan is dropped, for central does not answer")

    async def tell_status(self) -> None:
        """At every change, and now and then. Never returns."""
        while True:
            self._news.clear()
            faults = list(self._faults.values())
            try:
                await self._centre.status(prints=self._prints, faults=faults)
                self._repeats.healed("central hears this desk again")
            except (CentreFault, Refused) as fault:
                self._repeats.failed(str(fault))
                await asyncio.sleep(AGAIN_S)
                continue
            notify(f"STATUS={'; '.join(faults) or 'ready'}")
            with suppress(TimeoutError):
                async with asyncio.timeout(STATUS_S):
                    await self._news.wait()


class _Health:
    """Hears the faults of one device, and None when it is well."""

    def __init__(self, device: str, faults: dict[str, str], news: asyncio.Event) -> None:
        self._device, self._faults, self._news = device, faults, news

    def __call__(self, fault: DeviceFault | None) -> None:
        before = self._faults.get(self._device)
        if fault:
            self._faults[self._device] = str(fault)
        else:
            self._faults.pop(self._device, None)
        if self._faults.get(self._device) != before:
            self._news.set()


@asynccontextmanager
async def _stage(stage: Stage, path: Path | None) -> AsyncIterator[None]:
    if path is None:
        yield
        return
    async with serve_stage(stage, path):
        yield
