"""A flash sale: far more buyers than places, many at a time, and central is killed half-way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any

import aiohttp
from sqlalchemy import create_engine
from support.central_buyers import Paid, Sale, Told
from support.central_judge import judge
from support.central_kills import NO_BROKER, Killer, slots_of
from support.postgres import Postgres
from support.workers import Buyer, workers

ADULT, SOLD_BEFORE = 4, 20
LONGEST_S = 600
TAKEN = """\
SELECT s.own_capacity, sum(CASE WHEN r.id IS NULL THEN 0 ELSE l.places END)
FROM time_slot s LEFT JOIN line_slot l ON l.slot = s.id
LEFT JOIN ticket_request r ON r.id = l.request AND r.status IN ('confirmed', 'reserved')
WHERE s.own_capacity IS NOT NULL GROUP BY s.id, s.own_capacity"""
PAID_WITHOUT_PLACE = """\
SELECT count(*) FROM payment p JOIN ticket_request r ON r.id = p.request
WHERE r.status <> 'confirmed' OR NOT EXISTS (SELECT 1 FROM ticket t WHERE t.request = r.id)"""


@dataclass
class Sold:
    """What came of it. `undecided` buyers got no definite answer; `longest_s` is the longest that
    anybody waited for one; `findings` are those of the judge."""

    seconds: float
    sales: int
    sold_out: int
    undecided: int
    answers: int
    retries: int
    longest_s: float
    oversold: int
    paid_without_place: int
    findings: list[str]


async def flash_sale(
    folder: Path,
    url: str,
    *,
    buyers: int,
    places: int,
    at_once: int,
    server: Postgres | None = None,
) -> Sold:
    """So many want one each of the last places of one time slot; on PostgreSQL of two workers, of
    which one is killed."""
    told, open_, half_sold = Told(), asyncio.Event(), asyncio.Event()
    open_.set()
    coming = iter(range(buyers))
    undecided = 0
    async with (
        workers(folder, url, NO_BROKER, 2 if server else 1) as running,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once)) as http,
    ):
        shops = [worker.url for worker in running]
        slot = await _last_places(http, shops, SOLD_BEFORE + places)
        first = Buyer(http, shops, "first", open_=open_)
        await _buy(first, slot, SOLD_BEFORE, told)

        async def lane(asking: Buyer, numbers: Iterator[int]) -> None:
            nonlocal undecided
            for _ in numbers:
                try:
                    await _buy(asking, slot, 1, told)
                except TimeoutError:
                    undecided += 1
                if len(told.sales) > places // 2:
                    half_sold.set()

        lanes = [
            Buyer(http, shops[:: (1, -1)[n % 2]], f"lane {n}", open_=open_) for n in range(at_once)
        ]
        begun = perf_counter()
        async with asyncio.timeout(LONGEST_S), asyncio.TaskGroup() as group:
            for asking in lanes:
                group.create_task(lane(asking, coming))
            await half_sold.wait()
            await Killer(running, open_, url, server).kill("worker")
        seconds = perf_counter() - begun
    (capacity, taken), paid_without_place = _stored(url)
    return Sold(
        seconds=seconds,
        sales=len(told.sales) - 1,
        sold_out=told.no_room,
        undecided=undecided,
        answers=told.answers,
        retries=sum(asking.retries for asking in lanes),
        longest_s=max(asking.longest_s for asking in lanes),
        oversold=max(taken - capacity, 0),
        paid_without_place=paid_without_place,
        findings=judge(url, told, datetime.now(UTC)).findings,
    )


async def _buy(asking: Buyer, slot: str, quantity: int, told: Told) -> None:
    made = await asking.buy(ADULT, slot, quantity)
    told.answers += 3 if made else 1
    if made is None:
        told.no_room += 1
        return
    total = Decimal(made["total"]["amount"])
    paid = Paid("card", made["token"][:20], total)
    ids = [int(ticket["id"]) for ticket in made["tickets"]]
    told.sales.append(
        Sale(made["token"], total, quantity, [paid], confirmed=True, tickets=ids),
    )


async def _last_places(http: aiohttp.ClientSession, shops: list[str], capacity: int) -> str:
    """A time slot with so many places."""
    day = datetime.now(UTC).date() + timedelta(days=2)
    found = await slots_of(http, f"{shops[0]}/v1/attractions/tour/slots?date={day}")
    office = Buyer(http, shops, "office", "office-1")
    body = {"capacity": capacity, "reason": "flash sale"}
    status, said = await office.post(f"/v1/slots/{found[20]}/capacity", body)
    assert status == 200, said
    return found[20]


def _stored(url: str) -> tuple[Any, int]:
    engine = create_engine(url)
    with engine.connect() as connection:
        taken = connection.exec_driver_sql(TAKEN).one()
        without: int = connection.exec_driver_sql(PAID_WITHOUT_PLACE).scalar_one()
    engine.dispose()
    return taken, without
