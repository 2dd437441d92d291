"""The time slots of one attraction over HTTP, when 100,000 tickets are sold for them."""

from __future__ import annotations

import random
import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any

import aiohttp
from sqlalchemy import Connection, Engine, Table, insert

from admission.codes import human_code
from bench.figure import Figure, Plan, Sample, figure, in_turns
from central.service import listening, opened
from central.settings import CentralSettings, DeviceKind, DeviceSettings, HttpSettings, Rate
from central.store import schema
from central.store.engine import make_engine
from runtime.service import utc_now
from wicket.demo.venue import free_port, samples

sys.path.append(str(Path(__file__).parents[1] / "tests"))

ATTRACTION, ADULT = "tour", 4
DAYS, SLOTS_OF_A_DAY, CAPACITY = 90, 20, 60
TICKETS, FEW_TICKETS = 100_000, 10_000
ROUNDS, SAMPLES = 5, 20
LARGEST = 4
GONE = 0.1
"""Share of requests that were cancelled or ran out."""
TOKEN = secrets.token_hex(16)
BARE = """\
SELECT s.id, s.start, s.capacity, sum(CASE r.status WHEN 'confirmed' THEN l.places ELSE 0 END)
FROM time_slot s
LEFT JOIN line_slot l ON l.slot = s.id LEFT JOIN ticket_request r ON r.id = l.request
WHERE s.attraction = '{attraction}' AND s.day BETWEEN '{first}' AND '{last}'
GROUP BY s.id, s.start, s.capacity ORDER BY s.start"""
"""The least that must be asked."""


@dataclass(frozen=True)
class Shop:
    """Central in this process, and how its database is asked directly."""

    http: aiohttp.ClientSession
    engine: Engine
    today: date

    @property
    def last(self) -> date:
        return self.today + timedelta(days=DAYS - 1)


async def measure(plan: Plan) -> list[Figure]:
    postgres = import_module("support.postgres").postgres
    figures = []
    for name, server in (("SQLite", nullcontext()), ("PostgreSQL", postgres(settings=()))):
        folder = plan.folder / name
        folder.mkdir()
        with server as started:
            url = started.fresh() if started else f"sqlite:///{folder}/central.sqlite"
            figures += await _measure(plan, name, folder, url)
    return figures


async def _measure(plan: Plan, name: str, folder: Path, url: str) -> list[Figure]:
    tickets = FEW_TICKETS if plan.quick else TICKETS
    against = f"one bare query over the same days, {tickets:,} tickets sold"
    async with _shop(folder, url, tickets) as shop:
        today, last = shop.today, shop.last
        path = f"/v1/attractions/{ATTRACTION}"
        wanted = (
            ("90 days of slots", f"{path}/slots?from={today}&until={last}", today, last),
            ("one day of slots", f"{path}/slots?date={today}", today, today),
            ("dates", f"{path}/dates", today, today + timedelta(days=13)),
        )
        figures = []
        for what, url_, first, until in wanted:
            things = (_get(shop, url_), _ask(shop, first, until))
            rounds = await in_turns(things, ROUNDS, SAMPLES // 4 if plan.quick else SAMPLES)
            both = [[one for samples in of for one in samples] for of in zip(*rounds, strict=True)]
            slow = [quantiles(one, n=100)[-1] * 1e3 for one in both]
            pairs = [(median(ours), median(bare)) for ours, bare in rounds]
            figures.append(
                figure(
                    f"{what}, {name}",
                    pairs,
                    against=against,
                    besides=f"p99 {slow[0]:.1f} ms, of the bare query {slow[1]:.1f} ms",
                )
            )
    return figures


def _get(shop: Shop, path: str) -> Sample:
    async def get() -> float:
        begun = perf_counter()
        async with shop.http.get(path) as answer:
            said = await answer.read()
        taken = perf_counter() - begun
        assert answer.status == 200, said
        return taken

    return get


def _ask(shop: Shop, first: date, last: date) -> Sample:
    query = BARE.format(attraction=ATTRACTION, first=first, last=last)

    async def ask() -> float:
        with shop.engine.connect() as connection:
            begun = perf_counter()
            rows = connection.exec_driver_sql(query).all()
            taken = perf_counter() - begun
        assert len(rows) >= SLOTS_OF_A_DAY
        return taken

    return ask


@asynccontextmanager
async def _shop(folder: Path, url: str, tickets: int) -> AsyncIterator[Shop]:
    settings = CentralSettings(
        state=folder,
        venue=samples() / "venue.toml",
        devices={"kiosk-1": DeviceSettings(TOKEN, DeviceKind.KIOSK)},
        http=HttpSettings(port=free_port(), rate=Rate(1e6, 1_000_000)),
        database=url,
    )
    engine = make_engine(url)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        opened(settings, utc_now) as api,
        listening(api),
        aiohttp.ClientSession(f"http://127.0.0.1:{settings.http.port}", headers=headers) as http,
    ):
        today = utc_now().astimezone(api.venue.zone).date()
        await api.database.write(lambda c: fill(c, today, tickets))
        if engine.dialect.name == "postgresql":  # does so by itself, sooner or later
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
        yield Shop(http, engine, today)
    engine.dispose()


