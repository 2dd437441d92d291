"""Sales at central over HTTP: reserve, confirm, issue, by 1, 8 and 64 clients at once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.figure import Figure, Plan, compare
from bench.processes import central, mosquitto, noop
from bench.statements import bare_sale
from wicket.demo.central import Central
from wicket.demo.venue import lay_out

sys.path.append(str(Path(__file__).parents[1] / "tests"))

ATTRACTION, ADULT = "museum", 1
CLIENTS = (1, 8, 64)
CALLS = 3
AIM = 1 / 0.85
AIM_POSTGRESQL = 1 / 0.9
Sell = Callable[[], Coroutine[Any, Any, None]]


async def measure(plan: Plan) -> list[Figure]:
    (plan.folder / "sqlite").mkdir()
    async with (
        _central(plan.folder / "sqlite") as http,
        noop(plan.folder) as url,
        Central(url, "") as bare,
    ):
        figures = [await _against_nothing(plan, http, bare, clients) for clients in CLIENTS]
    with _postgresql() as server:
        (plan.folder / "postgresql").mkdir()
        async with _central(plan.folder / "postgresql", server.fresh()) as http:
            figures.append(await _against_statements(plan, http, server.fresh()))
    return figures


async def _against_nothing(plan: Plan, http: Central, bare: Central, clients: int) -> Figure:
    slot, sales = await _last_slot(http), 2 * clients if clients > 1 else 5

    async def nothing() -> None:
        for _ in range(CALLS):
            await bare.post("/v1/requests", _wish(slot))

    figure = await compare(
        f"a call of a sale, {clients} at once",
        lambda: _seconds_of_a_call(lambda: _sell(http, slot), clients, sales),
        lambda: _seconds_of_a_call(nothing, clients, sales),
        against="a call of an aiohttp server that does nothing",
        rounds=plan.rounds,
        samples=1 if plan.quick else 3,
        aim=AIM,
    )
    return replace(figure, besides=f"{1e3 / (CALLS * figure.value):.0f} sales/s on SQLite")


async def _against_statements(plan: Plan, http: Central, url: str) -> Figure:
    slot = await _last_slot(http)

    async def sell() -> float:
        return CALLS * await _seconds_of_a_call(lambda: _sell(http, slot), 1, 1)

    async with bare_sale(plan.folder, url) as bare:
        return await compare(
            "a sale, PostgreSQL",
            sell,
            bare,
            against="its three transactions, the same statements by the driver alone",
            rounds=plan.rounds,
            samples=5,
            aim=AIM_POSTGRESQL,
        )


async def _seconds_of_a_call(sell: Sell, clients: int, sales: int) -> float:
    left = iter(range(sales))

    async def client(numbers: Iterator[int]) -> None:
        for _ in numbers:
            await sell()

    begun = perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client(left))
    return (perf_counter() - begun) / (CALLS * sales)


@asynccontextmanager
async def _central(folder: Path, url: str = "") -> AsyncIterator[Central]:
    demo = lay_out(folder, folder)
    if url:
        config = demo.config("central")
        config.write_text(f'database = "{url}"\n{config.read_text()}')
    async with (
        mosquitto(folder, demo.broker_port),
        central(demo),
        Central(demo.central_url, demo.token) as http,
    ):
        yield http


@contextmanager
def _postgresql() -> Iterator[Any]:
    with import_module("support.postgres").postgres(settings=()) as server:
        yield server


async def _last_slot(http: Central) -> str:
    """One that does not end while we measure."""
    dates = (await http.get(f"/v1/attractions/{ATTRACTION}/dates"))["dates"]
    day = max(date["date"] for date in dates if date["open"])
    page = await http.get(f"/v1/attractions/{ATTRACTION}/slots?date={day}")
    slot: str = page["slots"][-1]["id"]
    return slot


def _wish(slot: str) -> dict[str, Any]:
    line = {"product": ADULT, "slot": slot, "quantity": 1}
    return {"lines": [line], "channel": "office", "language": "en"}


async def _sell(http: Central, slot: str) -> None:
    request: dict[str, Any] = await http.post("/v1/requests", _wish(slot))
    path = f"/v1/requests/{request['token']}"
    payment = {"method": "cash", "reference": "bench", "amount": request["total"]}
    await http.post(f"{path}/confirm", {"payment": payment, "holder": None})
    issued = await http.post(f"{path}/issue", {})
    assert len(issued["tickets"]) == 1
