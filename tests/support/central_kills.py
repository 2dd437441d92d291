"""kill -9 of central, over and over, while buyers buy; a judge who reads the database afterwards.

As a program it is a central that must be caught: it answers what is not committed yet.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from signal import SIGQUIT
from typing import Any

import aiohttp

ROOT = Path(__file__).parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.central_buyers import KeenBuyer, Told  # noqa: E402
from support.central_judge import Verdict, judge  # noqa: E402
from support.listening import until  # noqa: E402
from support.postgres import Postgres  # noqa: E402
from support.workers import CENTRAL, TOKEN, Buyer, Worker, workers  # noqa: E402

from runtime.mqtt import BusSettings  # noqa: E402

BUYERS = 16
MOST = 60
"""Calls that begin, or are answered, between two kills, at most."""
MOST_TURNS = 40
"""Of the event loop, from that call to the kill."""
SLOTS_ON_SALE, NEW_AT_A_TIME = 8, 4
FIRST_DAY, DAYS = 2, 50
DEVICES = ("kiosk-1", "office-1")
EARLY = (__file__,)
SLOW_FLUSH_S = 0.01
"""That of a memory card, on which who speaks too early is caught sooner."""
NO_BROKER = BusSettings(port=9)


@dataclass
class Outcome:
    """`kills` by what was killed. `longest_s`: that a buyer waited for a definite answer."""

    kills: dict[str, int]
    told: Told
    verdict: Verdict
    retries: int
    longest_s: float
    faults: list[str]


@dataclass
class Pulse:
    """What buyers do, as it happens."""

    asked: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    answered: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    def trace(self) -> aiohttp.TraceConfig:
        async def sent(*_: Any) -> None:
            self.asked.release()

        async def got(*_: Any) -> None:
            self.answered.release()

        config = aiohttp.TraceConfig()
        config.on_request_start.append(sent)
        config.on_request_end.append(got)
        return config

    async def moment(self, dice: random.Random) -> None:
        """A random one, at random distance from a call that begins or is answered."""
        self.asked, self.answered = asyncio.Semaphore(0), asyncio.Semaphore(0)
        beat = self.asked if dice.random() < 0.5 else self.answered
        for _ in range(dice.randrange(1, MOST)):
            await beat.acquire()
        for _ in range(dice.randrange(MOST_TURNS)):
            await asyncio.sleep(0)


class Killer:
    """Kills what is told by name, and starts it again. Meanwhile `open_` is not set, unless there
    is another worker."""

    def __init__(
        self, running: Sequence[Worker], open_: asyncio.Event, url: str, server: Postgres | None
    ) -> None:
        self._running = running
        self._open = open_
        self._url = url
        self._server = server
        self.faults: list[str] = []

    async def kill(self, what: str) -> None:
        ways: dict[str, Callable[[], Awaitable[None]]] = {
            "commit": self._at_a_commit,
            "worker": self._one,
            "all workers": self._all,
            "backend": self._backend,
            "server": self._all_backends,
        }
        await ways[what]()

    async def _one(self) -> None:
        """Where there is another one, nobody need wait."""
        if len(self._running) == 1:
            await self._all()
        else:
            await self._replace(self._running[:1])
            self._running = [*self._running[1:], self._running[0]]

    async def _all(self) -> None:
        self._open.clear()
        await self._replace(self._running)
        self._open.set()

    async def _at_a_commit(self) -> None:
        """As soon as the write-ahead log of SQLite has grown, before it is flushed."""
        log = Path(f"{self._url.removeprefix('sqlite:///')}-wal")
        before = log.stat().st_mtime_ns
        await until(lambda: log.stat().st_mtime_ns != before)
        await self._all()

    async def _replace(self, killed: Sequence[Worker]) -> None:
        for worker in killed:
            self.look_after(worker)
        await asyncio.gather(*(worker.kill() for worker in killed if worker.alive))
        await asyncio.gather(*(worker.restart() for worker in killed))

    def look_after(self, worker: Worker) -> None:
        """Note faults of its own, such as having ended."""
        said = worker.config.with_suffix(".log").read_text()
        if "a fault of central" in said or not worker.alive:
            self.faults.append(said)

    async def _backend(self) -> None:
        assert self._server
        self._open.clear()
        await asyncio.to_thread(self._server.kill_backend, self._url)
        self._open.set()

    async def _all_backends(self) -> None:
        """pg_ctl restart -m immediate."""
        assert self._server
        self._open.clear()
        self._server.stop(SIGQUIT)
        self._server.launch()
        await asyncio.to_thread(self._server.await_ready)
        self._open.set()


ON_SQLITE = ("worker", "commit")
ON_POSTGRESQL = ("worker",) * 12 + ("backend",) * 3 + ("server", "all workers")
"""What is killed, each as often."""


async def central_kills(
    folder: Path,
    url: str,
    number: int,
    *,
    server: Postgres | None = None,
    seed: int = 1,
    program: Sequence[str] = CENTRAL,
    what: Sequence[str] = (),
) -> Outcome:
    """So many kills of central on one database, or of the database under its two workers."""
    what = what or (ON_POSTGRESQL if server else ON_SQLITE)
    dice, told, pulse, open_ = random.Random(seed), Told(), Pulse(), asyncio.Event()
    open_.set()
    kills = dict.fromkeys(what, 0)
    async with (
        workers(folder, url, NO_BROKER, 2 if server else 1, program) as running,
        aiohttp.ClientSession(trace_configs=[pulse.trace()]) as http,
    ):
        shops = [worker.url for worker in running]
        tours, museum = await _slots(http, shops[0])
        coming = cycle(tours)
        on_sale = list(islice(coming, SLOTS_ON_SALE))
        devices = [DEVICES[n % len(DEVICES)] for n in range(BUYERS)]
        asking = [
            Buyer(http, shops[:: (1, -1)[n % 2]], f"buyer {n}", device, open_)
            for n, device in enumerate(devices)
        ]
        buyers = [
            KeenBuyer(buyer, device, told=told, slots=on_sale, museum=museum, seed=seed * 1000 + n)
            for n, (buyer, device) in enumerate(zip(asking, devices, strict=True))
        ]
        killer = Killer(running, open_, url, server)
        async with _buying(buyers):
            for victim in islice(_in_turns(what, dice), number):
                await pulse.moment(dice)
                await killer.kill(victim)
                kills[victim] += 1
                on_sale[:] = [*on_sale[NEW_AT_A_TIME:], *islice(coming, NEW_AT_A_TIME)]
        for worker in running:
            killer.look_after(worker)
    return Outcome(
        kills,
        told,
        judge(url, told, datetime.now(UTC)),
        sum(buyer.retries for buyer in asking),
        max(buyer.longest_s for buyer in asking),
        killer.faults,
    )


def _in_turns(what: Sequence[str], dice: random.Random) -> Iterator[str]:
    """For ever, each as often, in an order of its own each time."""
    while True:
        yield from dice.sample(what, len(what))


@asynccontextmanager
async def _buying(buyers: Sequence[KeenBuyer]) -> AsyncIterator[None]:
    """They buy as long as the block runs, and end what they have begun."""
    over = False

    async def keep_buying(buyer: KeenBuyer) -> None:
        while not over:
            await buyer.buy()

    async with asyncio.TaskGroup() as group:
        for buyer in buyers:
            group.create_task(keep_buying(buyer))
        yield
        over = True


async def _slots(http: aiohttp.ClientSession, shop: str) -> tuple[list[str], str]:
    """(the tour's time slots of many days, the museum's of one)."""
    tours: list[str] = []
    today = datetime.now(UTC).date()
    days = [today + timedelta(days=n) for n in range(FIRST_DAY, DAYS)]
    for day in days:
        tours += await slots_of(http, f"{shop}/v1/attractions/tour/slots?date={day}")
    museum = await slots_of(http, f"{shop}/v1/attractions/museum/slots?date={days[0]}")
    return tours, museum[0]


async def slots_of(http: aiohttp.ClientSession, url: str) -> list[str]:
    async with http.get(url, headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
        return [slot["id"] for slot in (await answer.json())["slots"]]


def _answer_early() -> None:
    """Run central with a database whose writes are answered before they are committed."""
    from central import service
    from central.store.database import Database, Work
    from wicket.__main__ import main

    class Early(Database):
        async def write(self, work: Work[Any]) -> Any:
            loop = asyncio.get_running_loop()
            told: asyncio.Future[Any] = loop.create_future()

            def tell(result: Any) -> None:
                if not told.done():
                    told.set_result(result)

            def and_tell(connection: Any) -> Any:
                result = work(connection)
                loop.call_soon_threadsafe(tell, result)
                time.sleep(SLOW_FLUSH_S)
                return result

            writing = asyncio.ensure_future(super().write(and_tell))
            pending.add(writing)
            writing.add_done_callback(pending.discard)
            await asyncio.wait({writing, told}, return_when=asyncio.FIRST_COMPLETED)
            return told.result() if told.done() else await writing

    pending: set[asyncio.Future[Any]] = set()
    service.Database = Early  # type: ignore[misc]
    main(["central", "--config", sys.argv[1]])


if __name__ == "__main__":
    _answer_early()
