"""What a lane does while its gate cannot hear the others. The bus is one that the test speaks on,
or a real broker that goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from support.broker import mosquitto
from support.bus import ear_on, running
from support.clock import on_virtual_time
from support.gate import DEVICE, NORTH, Rig, gate_in, settings_in
from support.listening import until
from support.paper_bus import PaperBus
from support.samples import KEY, MUSEUM, TODAY, central_facts
from support.snapshots import image_of_facts, offer_of, told

from admission.codes import sign_ticket
from admission.facts import Admitted, ProductPublished, TicketIssued
from admission.values import CutOff, Direction, Ticket
from gate.catch_up import NoAnswer, Page
from gate.images import Offer
from gate.peers import FEED_S, SILENT_S, Peers
from gate.picture import state_of
from gate.sync import Sync
from gate.wishes import TryWish, explain
from runtime.bus import Bus, Connected, Message
from runtime.convert import structure_known
from runtime.image import Scope
from runtime.mqtt import Bus as MqttBus
from runtime.topics import Topics
from runtime.wire import encode

ALONE = replace(MUSEUM, id=21)
HOMED = replace(MUSEUM, id=22, cut_off=CutOff.HOME_GATE, home="gate-2")
STAFFED = replace(MUSEUM, id=23, cut_off=CutOff.STAFF_LANE)
PRODUCTS = (ALONE, HOMED, STAFFED)
TICKETS = [Ticket(10 * p.id + n, p.id, TODAY) for p in PRODUCTS for n in range(4)]
NEWS = central_facts(*map(ProductPublished, PRODUCTS), *map(TicketIssued, TICKETS))
LANES = (NORTH, replace(NORTH, name="Staffed", staffed=True))
TOPICS = Topics("sample")
END = {"after": len(NEWS), "entries": [], "epoch": 1}


class QuietCentral:
    """It answers as long as it is `there`, and has nothing new."""

    there = True
    _told = told(len(NEWS))
    _content = image_of_facts(NEWS, _told)

    async def page(self, after: int, limit: int) -> Page:
        if not self.there:
            raise NoAnswer("away")
        return Page(after, (), epoch=self._told.epoch)

    async def offer(self, scope: Scope, after: int) -> Offer:
        return structure_known(offer_of(self._content, self._told), Offer)

    async def content(self, id_: str, start: int) -> AsyncIterator[bytes]:
        yield self._content[start:]


class SpokenBus(PaperBus):
    """A PaperBus that is away until it is told to `connect`."""

    online = False

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        await super().publish(topic, payload, retain=retain)
        return self.online

    def connect(self) -> None:
        self.online = True
        self.arrives(Connected())

    def feed(self) -> None:
        self.says(TOPICS.feed, END)

    def status(self, *, retain: bool = False, **status: Any) -> None:
        """Of the home gate."""
        payload = encode({"online": True} | status)
        self.arrives(Message(TOPICS.status("gate-2"), payload, retain))

    def said(self) -> list[bool]:
        """In each status of this gate: whether all is sent."""
        return [data["sent_all"] for _, topic, data in self.sent if topic == TOPICS.status(DEVICE)]


@dataclass
class Gate:
    rig: Rig
    peers: Peers
    central: QuietCentral
    used: dict[int, int] = field(default_factory=dict)

    async def shows(self, product: int, wanted: str, lane: str = "North") -> None:
        """Shows the product's next ticket at the lane, which says that."""
        number = self.used[product] = self.used.get(product, -1) + 1
        [ticket] = [one for one in TICKETS if one.id == 10 * product + number]
        await self.rig.idle(lane)
        self.rig.scan(sign_ticket(KEY, ticket), lane)
        await self.rig.shows(wanted, lane)

    async def until(self, *, cut_off: bool) -> None:
        await until(lambda: self.peers.cut_off(self.rig.gate.trust.uptime) is cut_off)

    def entries(self) -> list[bool]:
        """Of each entry that was told, whether the gate was cut off."""
        facts = self.rig.gate.outbox.after(0)
        return [f.event.cut_off for f in facts if isinstance(f.event, Admitted)]


@asynccontextmanager
async def gate_on(bus: Bus, folder: Path) -> AsyncIterator[Gate]:
    peers, central = Peers(DEVICE), QuietCentral()
    settings = settings_in(folder, *LANES)
    async with gate_in(settings, known=NEWS, peers=peers) as rig:
        gate = rig.gate
        sync = Sync(settings, gate.ledger, gate.outbox, gate.trust, bus=bus, central=central)
        async with running(sync.run()):
            yield Gate(rig, peers, central)


@asynccontextmanager
async def whole_gate(bus: SpokenBus, folder: Path) -> AsyncIterator[Gate]:
    async with gate_on(bus, folder) as gate:
        bus.connect()
        bus.feed()
        await gate.until(cut_off=False)
        yield gate


WELCOME, STAFF = "Welcome", "please use the staffed lane: this gate cannot hear the others"
HOME = "please use gate-2: this gate cannot reach it"


