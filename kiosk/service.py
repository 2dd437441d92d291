"""The kiosk daemon, put together: open, wire, run; everything closes in reverse."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from admission.facts import TicketPrinted
from hal.ports import PaymentTerminal, TicketPrinter
from hal.registry import Devices
from hal.sim.stage import Stage
from hal.sim.stage import serve as serve_stage
from kiosk import journal, offline_store, shell
from kiosk.centre import HttpCentre
from kiosk.closing import Closing
from kiosk.display import Display
from kiosk.journal import SqlJournal
from kiosk.keys import KioskKeys
from kiosk.offline import Books, OfflineCentre
from kiosk.offline_store import OfflineStore
from kiosk.provisions import Provisions, Storeroom
from kiosk.settings import KioskSettings
from kiosk.state import Rules
from runtime import mqtt
from runtime import outbox as facts
from runtime.bus import Bus, Connected, Message
from runtime.centre import CentreFault
from runtime.convert import Invalid, structure, structure_known
from runtime.database import Database, DiskFault
from runtime.log import Repeats
from runtime.obey import Obedience
from runtime.outbox import Outbox, Standing
from runtime.service import notify, utc_now, version
from runtime.topics import Topics
from runtime.wire import decode, encode

log = logging.getLogger("wicket.kiosk")

T = TypeVar("T")

SCHEMA = journal.SCHEMA + facts.SCHEMA + offline_store.SCHEMA
AGAIN_S = 5.0
LOOK_S = 60.0
"""How often central is asked what it has of this kiosk's facts though nothing seems wrong."""
STATUS_S = 30.0


async def serve(settings: KioskSettings) -> None:
    """Run until cancelled or the window is closed. Raises BadDevice, and DeviceFault for a
    machine without screen or fonts."""
    stage = Stage()
    terminal, printer = build_devices(settings, stage)
    topics, name = Topics(settings.site), settings.device
    will = Message(topics.status(name), encode({"online": False}), retain=True)
    bus = mqtt.Bus(settings.mqtt, name, (topics.ack(name), topics.command(name)), will)
    async with (
        _stage(stage, settings.stage),
        Database(settings.state / "kiosk.db", SCHEMA) as database,
        HttpCentre(settings.central) as centre,
        Display(settings.screen, stage if settings.stage else None) as display,
    ):
        sales, outbox = SqlJournal(database), Outbox(database, name)
        await sales.forget(utc_now())
        alone = Alone(settings, centre, database, outbox)
        closing = Closing(outbox)
        obedience = Obedience(utc_now, utc_now, closing.obey)
        office = Office(
            bus,
            outbox,
            topics,
            centre.standing,
            lambda: closing.status() | alone.status(),
            obedience=obedience,
        )
        await alone.store.forget(utc_now())
        parts = shell.Parts(
            rules=rules(settings),
            payment_s=settings.payment_s,
            journal=sales,
            centre=alone.centre,
            terminal=terminal,
            printer=printer,
            display=display,
            clock=utc_now,
            printed=office.printed,
            status=office.status,
            closing=closing.watch,
        )
        async with asyncio.TaskGroup() as group:
            background = [
                group.create_task(office.run(), name="office"),
                group.create_task(alone.run(), name="provisions"),
                group.create_task(display.run(), name="screen"),
            ]
            notify("READY=1")
            await shell.run(parts)
            for task in background:
                task.cancel()


class Alone:
    """Selling while central cannot be reached, if settings ask for it. Raises BadSettings for a
    key file that cannot be used."""

    def __init__(
        self, settings: KioskSettings, centre: HttpCentre, database: Database, outbox: Outbox
    ) -> None:
        self.store = OfflineStore(database)
        keys = KioskKeys(settings.state, settings.device)
        books = Books(self.store, keys, outbox.tell, lambda: outbox.acknowledged, utc_now)
        self.centre = OfflineCentre(centre, books)
        self._keys, self._places = keys, settings.offline.places
        room = Storeroom(settings.offline, self.store, keys, outbox.tell, utc_now)
        self._provisions = Provisions(centre, room, secrets.token_hex(6))

    async def run(self) -> None:
        """Never returns."""
        await self._provisions.run()

    def status(self) -> dict[str, Any]:
        """How many places it may sell, and why it may not."""
        if not self._places:
            return {}
        now = utc_now()
        why = self._keys.why_not(now)
        left = sum(one.left for one in self.store.stock() if one.sells(now))
        faults = [f"while central is away it does not sell: {why}"] if why else []
        return {"leases": 0 if why else left, "faults": faults}


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


