"""A flash sale at central, with a kill -9 half-way, against a server that does nothing.

The sale is that of the tests (tests/support/flash.py), larger.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

import aiohttp

from bench.figure import Figure, Plan, figure
from bench.processes import noop

sys.path.append(str(Path(__file__).parents[1] / "tests"))

AT_ONCE = 64
ANSWERS = 3_000
"""Of the server that does nothing, to know its rate."""
BUYERS, PLACES = 5_000, 500
FEW_BUYERS, FEW_PLACES = 500, 50
BODY = {"lines": [{"product": 4, "slot": "x" * 20, "quantity": 1}], "channel": "kiosk"}
Server = Callable[[], AbstractContextManager[Any]]


async def measure(plan: Plan) -> list[Figure]:
    postgres = import_module("support.postgres").postgres
    return [
        await _measure(plan, "SQLite", nullcontext),
        await _measure(plan, "PostgreSQL", lambda: postgres(settings=())),
    ]


async def _measure(plan: Plan, database: str, server: Server) -> Figure:
    """Against a server that does nothing, asked by as many clients at once."""
    flash_sale = import_module("support.flash").flash_sale
    buyers, places = (FEW_BUYERS, FEW_PLACES) if plan.quick else (BUYERS, PLACES)
    folder = plan.folder / database
    folder.mkdir()
    async with noop(folder) as bare:
        before_s = await _ask(bare, ANSWERS)
        with server() as started:
            url = started.fresh() if started else f"sqlite:///{folder}/central.sqlite"
            sold = await flash_sale(
                folder, url, buyers=buyers, places=places, at_once=AT_ONCE, server=started
            )
        after_s = await _ask(bare, ANSWERS)
    return figure(
        f"flash sale, {database}",
        [(sold.seconds, took / ANSWERS * sold.answers) for took in (before_s, after_s)],
        unit="s",
        against=f"{sold.answers:,} answers of an aiohttp server that does nothing",
        besides=_told(sold, places),
    )


def _told(sold: Any, places: int) -> str:
    shortage = f"{places - sold.sales} places unsold, " if sold.sales < places else ""
    found = f"; {len(sold.findings)} things wrong: {sold.findings[0]}" if sold.findings else ""
    return (
        f"{sold.sales / sold.seconds:.0f} sales/s, {sold.answers / sold.seconds:.0f} answers/s; "
        f"{shortage}oversold {sold.oversold}, paid without a place {sold.paid_without_place}, "
        f"without a definite answer {sold.undecided}, longest wait {sold.longest_s:.1f} s{found}"
    )


async def _ask(url: str, number: int) -> float:
    """The seconds that so many answers take, as many at once as in the sale."""
    buyer = import_module("support.workers").Buyer
    asked = iter(range(number))

    async def lane(one: Any, numbers: Iterator[int]) -> None:
        for _ in numbers:
            await one.post("/v1/requests", BODY)

    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(connector=connector) as http:
        begun = perf_counter()
        async with asyncio.TaskGroup() as group:
            for n in range(AT_ONCE):
                group.create_task(lane(buyer(http, [url], f"lane {n}"), asked))
        return perf_counter() - begun
