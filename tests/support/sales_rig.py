"""The real central, one worker or several on one database, opened and closed as a test wants."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Connection
from support.central import DEVICES, settings_in
from support.postgres import Postgres
from support.sales_deeds import Call
from support.sales_values import Answer
from support.sales_venue import OPENS, write_plans

from admission.facts import Admitted, Fact, Lapsed
from central.catalogue.planning import plan
from central.catalogue.venue import load_venue
from central.http.api import Api
from central.http.routes import application
from central.service import opened, tidy
from central.sync import ingest
from runtime.wire import encode, fact_to_data

MEMORY = "/dev/shm"
"""Where flushing is free."""
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Plot:
    """Where one central lives: a folder and a database of its own."""

    folder: Path
    url: str


class Ground:
    """Makes plots on which central has been before, so that opening one is quick."""

    def __init__(self, server: Postgres | None) -> None:
        self.server = server
        self.workers = 2 if server else 1
        self._model = self._plot(server.fresh() if server else None)
        self.venues = [load_venue(file) for file in write_plans(self._model.folder)]
        asyncio.run(self._visit())

    def fresh(self) -> Plot:
        url = self.server.fresh(_name(self._model.url)) if self.server else None
        made = self._plot(url)
        for file in self._model.folder.iterdir():
            if file.suffix != ".sqlite" or not self.server:
                shutil.copy(file, made.folder)
        return made

    def raze(self, plot: Plot) -> None:
        shutil.rmtree(plot.folder)
        if self.server:
            self.server.run(f"DROP DATABASE {_name(plot.url)} WITH (FORCE)")

    def close(self) -> None:
        self.raze(self._model)

    def _plot(self, url: str | None) -> Plot:
        folder = Path(tempfile.mkdtemp(prefix="sales-", dir=MEMORY))
        return Plot(folder, url or f"sqlite:///{folder / 'central.sqlite'}")

    async def _visit(self) -> None:
        central = Central(self._model, self, lambda: OPENS)
        await central.open(1)
        await central.close()


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


class Central:
    """Calls go to its workers in turn."""

    def __init__(self, plot: Plot, ground: Ground, clock: Clock) -> None:
        self._plot, self._ground, self._clock = plot, ground, clock
        self._turn = 0
        self._facts = 0
        self._stack = AsyncExitStack()
        self._branches: list[tuple[Api, TestClient[Any, Any]]] = []

    async def open(self, workers: int) -> None:
        venue = self._plot.folder / "venue.toml"
        settings = settings_in(self._plot.folder, database=self._plot.url, venue=venue)
        for _ in range(workers):
            api = await self._stack.enter_async_context(opened(settings, self._clock))
            client = TestClient(TestServer(application(api)))
            self._branches.append((api, await self._stack.enter_async_context(client)))

    async def close(self) -> None:
        await self._stack.aclose()
        self._branches.clear()

    async def restart(self) -> None:
        workers = len(self._branches)
        await self.close()
        await self.open(workers)

    async def post(self, call: Call, key: str, *, spoilt: bool = False) -> Answer:
        """`spoilt`: not the bytes that it ought to be."""
        data = json.dumps(call.body) + " " * spoilt
        headers = self._token(call.device) | {"Idempotency-Key": key}
        headers |= {"Content-Type": "application/json"}
        async with self._next()[1].post(call.path, data=data, headers=headers) as response:
            return Answer(response.status, await response.json(content_type=None))

    async def get(self, path: str, device: str = "office-1") -> Any:
        async with self._next()[1].get(path, headers=self._token(device)) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def tidy(self) -> None:
        await self._write(lambda c: tidy(c, self._clock()))

    async def plan(self, number: int) -> None:
        """The time slots made anew."""
        await self._write(lambda c: plan(c, self._ground.venues[number], self._clock()))

    async def admit(self, ticket: str, attraction: str) -> int:
        """A gate tells that somebody went in; the number of that fact. It tells the one before
        once more."""
        self._facts += 1
        now = self._clock()
        await self._tell(
            Fact("gate-1", self._facts, now, Admitted(int(ticket), attraction, "1", 1))
        )
        return self._facts

    async def lapse(self, ticket: str, admission: int) -> None:
        """… and never walked."""
        self._facts += 1
        lapsed = Lapsed(int(ticket), admission, "1", 1)
        await self._tell(Fact("gate-1", self._facts, self._clock(), lapsed))

    async def _tell(self, fact: Fact) -> None:
        payload, now = encode({"facts": [fact_to_data(fact)]}), self._clock()
        for _ in range(2):
            taken = await self._write(lambda c: ingest.take(c, fact.device, payload, DEVICES, now))
            assert taken == fact.number

    async def _write(self, work: Callable[[Connection], Any]) -> Any:
        return await self._next()[0].database.write(work)

    def _next(self) -> tuple[Api, TestClient[Any, Any]]:
        self._turn += 1
        return self._branches[self._turn % len(self._branches)]

    def _token(self, device: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {DEVICES[device].token}"}
