"""After an outage: fifty gates tell central what they kept, while one tells what happens now."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from datetime import timedelta
from pathlib import Path
from statistics import quantiles
from time import perf_counter

from admission.facts import Admitted, Event, Fact, Passed
from admission.values import Direction
from bench.figure import Figure, Plan, figure
from bench.processes import central, mosquitto
from runtime.bus import Message
from runtime.mqtt import Bus, BusSettings
from runtime.outbox import BATCH
from runtime.service import utc_now
from runtime.topics import Topics
from runtime.wire import decode, encode, fact_to_data
from wicket.demo.venue import SITE, Demo, lay_out

GATES, KEPT = 50, 20_000
TWICE = 10
"""Every tenth message is sent again."""
WINDOW = 4
"""Messages that a gate has on their way."""
GROUP = 100
PATIENCE_S = 60
LIVE, CALLS = "live", 100
AIM, AIM_LIVE = 1 / 0.7, 1.5


async def measure(plan: Plan) -> list[Figure]:
    each = (2 * BATCH) if plan.quick else KEPT // plan.rounds
    rounds = 3 if plan.quick else plan.rounds
    stored, live = [], []
    async with _venue(plan.folder) as (demo, settings):
        gates = [f"gate-{n}" for n in range(1, GATES + 1)]
        async with _told(settings, SITE, [*gates, LIVE]) as tellers:
            bare = plan.folder / "bare.sqlite"
            source = demo.state / "central" / "central.sqlite"
            rows = _Rows(source, bare)
            for _ in range(rounds):
                quiet = [await tellers[LIVE].one() for _ in range(CALLS)]
                busy: list[float] = []
                kept, way = {gate: tellers[gate].keep(each) for gate in gates}, asyncio.Semaphore(8)
                begun = perf_counter()
                async with asyncio.TaskGroup() as group:
                    telling = [
                        group.create_task(tellers[gate].tell(kept[gate], way)) for gate in gates
                    ]
                    while not all(task.done() for task in telling):
                        busy.append(await tellers[LIVE].one())
                seconds = perf_counter() - begun
                stored.append((seconds / (GATES * each), rows.seconds_each()))
                live.append((_p99(busy), _p99(quiet)))
    per_s = [1 / mine for mine, _ in stored]
    return [
        figure(
            "a fact stored after an outage",
            stored,
            unit="us",
            against=f"a row of the same, inserted bare, {GROUP} a commit",
            aim=AIM,
            besides=f"{sum(per_s) / len(per_s):.0f} facts/s with the broker and all gates on here",
        ),
        figure(
            "a live fact's ack meanwhile, p99",
            live,
            against="when it is quiet",
            aim=AIM_LIVE,
        ),
    ]


class _Teller:
    """One gate, as far as central can see."""

    def __init__(self, bus: Bus, topics: Topics, device: str) -> None:
        self._bus = bus
        self._topic = topics.facts(device)
        self._device = device
        self._at = utc_now() - timedelta(days=2)
        self._told = 0
        self._acknowledged = 0
        self._news = asyncio.Event()

    def hear(self, number: int) -> None:
        self._acknowledged = max(self._acknowledged, number)
        self._news.set()

    async def begin(self) -> None:
        """Return when central listens."""
        [(number, message)] = self._messages(1)
        while self._acknowledged < number:
            await self._bus.publish(self._topic, message)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await self._has(number)

    def keep(self, many: int) -> list[tuple[int, bytes]]:
        """So many facts of an outage, as messages."""
        return list(self._messages(self._told + many))

    async def tell(self, kept: list[tuple[int, bytes]], way: asyncio.Semaphore) -> None:
        """Return when central has them all."""
        for index, (number, message) in enumerate(kept):
            await self._has(number - (WINDOW + 1) * BATCH)
            for _ in range(2 if index % TWICE == 0 else 1):
                async with way:
                    await self._bus.publish(self._topic, message)
        await self._has(self._told)

    async def one(self) -> float:
        """Seconds until one fact is acknowledged."""
        [(number, message)] = self._messages(self._told + 1)
        begun = perf_counter()
        await self._bus.publish(self._topic, message)
        await self._has(number)
        return perf_counter() - begun

    async def _has(self, number: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self._acknowledged < number:
                self._news.clear()
                await self._news.wait()

    def _messages(self, last: int) -> Iterator[tuple[int, bytes]]:
        """(the number of its last fact, the payload)."""
        while self._told < last:
            numbers = range(self._told + 1, min(self._told + BATCH, last) + 1)
            facts = [Fact(self._device, n, self._at, self._event(n)) for n in numbers]
            self._told = numbers[-1]
            yield self._told, encode({"facts": [fact_to_data(fact) for fact in facts]})

    def _event(self, number: int) -> Event:
        ticket = hash((self._device, number // 2)) % 2**62 + 1
        if number % 2:
            return Admitted(ticket, "museum", "North 1", 1, "museum")
        return Passed(ticket, number - 1, "North 1", 1, Direction.IN, "museum")


class _Rows:
    """What central has stored, inserted once more into a file of its own."""

    def __init__(self, source: Path, target: Path) -> None:
        self._source = source
        self._last = 0
        self._target = sqlite3.connect(target, isolation_level=None)
        self._target.execute("PRAGMA journal_mode=WAL")
        self._target.execute("PRAGMA synchronous=FULL")
        with closing(sqlite3.connect(source)) as made:
            for (statement,) in made.execute(
                "SELECT sql FROM sqlite_master WHERE tbl_name = 'feed' AND sql IS NOT NULL"
            ):
                self._target.execute(statement)

    def seconds_each(self) -> float:
        """For each row that is new since the last time."""
        with closing(sqlite3.connect(self._source)) as source:
            rows = source.execute("SELECT * FROM feed WHERE n > ?", (self._last,)).fetchall()
        insert = f"INSERT INTO feed VALUES ({', '.join('?' * len(rows[0]))})"
        begun = perf_counter()
        for first in range(0, len(rows), GROUP):
            self._target.execute("BEGIN IMMEDIATE")
            self._target.executemany(insert, rows[first : first + GROUP])
            self._target.execute("COMMIT")
        self._last = rows[-1][0]
        return (perf_counter() - begun) / len(rows)


def _p99(seconds: list[float]) -> float:
    return quantiles(seconds, n=100, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]


@asynccontextmanager
async def _venue(folder: Path) -> AsyncIterator[tuple[Demo, BusSettings]]:
    demo = lay_out(folder / "outage", folder)
    config = demo.config("central")
    names = [*(f"gate-{n}" for n in range(2, GATES + 1)), LIVE]
    more = [f'[devices.{n}]\nkind = "gate"\ntoken = "{secrets.token_hex(16)}"' for n in names]
    config.write_text("\n".join([config.read_text(), *more]))
    async with mosquitto(folder, demo.broker_port) as settings, central(demo):
        yield demo, settings


@asynccontextmanager
async def _told(
    settings: BusSettings, site: str, devices: list[str]
) -> AsyncIterator[dict[str, _Teller]]:
    topics = Topics(site)
    buses = [Bus(settings, f"bench-{n}", (topics.ack(LIVE if n else "+"),)) for n in (0, 1)]
    tellers = {name: _Teller(buses[name == LIVE], topics, name) for name in devices}

    async def listen(bus: Bus, connected: asyncio.Event) -> None:
        async for item in bus.messages():
            connected.set()
            if isinstance(item, Message) and (device := topics.device_of(item.topic)):
                tellers[device].hear(decode(item.payload)["number"])

    async with asyncio.TaskGroup() as group:
        tasks, events = [], [asyncio.Event() for _ in buses]
        for bus, connected in zip(buses, events, strict=True):
            tasks += [group.create_task(bus.run()), group.create_task(listen(bus, connected))]
        for connected in events:
            await connected.wait()
        await tellers[LIVE].begin()
        yield tellers
        for task in tasks:
            task.cancel()
