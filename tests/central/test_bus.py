"""Central with a real broker, as a device sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.broker import free_port, mosquitto
from support.bus import ear_on
from support.central import BEGUN, DEVICES, MUSEUM, NOW, Client, Clock, settings_in
from support.listening import PATIENCE_S, until
from support.paper_bus import PaperBus
from support.samples import BERLIN, ticket

from admission.facts import Admitted, Fact, TicketIssued
from central.service import opened, serve
from central.settings import HttpSettings
from central.sync import feed, ingest
from central.sync.publisher import Publisher, Pulse
from runtime.mqtt import Bus, BusSettings, Connected, Message
from runtime.topics import Topics
from runtime.wire import MAX_PAYLOAD, decode, encode, fact_to_data

SITE = "wicket/1/sample"


@asynccontextmanager
async def running(task: Any) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        started = group.create_task(task)
        yield
        started.cancel()


class Device:
    """A gate's end of the bus."""

    def __init__(self, settings: BusSettings) -> None:
        topics = (f"{SITE}/feed", f"{SITE}/device/gate-1/ack")
        self.bus = Bus(settings, "gate-1", topics)
        self._items = self.bus.messages()

    async def connected(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not isinstance(await anext(self._items), Connected):
                pass

    async def hears(self, topic: str) -> Any:
        """The next message on the topic."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                item = await anext(self._items)
                if isinstance(item, Message) and item.topic == f"{SITE}/{topic}":
                    return decode(item.payload)

    async def tells(self, *numbers: int) -> None:
        entry = Admitted(7, "museum", "north", 1)
        facts = [fact_to_data(Fact("gate-1", n, NOW, entry)) for n in numbers]
        assert await self.bus.publish(f"{SITE}/device/gate-1/facts", encode({"facts": facts}))


async def post(port: int, path: str, body: Any, key: str) -> Any:
    headers = {"Authorization": f"Bearer {DEVICES['kiosk-1'].token}", "Idempotency-Key": key}
    url = f"http://127.0.0.1:{port}{path}"
    async with aiohttp.request("POST", url, json=body, headers=headers) as response:
        assert response.status < 300, await response.text()
        return await response.json()


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[BusSettings]:
    async with mosquitto(tmp_path) as settings:
        yield settings


async def test_a_device_is_acknowledged_and_hears_the_feed(
    tmp_path: Path, broker: BusSettings
) -> None:
    http = HttpSettings(port=free_port())
    settings = settings_in(tmp_path / "state", mqtt=broker, http=http)
    gate = Device(broker)
    async with running(gate.bus.run()):
        await gate.connected()
        async with running(serve(settings, clock=Clock())):
            told = await gate.hears("feed")
            assert (told["after"], told["entries"]) == (BEGUN, [])

            await gate.tells(1, 2)
            ack = {"number": 2, "epoch": told["epoch"]}
            assert await gate.hears("device/gate-1/ack") == ack
            await gate.tells(4)
            assert await gate.hears("device/gate-1/ack") == ack

            line = {"product": 1, "slot": MUSEUM, "quantity": 1}
            made = await post(http.port, "/v1/requests", {"lines": [line], "channel": "web"}, "1")
            paid = {"payment": {"method": "card", "reference": "1", "amount": made["total"]}}
            await post(http.port, f"/v1/requests/{made['token']}/confirm", paid, "2")
            await post(http.port, f"/v1/requests/{made['token']}/issue", {}, "3")
            kinds: dict[int, str] = {}
            while BEGUN + 3 not in kinds:
                batch = await gate.hears("feed")
                kinds |= {entry["n"]: entry["fact"]["kind"] for entry in batch["entries"]}
            assert kinds[BEGUN + 3] == "ticket_issued"


async def test_rubbish_on_the_bus_does_not_stop_central(
    tmp_path: Path, broker: BusSettings
) -> None:
    settings = settings_in(tmp_path / "state", mqtt=broker, http=HttpSettings(port=0))
    gate = Device(broker)
    async with running(gate.bus.run()):
        await gate.connected()
        async with running(serve(settings, clock=Clock())):
            await gate.hears("feed")
            for topic in ("gate-1", "stranger", "", "gate-\u00fc"):
                for payload in (b"", b"\xff", b"[" * 10_000):
                    assert await gate.bus.publish(f"{SITE}/device/{topic}/facts", payload)
            await gate.tells(1)
            while (await gate.hears("device/gate-1/ack"))["number"] != 1:
                pass


async def test_what_does_not_fit_together_is_published_as_an_alert_when_the_broker_is_there(
    tmp_path: Path,
) -> None:
    broker = BusSettings(port=free_port())
    settings = settings_in(tmp_path / "state", mqtt=broker, http=HttpSettings(port=0))
    fast = Fact("gate-1", 1, NOW + timedelta(hours=1), Admitted(7, "museum", "north", 1))
    told = encode({"facts": [fact_to_data(fast)]})
    async with opened(settings, Clock()) as api:
        await api.database.write(lambda c: ingest.take(c, "gate-1", told, ["gate-1"], NOW))
    async with (
        mosquitto(tmp_path, broker.port),
        ear_on(broker) as ear,
        running(serve(settings, clock=Clock())),
    ):
        alert = await ear.hears("alert")
        assert alert.pop("text").startswith("the clock of gate-1 cannot be right, 1:00:00 ahead")
        assert alert == {"n": BEGUN + 2, "clash": "clock", "ticket": 7}


async def test_facts_on_a_foreign_topic_reach_nobody(tmp_path: Path, broker: BusSettings) -> None:
    settings = settings_in(tmp_path / "state", mqtt=broker, http=HttpSettings(port=0))
    gate = Device(broker)
    fact = fact_to_data(Fact("gate-1", 1, NOW, Admitted(8, "museum", "north", 1)))
    told = encode({"facts": [fact]})
    async with running(gate.bus.run()):
        await gate.connected()
        async with running(serve(settings, clock=Clock())):
            await gate.hears("feed")
            for topic in (
                "wicket/1/other/device/gate-1/facts",
                f"{SITE}/device/gate-1/facts/more",
                f"{SITE}/device/gate-1/gate-1/facts",
                f"{SITE}/device/GATE-1/facts",
                f"{SITE}/device/{'g' * 5000}/facts",
            ):
                assert await gate.bus.publish(topic, told)
            await gate.tells(1)
            entries: list[Any] = []
            while not entries:
                entries = (await gate.hears("feed"))["entries"]
            assert [entry["fact"]["ticket"] for entry in entries] == [7]


async def test_when_the_broker_comes_late_the_end_of_the_feed_is_said(
    tmp_path: Path,
) -> None:
    broker = BusSettings(port=free_port())
    settings = settings_in(tmp_path / "state", mqtt=broker, http=HttpSettings(port=0))
    gate = Device(broker)
    async with (
        running(serve(settings, clock=Clock())),
        mosquitto(tmp_path, broker.port),
        running(gate.bus.run()),
    ):
        await gate.connected()
        told = await gate.hears("feed")
        assert (told["after"], told["entries"]) == (BEGUN, [])


async def test_a_fact_too_large_for_a_message_keeps_no_other_back(kiosk: Client) -> None:
    """Devices see the gap and fetch it by HTTP."""
    bus, database = PaperBus(), kiosk.api.database
    large = TicketIssued(replace(ticket(), language="x" * MAX_PAYLOAD))
    publisher = Publisher(bus, Topics("sample"), database, Pulse(), lambda: BERLIN)
    async with running(publisher.run()):
        await until(lambda: bool(bus.sent))
        for event in (TicketIssued(ticket(8)), large, TicketIssued(ticket(9))):
            first = await database.write(partial(feed.tell, events=[event], now=NOW)) - 2
        await until(lambda: any(batch["after"] == first + 2 for _, _, batch in bus.sent))
    batches = [(b["after"], [e["n"] for e in b["entries"]]) for _, _, b in bus.sent]
    told = [n for _, numbers in batches for n in numbers]
    assert told == [first, first + 2]
    assert (first + 1, []) in batches
