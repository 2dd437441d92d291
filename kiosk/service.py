"""The kiosk daemon, put together: open, wire, run; everything closes in reverse."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from admission.facts import TicketPrinted
from hal.ports import PaymentTerminal, TicketPrinter
from hal.registry import Devices
from hal.sim.stage import Stage
from hal.sim.stage import serve as serve_stage
from kiosk import journal, shell
from kiosk.centre import HttpCentre
from kiosk.display import Display
from kiosk.journal import SqlJournal
from kiosk.settings import KioskSettings
from kiosk.state import Rules
from runtime import outbox as facts
from runtime.convert import Invalid, structure
from runtime.database import Database
from runtime.mqtt import Bus, Connected, Message
from runtime.outbox import Outbox
from runtime.service import notify, utc_now, version
from runtime.topics import Topics
from runtime.wire import decode, encode

log = logging.getLogger("wicket.kiosk")

T = TypeVar("T")


async def serve(settings: KioskSettings) -> None:
    """Run until cancelled or the window is closed. Raises BadDevice, and DeviceFault for a
    machine without screen or fonts."""
    stage = Stage()
    terminal, printer = build_devices(settings, stage)
    topics, name = Topics(settings.site), settings.device
    will = Message(topics.status(name), encode({"online": False}), retain=True)
    bus = Bus(settings.mqtt, name, (topics.ack(name),), will)
    async with (
        _stage(stage, settings.stage),
        Database(settings.state / "kiosk.db", journal.SCHEMA + facts.SCHEMA) as database,
        HttpCentre(settings.central) as centre,
        Display(settings.screen, stage if settings.stage else None) as display,
    ):
        sales, outbox = SqlJournal(database), Outbox(database, name)
        await sales.forget(utc_now())
        office = Office(bus, outbox, topics.status(name))
        parts = shell.Parts(
            rules=rules(settings),
            payment_s=settings.payment_s,
            journal=sales,
            centre=centre,
            terminal=terminal,
            printer=printer,
            display=display,
            clock=utc_now,
            printed=office.printed,
            status=office.status,
        )
        async with asyncio.TaskGroup() as group:
            background = [
                group.create_task(bus.run(), name="bus"),
                group.create_task(office.listen(), name="office"),
                group.create_task(office.announce(), name="status"),
                group.create_task(outbox.deliver(bus, topics.facts(name)), name="outbox"),
                group.create_task(display.run(), name="screen"),
            ]
            notify("READY=1")
            await shell.run(parts)
            for task in background:
                task.cancel()


def check(settings: KioskSettings) -> None:
    """Raise BadDevice if a device table is wrong."""
    build_devices(settings, Stage())


def build_devices(settings: KioskSettings, stage: Stage) -> tuple[PaymentTerminal, TicketPrinter]:
    devices = Devices(structure, stage)
    return (
        devices.build(PaymentTerminal, "terminal", settings.terminal),
        devices.build(TicketPrinter, "printer", settings.printer),
    )


def rules(settings: KioskSettings) -> Rules:
    return Rules(
        device=settings.device,
        boot=f"{settings.device}-{secrets.token_hex(6)}",
        languages=settings.languages,
        idle=timedelta(seconds=settings.idle_s),
        warning=timedelta(seconds=settings.idle_warning_s),
        thanks=timedelta(seconds=settings.thanks_s),
        patience=timedelta(seconds=settings.confirm_patience_s),
    )


class Office:
    """The bus: the kiosk's status out (on `topic`), the acknowledgements of its facts in."""

    def __init__(self, bus: Bus, outbox: Outbox, topic: str) -> None:
        self._bus = bus
        self._outbox = outbox
        self._topic = topic
        self._wrong: str | None = "starting"
        self._news = asyncio.Event()

    async def printed(self, ticket: int) -> None:
        """Return when the fact is on the disk."""
        await self._outbox.tell(TicketPrinted(ticket), utc_now())

    def status(self, wrong: str | None) -> None:
        self._wrong = wrong
        notify(f"STATUS={wrong or 'selling'}")
        self._news.set()

    async def announce(self) -> None:
        """Publish the status at every change and after every connect."""
        while True:
            await self._news.wait()
            self._news.clear()
            payload = encode(shell.status_payload(self._wrong, version()))
            await self._bus.publish(self._topic, payload, retain=True)

    async def listen(self) -> None:
        async for item in self._bus.messages():
            match item:
                case Connected():
                    self._outbox.send_again()
                    self._news.set()
                case Message(_, payload):
                    number = read_ack(payload)
                    if number is not None:
                        await self._outbox.acknowledge(number)


def read_ack(payload: bytes) -> int | None:
    """The number that central acknowledges; None, and a warning, for a payload that says none."""
    try:
        return structure(decode(payload), dict[str, int])["number"]
    except (Invalid, KeyError) as error:
        log.warning("an ack that cannot be read is set aside: %s", error)
        return None


@asynccontextmanager
async def _stage(stage: Stage, path: Path | None) -> AsyncIterator[None]:
    if path is None:
        yield
        return
    async with serve_stage(stage, path):
        yield
