"""Workers take facts together: each fact once and in order, though one of them is killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.broker import mosquitto
from support.bus import running
from support.central import DEVICES, NOW
from support.listening import until
from support.postgres import Postgres
from support.workers import workers

from admission.facts import Admitted
from runtime import outbox
from runtime.bus import Message
from runtime.database import Database
from runtime.mqtt import Bus, BusSettings
from runtime.outbox import Outbox
from runtime.topics import Topics
from runtime.wire import decode

MANY, TELLERS = 60, ("gate-1", "kiosk-1")
TOPICS = Topics("sample")


@asynccontextmanager
async def teller(folder: Path, settings: BusSettings, device: str) -> AsyncIterator[Outbox]:
    """A device's outbox on the bus."""
    bus = Bus(settings, device, (TOPICS.ack(device),))

    async def listen(box: Outbox) -> None:
        async for item in bus.messages():
            if isinstance(item, Message):
                ack = decode(item.payload)
                await box.acknowledge(ack["number"], ack["epoch"])

    async with Database(folder / f"{device}.db", outbox.SCHEMA) as database:
        box = Outbox(database, device)
        async with running(bus.run(), listen(box), box.deliver(bus, TOPICS.facts(device))):
            yield box


async def tell(box: Outbox) -> None:
    for number in range(MANY):
        await box.tell(Admitted(1 + number, "museum", box.device, 1), NOW)


async def get(url: str) -> Any:
    headers = {"Authorization": f"Bearer {DEVICES['office-1'].token}"}
    async with aiohttp.request("GET", url, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[BusSettings]:
    async with mosquitto(tmp_path) as settings:
        yield settings


async def test_each_fact_is_taken_once_and_in_order_though_a_worker_is_killed(
    tmp_path: Path, server: Postgres, broker: BusSettings
) -> None:
    async with (
        workers(tmp_path, server.fresh(), broker) as (one, other),
        teller(tmp_path, broker, TELLERS[0]) as gate,
        teller(tmp_path, broker, TELLERS[1]) as kiosk,
    ):
        async with asyncio.TaskGroup() as group:
            for box in (gate, kiosk):
                group.create_task(tell(box))
            await until(lambda: min(gate.acknowledged, kiosk.acknowledged) > MANY // 3)
            await one.kill()
        await until(lambda: gate.waiting == kiosk.waiting == 0)
        facts = [e["fact"] for e in (await get(f"{other.url}/v1/feed"))["entries"]]
        for device in TELLERS:
            numbers = [fact["number"] for fact in facts if fact["device"] == device]
            assert numbers == list(range(1, MANY + 1))
        assert (await get(f"{other.url}/v1/quarantine"))["bad"] == []
        assert (await get(f"{other.url}/v1/clashes"))["clashes"] == []
