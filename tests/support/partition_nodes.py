"""Gates and kiosks of the partition simulator: their real memory and protocol, without devices."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from support.gate import settings_in
from support.partition_bus import Broker, SimBus
from support.partition_central import SITE, CentralNode, Crashed, outlived
from support.partition_disk import Disk, storage
from support.partition_net import Net

from admission.decide import decide
from admission.facts import Event, Fact
from admission.request import Answer
from admission.values import Direction
from central.sync import epochs, feed
from central.sync.snapshot import Scope as Made
from gate.catch_up import NoAnswer, Page
from gate.hearing import Entry
from gate.images import Offer
from gate.ledger import SCHEMA, GateLedger, fold_told
from gate.question import Entrance, question
from gate.settings import LaneSettings, WaySettings, ZoneSettings
from gate.sync import Sync
from gate.trust import Trust
from kiosk.service import Office
from runtime import outbox as outbox_store
from runtime.bus import Message
from runtime.centre import CentreFault
from runtime.clocks import Clocks
from runtime.database import DiskFault
from runtime.image import Scope
from runtime.outbox import Outbox, Standing
from runtime.topics import Topics
from runtime.wire import encode

ZONE = "museum"
LANE = LaneSettings("North", ("museum",), {}, WaySettings(), WaySettings(), zone=ZONE)
TOPICS = Topics(SITE)


@dataclass
class Surroundings:
    """What all nodes share. `now` is the true time; `crashed` hears of bugs."""

    net: Net
    broker: Broker
    central: CentralNode
    chance: random.Random
    now: Callable[[], datetime]
    note: Callable[[str, str], None]
    crashed: Crashed
    group: asyncio.TaskGroup
    folder: Path


class Asking:
    """A gate's view of central's HTTP routes."""

    def __init__(self, around: Surroundings, device: str) -> None:
        self._around = around
        self._device = device

    async def page(self, after: int, limit: int) -> Page:
        central = self._around.central

        async def work() -> Page | None:
            if not central.alive:
                return None
            return await central.store.read(look)

        def look(c: Any) -> Page:
            entries = tuple(Entry(e.n, e.fact) for e in feed.after(c, after, limit))
            taken = feed.last_taken(c, self._device)
            return Page(feed.head(c), entries, taken, epochs.current(c), central.now())

        return _answered(await self._around.net.ask(self._device, work))

    async def offer(self, scope: Scope, after: int) -> Offer:
        central = self._around.central

        async def work() -> Offer | None:
            if not central.alive:
                return None
            made = Made(scope.attractions, scope.days)
            found = await central.snapshots.offer(made, after, central.key, central.now())
            taken = await central.store.read(lambda c: feed.last_taken(c, self._device))
            keys = (central.key.issuer,)
            return Offer(found.id, found.epoch, found.as_of, found.bytes, taken, keys)

        return _answered(await self._around.net.ask(self._device, work))

    async def content(self, id_: str, start: int) -> AsyncIterator[bytes]:
        """In pieces, so that a power cut may come between them."""
        central = self._around.central

        async def work() -> bytes | None:
            path = central.snapshots.find(id_) if central.alive else None
            return None if path is None else path.read_bytes()[start:][: 1 << 14]

        while block := _answered(await self._around.net.ask(self._device, work)):
            start += len(block)
            yield block


def _answered(answer: Any) -> Any:
    if answer is None:
        raise NoAnswer("no answer")
    return answer


class Node:
    """A device: what is on its disk survives it."""

    schema: str

    def __init__(self, name: str, around: Surroundings) -> None:
        self.name = name
        self.around = around
        (around.folder / name).mkdir()
        self.stored = storage(self.schema)
        self.skew = timedelta()
        self.alive = False
        self.since = 0.0
        self.told: dict[int | None, list[tuple[float, Fact]]] = defaultdict(list)
        """What is durable about each ticket, and since when the device knows that."""
        self.opened: set[int] = set()
        """Numbers of admissions for which the barrier was opened."""
        self.bus: SimBus | None = None
        self.outbox: Outbox
        self.disk: Disk
        self._life: asyncio.Task[None] | None = None

    def wall(self) -> datetime:
        return self.around.now() + self.skew

    def start(self) -> None:
        self.alive, self.since = True, asyncio.get_running_loop().time()
        self.disk = Disk(
            self.stored, self.around.folder / self.name / "gate.db", self.around.chance
        )
        self.bus = self._put_together()
        life = outlived(self.name, self._run(self.bus), self.around.crashed)
        self._life = self.around.group.create_task(life)

    def stop(self) -> None:
        """Killed, or without power."""
        self.alive = False
        self.disk.cut()
        if self._life is not None:
            self._life.cancel()
        if self.bus is not None and self.bus.session is not None:
            self.bus.session.end()

    async def tell(self, event: Event) -> Fact | None:
        """The fact once it is durable; None if the device died before it knew, or its disk takes
        nothing."""
        life = self._life
        telling = self.outbox.begin(event, self.stamp())
        assert life is not None
        await asyncio.wait({telling, life}, return_when=asyncio.FIRST_COMPLETED)
        if self._life is not life or not self.alive or not telling.done():
            return None
        return None if isinstance(telling.exception(), DiskFault) else telling.result()

    def stamp(self) -> datetime:
        return self.wall()

    def own(self) -> list[Fact]:
        """What it told, as it stands on its disk."""
        return self.outbox.after(0, 10**6)

    def _heard(self, fact: Fact) -> None:
        self.told[fact.ticket].append((asyncio.get_running_loop().time(), fact))

    def _put_together(self) -> SimBus:
        raise NotImplementedError

    async def _run(self, bus: SimBus) -> None:
        raise NotImplementedError

    def _bus(self, *topics: str) -> SimBus:
        will = Message(TOPICS.status(self.name), encode({"online": False}), retain=True)
        return SimBus(self.around.net, self.around.broker, self.name, topics, will)


class GateNode(Node):
    schema = SCHEMA

    def _put_together(self) -> SimBus:
        self.settings = settings_in(
            self.around.folder, LANE, device=self.name, zones=(ZoneSettings(ZONE),)
        )
        self.outbox = Outbox(self.disk, self.name, self._heard, fold_told)
        self.ledger = GateLedger(self.disk, self.outbox)
        loop = asyncio.get_running_loop()
        clocks = Clocks(self.wall, loop.time, lambda: False, lambda: None, lambda: "")
        self.trust = Trust(self.ledger, self.outbox, clocks)
        return self._bus(TOPICS.feed, TOPICS.facts("+"), TOPICS.status("+"), TOPICS.ack(self.name))

    async def _run(self, bus: SimBus) -> None:
        central = Asking(self.around, self.name)
        sync = Sync(self.settings, self.ledger, self.outbox, self.trust, bus=bus, central=central)
        await sync.run()

    def stamp(self) -> datetime:
        return self.trust.stamp()

    def ask(self, code: str, way: Direction = Direction.IN) -> tuple[Any, Answer]:
        from admission.values import LaneMode

        entrance = Entrance(self.settings, LANE, way)
        asked = question(entrance, code, LaneMode.CONTROLLED, self.trust.doubt())
        return asked, decide(self.ledger, asked, self.trust.now())


class KioskNode(Node):
    schema = outbox_store.SCHEMA

    def _put_together(self) -> SimBus:
        self.outbox = Outbox(self.disk, self.name, self._heard)
        return self._bus(TOPICS.ack(self.name))

    async def _run(self, bus: SimBus) -> None:
        asking = Asking(self.around, self.name)

        async def standing() -> Standing:
            try:
                page = await asking.page(2**62, 1)
            except NoAnswer as error:
                raise CentreFault("no answer", "simulated") from error
            return Standing(page.taken, page.epoch)

        await Office(bus, self.outbox, TOPICS, standing).run()
