"""In step with central and the other gates: the feed comes in, this gate's facts go out.

MQTT tells at once; whatever it missed is fetched over HTTP. Nothing here is needed to answer a
scan: while central and broker are down the gate goes on, and tells everything afterwards.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from admission.facts import ONLY_CENTRAL, Admitted, Fact, Lapsed, Passed
from gate.emergency import Emergency
from gate.ledger import GateLedger
from gate.settings import GateSettings
from gate.trust import Trust
from runtime.convert import Invalid, structure
from runtime.disk import DiskFault
from runtime.log import Repeats
from runtime.mqtt import Bus, Connected, Message
from runtime.outbox import Outbox
from runtime.service import version
from runtime.topics import Topics
from runtime.wire import decode, encode, fact_from_data

if TYPE_CHECKING:
    import aiohttp

log = logging.getLogger("wicket.gate")

PAGE = 1000
LOOK_S = 15.0
"""How often central is asked over HTTP even though nothing seems to be missing."""
AGAIN_S = 1.0
DISK_AGAIN_S = 10.0
STATUS_S = 30.0


@dataclass(frozen=True)
class _Ack:
    number: int


@dataclass(frozen=True)
class _Told:
    facts: tuple[Any, ...]


@dataclass(frozen=True)
class _Entry:
    n: int
    fact: Any


@dataclass(frozen=True)
class _Batch:
    after: int
    entries: tuple[_Entry, ...]


@dataclass(frozen=True)
class _Page:
    head: int
    entries: tuple[_Entry, ...]


@dataclass(frozen=True)
class _Snapshot:
    as_of: int
    taken: int
    facts: tuple[Any, ...]


class Sync:
    def __init__(
        self,
        settings: GateSettings,
        ledger: GateLedger,
        outbox: Outbox,
        trust: Trust,
        emergency: Emergency | None = None,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._outbox = outbox
        self._trust = trust
        self._emergency = emergency
        self._topics = Topics(settings.site)
        self._behind = asyncio.Event()
        self._repeats = Repeats(log)
        self._bus = Bus(
            settings.mqtt,
            settings.device,
            (
                self._topics.feed,
                self._topics.facts("+"),
                self._topics.ack(settings.device),
            ),
            Message(self._topics.status(settings.device), encode({"online": False}), retain=True),
        )

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._bus.run(), name="bus")
            group.create_task(self._listen(), name="listen")
            group.create_task(self._catch_up(), name="catch up")
            group.create_task(self._tell_status(), name="status")
            facts = self._topics.facts(self._settings.device)
            group.create_task(self._outbox.deliver(self._bus, facts), name="deliver")

    async def _listen(self) -> None:
        async for message in self._bus.messages():
            try:
                await self._hear(message)
            except DiskFault:
                self._behind.set()  # what was missed is asked for until the disk takes it

    async def _hear(self, message: Connected | Message) -> None:
        if isinstance(message, Connected):
            self._behind.set()
            self._outbox.send_again()
            await self._send_status()
            return
        try:
            await self._take(message)
        except Invalid as invalid:
            log.warning("%s: message set aside: %s", message.topic, invalid)

    async def _take(self, message: Message) -> None:
        data = decode(message.payload)
        if message.topic == self._topics.feed:
            await self._take_batch(structure(data, _Batch))
        elif message.topic == self._topics.ack(self._settings.device):
            await self._outbox.acknowledge(structure(data, _Ack).number)
        elif message.topic != self._topics.facts(self._settings.device):
            device = self._topics.device_of(message.topic)
            await self._ledger.fold(self._readable(structure(data, _Told).facts, device))

    async def _take_batch(self, batch: _Batch) -> None:
        cursor = self._ledger.cursor
        if batch.after > cursor:
            self._behind.set()
            return
        new = [entry for entry in batch.entries if entry.n > cursor]
        if new:
            await self._fold(new)

    async def _fold(self, entries: Iterable[_Entry]) -> None:
        last = max(entry.n for entry in entries)
        await self._ledger.fold(self._readable(entry.fact for entry in entries), last)

    def _readable(self, told: Iterable[Any], device: str | None = None) -> list[Fact]:
        """Facts of a kind not known here, or that `device` may not tell, are set aside, visibly;
        they never block the others."""
        facts = []
        for data in told:
            try:
                fact = fact_from_data(data, lenient=True)
                if device is not None:
                    _check_teller(fact, device)
                facts.append(fact)
            except Invalid as invalid:
                log.warning("fact set aside: %s: %.200s", invalid, data)
        return facts

    async def _catch_up(self) -> None:
        """Fetch what is missing: at the start, when a gap shows, and now and then."""
        await asyncio.to_thread(import_module, "aiohttp")  # 100 ms, beside the lanes
        import aiohttp  # noqa: PLC0415

        central = self._settings.central
        async with aiohttp.ClientSession(
            base_url=central.url,
            headers={"Authorization": f"Bearer {central.token}"},
            timeout=aiohttp.ClientTimeout(total=30, connect=5),
        ) as http:
            while True:
                self._behind.clear()
                try:
                    await self._fetch(http)
                    await self._trust.heard()
                    self._repeats.healed("central answers again")
                except (aiohttp.ClientError, OSError, TimeoutError, Invalid) as error:
                    self._repeats.failed(
                        f"central at {central.url} gives no feed ({_say(error)}); scanning goes on "
                        "with what is known here; is [central] url and token right?"
                    )
                    await asyncio.sleep(AGAIN_S)
                    continue
                except DiskFault as fault:
                    self._repeats.failed(f"what central tells is not kept: {fault}")
                    await asyncio.sleep(DISK_AGAIN_S)
                    continue
                try:
                    async with asyncio.timeout(LOOK_S):
                        await self._behind.wait()
                except TimeoutError:
                    pass

    async def _fetch(self, http: aiohttp.ClientSession) -> None:
        if self._ledger.cursor == 0:
            snapshot = structure(await _get(http, "/v1/snapshot"), _Snapshot)
            await self._outbox.resume_after(snapshot.taken)
            await self._ledger.fold(self._readable(snapshot.facts), snapshot.as_of)
            log.info("snapshot as of %d: %d facts", snapshot.as_of, len(snapshot.facts))
        while True:
            cursor = self._ledger.cursor
            page = structure(await _get(http, f"/v1/feed?after={cursor}&limit={PAGE}"), _Page)
            if not page.entries:
                return
            await self._fold(page.entries)
            if self._ledger.cursor <= cursor:
                raise Invalid([("entries", f"none after {cursor}")])

    async def _tell_status(self) -> None:
        while True:
            await asyncio.sleep(STATUS_S)
            try:
                await self._send_status()
            except DiskFault as fault:
                log.debug("no status: %s", fault)

    async def _send_status(self) -> None:
        status = {
            "online": True,
            "version": version(),
            "cursor": self._ledger.cursor,
            "waiting": self._outbox.waiting,
            "clock_trusted": self._trust.doubt()[0],
            "present": self._ledger.counted(),
            "emergency": self._emergency is not None and self._emergency.on,
        }
        topic = self._topics.status(self._settings.device)
        await self._bus.publish(topic, encode(status), retain=True)


def _check_teller(fact: Fact, device: str) -> None:
    """What central would not take from a device, its fellow gates do not believe either."""
    if fact.device != device:
        raise Invalid([("device", f"told by {device!r} in the name of {fact.device!r}")])
    if isinstance(fact.event, ONLY_CENTRAL):
        raise Invalid([("kind", f"only central tells this, not {device!r}")])
    match fact.event:
        case Admitted(persons=persons) | Passed(persons=persons) | Lapsed(persons=persons) if (
            persons < 1
        ):
            raise Invalid([("persons", f"{persons} is not possible")])


def _say(error: Exception) -> str:
    return str(error) or type(error).__name__


async def _get(http: aiohttp.ClientSession, path: str) -> Any:
    async with http.get(path) as answer:
        answer.raise_for_status()
        return decode(await answer.read(), limit=None)