@on_virtual_time
async def test_a_gate_that_was_never_connected_is_cut_off(tmp_path: Path) -> None:
    async with gate_on(SpokenBus(), tmp_path) as gate:
        await gate.shows(STAFFED.id, STAFF)
        await gate.shows(HOMED.id, HOME)
        await gate.shows(ALONE.id, WELCOME)
        await gate.shows(STAFFED.id, WELCOME, "Staffed")
        assert gate.entries() == [True, True]


@on_virtual_time
async def test_the_technician_sees_that_it_is_and_what_follows(tmp_path: Path) -> None:
    code = sign_ticket(KEY, next(one for one in TICKETS if one.product == STAFFED.id))
    bus = SpokenBus()
    async with gate_on(bus, tmp_path) as gate:
        state = state_of(gate.rig.gate)
        assert (state["in_touch"], state["clock"]) == (
            "no: cut off",
            "kept right by a time daemon",
        )
        told = await explain(gate.rig.gate, TryWish("North", Direction.IN, code))
        assert told["trace"][-1] == {"rule": "in touch", "verdict": "refused", "says": STAFF}
        bus.connect()
        bus.feed()
        bus.status()
        await gate.until(cut_off=False)
        await until(lambda: state_of(gate.rig.gate)["in_touch"] == "gate-1, gate-2")
        told = await explain(gate.rig.gate, TryWish("North", Direction.IN, code))
        assert told["granted"]


@on_virtual_time
async def test_a_feed_that_falls_silent_is_noticed_after_25_seconds(tmp_path: Path) -> None:
    bus = SpokenBus()
    async with whole_gate(bus, tmp_path) as gate:
        await gate.shows(STAFFED.id, WELCOME)
        await asyncio.sleep(FEED_S + 0.1)
        await gate.shows(STAFFED.id, STAFF)
        bus.feed()
        await gate.until(cut_off=False)
        await gate.shows(STAFFED.id, WELCOME)
        assert gate.entries() == [False, False]


@on_virtual_time
async def test_a_gate_that_is_back_must_hear_first_what_it_missed(tmp_path: Path) -> None:
    bus = SpokenBus()
    async with whole_gate(bus, tmp_path) as gate:
        gate.central.there = False
        bus.connect()
        bus.feed()
        await asyncio.sleep(5)
        await gate.shows(STAFFED.id, STAFF)
        gate.central.there = True
        await asyncio.sleep(2)
        await gate.shows(STAFFED.id, WELCOME)


@on_virtual_time
async def test_another_gate_admits_while_the_home_gate_is_sure_to_hear_it(tmp_path: Path) -> None:
    bus = SpokenBus()
    async with whole_gate(bus, tmp_path) as gate:
        bus.status(retain=True)
        await gate.shows(HOMED.id, HOME)
        bus.status(sent_all=False)
        await gate.shows(HOMED.id, HOME)
        bus.status()
        await gate.shows(HOMED.id, WELCOME)
        bus.status(online=False)
        await gate.shows(HOMED.id, HOME)


@on_virtual_time
async def test_a_home_gate_that_falls_silent_is_given_up(tmp_path: Path) -> None:
    bus = SpokenBus()
    async with whole_gate(bus, tmp_path) as gate:
        bus.status()
        for _ in range(int(SILENT_S / 10)):
            await asyncio.sleep(10)
            bus.feed()
        await gate.shows(HOMED.id, WELCOME)
        await asyncio.sleep(10)
        bus.feed()
        await gate.shows(HOMED.id, HOME)


@on_virtual_time
async def test_others_hear_that_all_is_sent_only_when_it_is(tmp_path: Path) -> None:
    bus = SpokenBus()
    async with gate_on(bus, tmp_path) as gate:
        await gate.shows(ALONE.id, WELCOME)
        bus.connect()
        await until(lambda: len(bus.said()) == 2)
        assert bus.said() == [False, True]


async def test_a_broker_that_goes_away_cuts_the_gate_off_until_it_is_back(tmp_path: Path) -> None:
    topics = (TOPICS.feed, TOPICS.facts("+"), TOPICS.status("+"), TOPICS.ack(DEVICE))
    async with mosquitto(tmp_path) as broker:
        pass
    async with gate_on(MqttBus(broker, DEVICE, topics), tmp_path) as gate:
        for _ in range(2):
            async with mosquitto(tmp_path, broker.port), ear_on(broker) as ear:
                await ear.hears(f"device/{DEVICE}/status")
                await until(lambda: gate.rig.gate.outbox.epoch == END["epoch"])
                await ear.says("feed", END)
                await gate.until(cut_off=False)
                await gate.shows(STAFFED.id, WELCOME)
                await gate.rig.opens()
                gate.rig.walk()
            await gate.until(cut_off=True)
        await gate.shows(STAFFED.id, STAFF)
        await gate.shows(ALONE.id, WELCOME, "Staffed")
        assert gate.entries() == [False, False, True]