@dataclass(frozen=True)
class _Ack:
    number: int
    epoch: int = 0


class Office:
    """The bus: the kiosk's facts and status out, the acknowledgements of its facts and commands
    in. `standing` asks central over HTTP what it has of them; it raises CentreFault. `more` is said
    of the status beside; `obedience` obeys the commands."""

    def __init__(
        self,
        bus: Bus,
        outbox: Outbox,
        topics: Topics,
        standing: Callable[[], Awaitable[Standing]],
        more: Callable[[], dict[str, Any]] = dict,
        *,
        obedience: Obedience | None = None,
    ) -> None:
        self._bus = bus
        self._outbox = outbox
        self._topics = topics
        self._standing = standing
        self._more = more
        self._obedience = obedience
        self._wrong: str | None = "starting"
        self._news = asyncio.Event()
        self._doubt = asyncio.Event()
        self._repeats = Repeats(log)

    async def run(self) -> None:
        """Never returns."""
        facts = self._topics.facts(self._outbox.device)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._bus.run(), name="bus")
            group.create_task(self._listen(), name="listen")
            group.create_task(self._announce(), name="status")
            group.create_task(self._ask(), name="ask")
            group.create_task(self._outbox.deliver(self._bus, facts), name="outbox")
            if self._obedience:
                results = self._topics.result(self._outbox.device)
                group.create_task(self._obedience.run(self._bus, results), name="obey")

    async def printed(self, ticket: int) -> None:
        """Return when the fact is on the disk."""
        await self._outbox.tell(TicketPrinted(ticket), utc_now())

    def status(self, wrong: str | None) -> None:
        self._wrong = wrong
        notify(f"STATUS={wrong or 'selling'}")
        self._news.set()

    async def _announce(self) -> None:
        """Publish the status at every change, after every connect, and now and then."""
        topic = self._topics.status(self._outbox.device)
        while True:
            status = shell.status_payload(self._wrong, version())
            status |= {"waiting": self._outbox.waiting} | self._more()
            await self._bus.publish(topic, encode(status), retain=True)
            with suppress(TimeoutError):
                async with asyncio.timeout(STATUS_S):
                    await self._news.wait()
            self._news.clear()

    async def _listen(self) -> None:
        async for item in self._bus.messages():
            match item:
                case Connected():
                    self._outbox.send_again()
                    self._doubt.set()
                    self._news.set()
                case Message(topic, _) if topic.endswith("/command"):
                    if self._obedience:
                        self._obedience.hear(item)
                case Message(_, payload):
                    if not await self._believes(read_ack(payload)):
                        self._doubt.set()

    async def _believes(self, ack: _Ack | None) -> bool:
        """False: central must be asked."""
        try:
            return ack is None or await self._outbox.acknowledge(ack.number, ack.epoch)
        except DiskFault as fault:
            log.debug("what central acknowledges is not kept: %s", fault)
            return False

    async def _ask(self) -> None:
        """What acks cannot say for sure: whether central has lost facts that it had."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._doubt.wait()
            self._doubt.clear()
            before = self._outbox.acknowledged
            try:
                await self._outbox.agree(await self._standing(), before)
                self._repeats.healed("what central acknowledges is kept again")
            except DiskFault as fault:
                self._repeats.failed(f"what central acknowledges is not kept: {fault}")
                await asyncio.sleep(AGAIN_S)
                self._doubt.set()
            except CentreFault as fault:
                log.debug("not asked: %s", fault)
                await asyncio.sleep(AGAIN_S)
                self._doubt.set()


def read_ack(payload: bytes) -> _Ack | None:
    """What central acknowledges; None, and a warning, for a payload that does not say it."""
    try:
        return structure_known(decode(payload), _Ack)
    except Invalid as error:
        log.warning("an ack that cannot be read is set aside: %s", error)
        return None


@asynccontextmanager
async def _stage(stage: Stage, path: Path | None) -> AsyncIterator[None]:
    if path is None:
        yield
        return
    async with serve_stage(stage, path):
        yield
