"""In step with central and the other gates: the feed comes in, this gate's facts go out.

The bus tells at once; whatever it missed is fetched over HTTP. Nothing here is needed to answer a
scan: while central and broker are down the gate goes on, and tells everything afterwards.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gate.catch_up import CatchUp, Central, http_central
from gate.head_count import HeadCounts
from gate.health import LONGEST_FAULT, MOST_FAULTS
from gate.hearing import Entry, Hearing
from gate.images import Images
from gate.ledger import GateLedger
from gate.peers import STATUS_S
from gate.settings import GateSettings
from gate.trust import Trust
from runtime import mqtt
from runtime.bus import Bus, Connected, Message
from runtime.convert import Invalid, structure_known
from runtime.disk import DiskFault
from runtime.obey import Obedience
from runtime.outbox import Outbox
from runtime.service import version
from runtime.topics import Topics
from runtime.wire import decode, encode

log = logging.getLogger("wicket.gate")

LOOK_S = 1.0


@dataclass(frozen=True)
class _Ack:
    number: int
    epoch: int = 0


@dataclass(frozen=True)
class _Told:
    facts: tuple[Any, ...]


@dataclass(frozen=True)
class _Status:
    """`sent_all`: what the device told while it was away is on the bus."""

    online: bool
    sent_all: bool = True


@dataclass(frozen=True)
class _Batch:
    """The feed has no holes: `entries` are the next ones after number `after`."""

    after: int
    entries: tuple[Entry, ...]
    epoch: int = 0

    def __post_init__(self) -> None:
        for n, entry in enumerate(self.entries, self.after + 1):
            if entry.n != n:
                raise ValueError(f"entries: {entry.n} instead of {n}")


async def keep_in_step(
    settings: GateSettings,
    ledger: GateLedger,
    outbox: Outbox,
    trust: Trust,
    health: Callable[[], dict[str, Any]] = dict,
    *,
    obedience: Obedience | None = None,
) -> None:
    """Over MQTT and HTTP. Never returns. `health`: see gate.health; `obedience`: who obeys
    commands, gate.commands."""
    topics = Topics(settings.site)
    heard = [topics.feed, topics.facts("+"), topics.status("+"), topics.ack(settings.device)]
    if obedience:
        heard.append(topics.command(settings.device))
    will = Message(topics.status(settings.device), encode({"online": False}), retain=True)
    bus = mqtt.Bus(settings.mqtt, settings.device, tuple(heard), will)
    async with http_central(settings.central) as central:
        sync = Sync(
            settings,
            ledger,
            outbox,
            trust,
            bus=bus,
            central=central,
            health=health,
            obedience=obedience,
        )
        await sync.run()


class Sync:
    """`bus` must hear the feed, facts and status of all devices and the acks of this one."""

    def __init__(
        self,
        settings: GateSettings,
        ledger: GateLedger,
        outbox: Outbox,
        trust: Trust,
        *,
        bus: Bus,
        central: Central,
        health: Callable[[], dict[str, Any]] = dict,
        obedience: Obedience | None = None,
    ) -> None:
        self._device = settings.device
        self._topics = Topics(settings.site)
        self._ledger = ledger
        self._outbox = outbox
        self._trust = trust
        trust.peers.online = lambda: bus.online
        self._bus = bus
        self._new_session = asyncio.Event()
        self._health = health
        self._obedience = obedience
        self._head_counts = HeadCounts(ledger, outbox, trust)
        self._hearing = Hearing(ledger, outbox)
        self._images = Images(ledger, self._hearing, central, settings.site, settings.scope)
        self._catch_up = CatchUp(
            central,
            ledger,
            outbox,
            self._hearing,
            trust,
            images=self._images,
            where=settings.central.url,
        )

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._bus.run(), name="bus")
            group.create_task(self._listen(), name="listen")
            group.create_task(self._catch_up.run(), name="catch up")
            group.create_task(self._tell_status(), name="status")
            group.create_task(self._tell_when_sent(), name="sent")
            facts = self._topics.facts(self._device)
            group.create_task(self._outbox.deliver(self._bus, facts), name="deliver")
            if self._obedience:
                results = self._topics.result(self._device)
                group.create_task(self._obedience.run(self._bus, results), name="obey")
                group.create_task(self._tell_changes(), name="changes")

    async def _listen(self) -> None:
        async for message in self._bus.messages():
            try:
                await self._hear(message)
            except DiskFault:
                self._miss()  # what was missed is asked for until the disk takes it

    async def _hear(self, message: Connected | Message) -> None:
        if isinstance(message, Connected):
            self._miss()
            self._outbox.send_again()
            self._new_session.set()
            await self._send_status()
            return
        try:
            await self._take(message)
        except Invalid as invalid:
            log.warning("%s: message set aside: %s", message.topic, invalid)

    async def _take(self, message: Message) -> None:
        if self._obedience and message.topic == self._topics.command(self._device):
            self._obedience.hear(message)
            return
        data = decode(message.payload)
        if message.topic == self._topics.feed:
            await self._take_batch(structure_known(data, _Batch))
        elif message.topic == self._topics.ack(self._device):
            ack = structure_known(data, _Ack)
            if not await self._outbox.acknowledge(ack.number, ack.epoch):
                self._catch_up.hurry()
        elif (device := self._topics.device_of(message.topic)) is None:
            return
        elif message.topic == self._topics.status(device):
            self._look_at(device, structure_known(data, _Status), kept=message.retain)
        else:
            facts = structure_known(data, _Told).facts
            if device == self._device:
                await self._check_own(facts)
            else:
                await self._hearing.take_told(facts, device)

    async def _take_batch(self, batch: _Batch) -> None:
        self._trust.peers.fed(self._trust.uptime)
        cursor = self._ledger.cursor
        if batch.epoch and batch.epoch != self._outbox.epoch:
            self._miss()
        elif batch.after <= cursor:
            await self._hearing.take_feed(batch.entries)
        else:
            self._miss()
            if cursor:
                await self._hearing.take_early(batch.entries)

    def _miss(self) -> None:
        """Others may have told what was not heard here."""
        self._trust.peers.missed(self._trust.uptime)
        self._catch_up.hurry()

    def _look_at(self, device: str, status: _Status, *, kept: bool) -> None:
        """What the broker has kept says nothing of now, unless that the device is gone."""
        here = status.online and status.sent_all
        if not (here and kept):
            self._trust.peers.told(device, self._trust.uptime, here=here)

    async def _check_own(self, facts: tuple[Any, ...]) -> None:
        taken_before = self._hearing.name_taken
        await self._hearing.check_own(facts)
        if self._hearing.name_taken != taken_before:
            await self._send_status()

    async def _tell_status(self) -> None:
        while True:
            await asyncio.sleep(STATUS_S)
            await self._tell_count()
            await self._send_status()

    async def _tell_changes(self) -> None:
        """Whoever ordered a mode, or watches from afar, sees at once what came of it."""
        told = self._seen()
        while True:
            await asyncio.sleep(LOOK_S)
            if (seen := self._seen()) != told:
                await self._send_status()
                told = seen

    def _seen(self) -> dict[str, Any]:
        """What of its health is told at once."""
        return {name: what for name, what in self._health().items() if name != "admitted"}

    async def _tell_when_sent(self) -> None:
        """Others count on this gate again when they can know all that it told while it was away."""
        while True:
            await self._new_session.wait()
            self._new_session.clear()
            await self._outbox.all_sent.wait()
            self._head_counts.came_back()
            await self._tell_count()
            await self._send_status()

    async def _tell_count(self) -> None:
        if not self._bus.online:
            return
        try:
            await self._head_counts.tell()
        except DiskFault as fault:
            log.debug("head counts are not told: %s", fault)

    async def _send_status(self) -> None:
        try:
            status = encode(self._status())
        except DiskFault as fault:
            log.debug("no status: %s", fault)
            return
        await self._bus.publish(self._topics.status(self._device), status, retain=True)

    def _status(self) -> dict[str, Any]:
        reading, health = self._trust.reading(), self._health()
        if trouble := self._images.trouble:
            faults = (trouble[:LONGEST_FAULT], *health.get("faults", ()))
            health["faults"] = faults[:MOST_FAULTS]
        return {
            "online": True,
            "version": version(),
            "epoch": self._outbox.epoch,
            "cursor": self._ledger.cursor,
            "as_of": self._ledger.rests_on[1],
            "waiting": self._outbox.waiting,
            "set_aside": self._hearing.set_aside,
            "name_taken": self._hearing.name_taken,
            "sent_all": self._outbox.all_sent.is_set(),
            "clock_trusted": reading.trusted,
            "clock_source": reading.source.value,
            "clock_offset_s": self._trust.offset_s,
            "present": self._ledger.counted(),
            **health,
        }
