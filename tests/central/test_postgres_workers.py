"""Several workers on one PostgreSQL: they sell together, and one that dies is not missed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.broker import mosquitto
from support.bus import ear_on
from support.central import DEVICES, NOW
from support.listening import PATIENCE_S, until
from support.postgres import Postgres
from support.program import ROOT
from support.workers import Buyer, workers

from admission.codes import SignedCode, read_code
from admission.facts import Admitted, Fact
from central.store.engine import make_engine
from runtime.mqtt import BusSettings
from runtime.wire import fact_to_data

ADULT, PLACES, BUYERS = 4, 12, 8
MUSEUM_ADULT = 1
SOLD = """\
SELECT (SELECT count(*) FROM ticket_request),
       (SELECT count(*) FROM ticket_request WHERE status = 'confirmed'),
       (SELECT count(*) FROM payment),
       (SELECT count(DISTINCT request) FROM payment),
       (SELECT count(*) FROM ticket)
"""


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[BusSettings]:
    async with mosquitto(tmp_path) as settings:
        yield settings


async def get(url: str) -> Any:
    headers = {"Authorization": f"Bearer {DEVICES['kiosk-1'].token}"}
    async with aiohttp.request("GET", url, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def tour_on(shop: str, day: date) -> dict[str, Any]:
    slots = (await get(f"{shop}/v1/attractions/tour/slots?date={day}"))["slots"]
    tour: dict[str, Any] = slots[20]
    return tour


def in_two_days() -> date:
    return (datetime.now(UTC) + timedelta(days=2)).date()


def row_of(url: str, statement: str) -> tuple[Any, ...]:
    engine = make_engine(url)
    with engine.connect() as connection:
        row = tuple(connection.exec_driver_sql(statement).one())
    engine.dispose()
    return row


def told(number: int) -> dict[str, Any]:
    return fact_to_data(Fact("gate-1", number, NOW, Admitted(7, "museum", "north", 1)))


async def test_the_last_places_are_sold_once_though_a_worker_is_killed(
    tmp_path: Path, server: Postgres, broker: BusSettings
) -> None:
    """Both start on an empty database, and each buyer goes to both in turn."""
    database = server.fresh("template0")
    sold: list[dict[str, Any]] = []
    some_sold = asyncio.Event()

    async def buy_while_there_are(buyer: Buyer, slot: str) -> None:
        while (bought := await buyer.buy(ADULT, slot, 1)) is not None:
            sold.append(bought)
            if len(sold) == PLACES // 3:
                some_sold.set()

    async with (
        workers(tmp_path, database, broker) as (one, other),
        aiohttp.ClientSession() as http,
    ):
        day = in_two_days()
        slot = (await tour_on(one.url, day))["id"]
        shops = [one.url, other.url]
        buyers = [Buyer(http, shops[:: (1, -1)[n % 2]], f"buyer {n}") for n in range(BUYERS)]
        async with asyncio.timeout(2 * PATIENCE_S), asyncio.TaskGroup() as group:
            for buyer in buyers:
                group.create_task(buy_while_there_are(buyer, slot))
            await some_sold.wait()
            await one.kill()

        assert sum(buyer.retries for buyer in buyers) >= 1
        assert len({request["token"] for request in sold}) == PLACES
        codes = {ticket["code"] for request in sold for ticket in request["tickets"]}
        assert len(codes) == PLACES
        assert row_of(database, SOLD) == (PLACES,) * 5
        assert (await tour_on(other.url, day))["left"] == 0


async def test_another_worker_goes_on_with_the_feed_and_the_facts(
    tmp_path: Path, server: Postgres, broker: BusSettings
) -> None:
    async with (
        workers(tmp_path, server.fresh(), broker) as (one, other),
        aiohttp.ClientSession() as http,
        ear_on(broker) as gate,
    ):
        await gate.tells("gate-1", [told(1)])

        await one.kill()
        slot = (await tour_on(other.url, in_two_days()))["id"]
        assert await Buyer(http, [other.url], "buyer").buy(ADULT, slot, 1)
        await until(lambda: other.on_duty)
        head = (await get(f"{other.url}/ready"))["head"]
        while (await gate.hears("feed"))["after"] != head:
            pass
        await gate.tells("gate-1", [told(1), told(2)])


async def test_what_a_worker_sells_the_one_on_duty_publishes(
    tmp_path: Path, server: Postgres, broker: BusSettings
) -> None:
    async with (
        workers(tmp_path, server.fresh(), broker) as (_, other),
        aiohttp.ClientSession() as http,
        ear_on(broker) as gate,
    ):
        await gate.hears("feed")  # begins where the feed ends when the bus connects
        slot = (await tour_on(other.url, in_two_days()))["id"]
        assert await Buyer(http, [other.url], "buyer").buy(ADULT, slot, 1)
        entries: list[dict[str, Any]] = []
        while not entries:
            entries = (await gate.hears("feed"))["entries"]
        assert entries[-1]["fact"]["kind"] == "ticket_issued"


async def a_day_at_the_museum(shop: str) -> str:
    days = (await get(f"{shop}/v1/attractions/museum/dates"))["dates"]
    day = [one["date"] for one in days if one["open"]][-1]
    [slot] = (await get(f"{shop}/v1/attractions/museum/slots?date={day}"))["slots"]
    return str(slot["id"])


def rotate(config: Path) -> None:
    words = ("-m", "wicket", "central", "rotate-key", "--in-hours", "0", "--config", str(config))
    subprocess.run((sys.executable, *words), check=True, cwd=ROOT, timeout=PATIENCE_S)


async def key_of(buyer: Buyer, slot: str) -> int:
    """Which signed the ticket that this one buys."""
    bought = await buyer.buy(MUSEUM_ADULT, slot, 1)
    assert bought
    code = read_code(bought["tickets"][0]["code"])
    assert isinstance(code, SignedCode)
    return code.key


async def test_all_workers_take_up_a_rotated_key_while_they_sell(
    tmp_path: Path, server: Postgres, broker: BusSettings
) -> None:
    """A gate hears of the key before it sees a ticket of it."""
    database = server.fresh()
    async with (
        workers(tmp_path, database, broker) as pair,
        aiohttp.ClientSession() as http,
    ):
        slot = await a_day_at_the_museum(pair[0].url)
        buyers = [Buyer(http, [one.url], f"buyer {n}") for n, one in enumerate(pair)]
        keys = [{await key_of(buyer, slot)} for buyer in buyers]
        rotating = asyncio.create_task(asyncio.to_thread(rotate, pair[0].config))
        async with asyncio.timeout(2 * PATIENCE_S):
            while not (rotating.done() and all(2 in signed for signed in keys)):
                for buyer, signed in zip(buyers, keys, strict=True):
                    signed.add(await key_of(buyer, slot))
        await rotating
        assert keys == [{1, 2}, {1, 2}]
        feed = (await get(f"{pair[0].url}/v1/feed?limit=1000"))["entries"]
    told = [e["fact"]["key"]["id"] for e in feed if e["fact"]["kind"] == "key_published"]
    assert told == [1, 2, 1]