def fill(connection: Connection, today: date, tickets: int) -> None:
    """Time slots of so many days from today on, and so many tickets sold for them, in requests of
    one line each; some more requests came to nothing."""
    table = schema.time_slot
    connection.execute(table.delete().where(table.c.attraction == ATTRACTION))
    slots = list(_slots(today))
    connection.execute(insert(table), slots)
    room = {slot["id"]: CAPACITY for slot in slots}
    dice, sold, number = random.Random(1), 0, 0
    rows: dict[Table, list[dict[str, Any]]] = {}
    while sold < tickets:
        quantity, slot = dice.randint(1, LARGEST), dice.choice(slots)
        if room[slot["id"]] < quantity:
            continue
        number += 1
        status = dice.choice(("expired", "cancelled")) if dice.random() < GONE else "confirmed"
        if status == "confirmed":
            room[slot["id"]] -= quantity
            sold += quantity
        for into, row in _request(number, slot, quantity, status):
            rows.setdefault(into, []).append(row)
    for into, all_ in rows.items():
        connection.execute(insert(into), all_)


def _request(
    number: int, slot: dict[str, Any], quantity: int, status: str
) -> Iterator[tuple[Table, dict[str, Any]]]:
    at = slot["sales_start"]
    yield (
        schema.ticket_request,
        {
            "id": number,
            "token": secrets.token_urlsafe(24),
            "authorisation": f"{number:09d}",
            "status": status,
            "channel": ("kiosk", "web", "office")[number % 3],
            "language": "en",
            "currency": "EUR",
            "created_at": at,
            "expires_at": at + timedelta(minutes=4),
        },
    )
    line = {"request": number, "slot": slot["id"], "product": ADULT, "quantity": quantity}
    yield (
        schema.request_line,
        line
        | {
            "number": 1,
            "description": "",
            "attraction": ATTRACTION,
            "attraction_name": {},
            "product_name": {},
            "price": Decimal("8.00"),
            "persons": 1,
        },
    )
    yield (
        schema.line_slot,
        {"request": number, "line": 1, "slot": slot["id"], "places": quantity},
    )
    for copy in range(quantity if status == "confirmed" else 0):
        id_ = number * LARGEST + copy
        yield (
            schema.ticket,
            {
                "id": id_,
                "human_code": human_code(id_),
                "request": number,
                "line": 1,
                "code": "x" * 120,
                "product": ADULT,
                "persons": 1,
                "valid_from": slot["arrival_start"],
                "valid_until": slot["arrival_end"],
                "state": "valid",
            },
        )


def _slots(today: date) -> Iterator[dict[str, Any]]:
    for n in range(DAYS * SLOTS_OF_A_DAY):
        day = today + timedelta(days=n // SLOTS_OF_A_DAY)
        begin = datetime.combine(day, time(8), UTC) + timedelta(minutes=30 * (n % SLOTS_OF_A_DAY))
        end = begin + timedelta(minutes=45)
        yield {
            "id": f"{ATTRACTION}-{begin:%Y%m%dT%H%MZ}",
            "attraction": ATTRACTION,
            "day": day,
            "start": begin,
            "end": end,
            "arrival_start": begin - timedelta(minutes=15),
            "arrival_end": begin + timedelta(minutes=10),
            "sales_start": begin - timedelta(days=120),
            "sales_end": begin,
            "capacity": CAPACITY,
        }
