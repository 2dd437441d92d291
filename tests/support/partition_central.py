"""Central in the partition simulator: its real code on a real SQLite in memory, killed and started
again at will. What it committed survives it."""

from __future__ import annotations

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from support.central import CONFIG
from support.partition_bus import Broker, SimBus
from support.partition_net import CENTRAL, Net
from support.samples import BERLIN, NOON

from admission.codes import SigningKey
from admission.facts import Event, Fact
from admission.values import CutOff, Entitlement, Product, Validation
from central.catalogue.venues import Current, Revision
from central.http.api import Api
from central.keys import Keyring, Own
from central.service import begin, take_facts
from central.settings import CentralSettings, DeviceKind, DeviceSettings
from central.store.database import Database, make_engine, migrate
from central.sync import epochs, feed
from central.sync.publisher import Publisher
from central.sync.snapshots import Snapshots
from central.watch.dispatch import Dispatch
from central.watch.listening import Watch
from runtime.topics import Topics
from runtime.wire import fact_from_data

T = TypeVar("T")

Crashed = Callable[[str, BaseException], None]
COMMIT_S = (0.0005, 0.02)
SITE = "sample"
MOST = 50
DEVICES = {
    f"{kind.value}-{n}": DeviceSettings(f"{kind.value}-{n}-" * 4, kind)
    for kind in (DeviceKind.GATE, DeviceKind.KIOSK)
    for n in range(1, MOST + 1)
}
ONCE = Product(901, "once", (Entitlement("museum"),))
THRICE = Product(902, "three times", (Entitlement("museum", Validation.MULTIPLE, 3),))
TODAY = Product(903, "today", (Entitlement("museum", Validation.SAME_DAY),))
AND_BACK = Product(904, "out and in", (Entitlement("museum", reentry=True),))
AT_HOME = replace(ONCE, id=905, name="home", cut_off=CutOff.HOME_GATE, home="gate-1")
BY_STAFF = replace(ONCE, id=906, name="staff", cut_off=CutOff.STAFF_LANE)
PRODUCTS = (ONCE, THRICE, TODAY, AND_BACK, AT_HOME, BY_STAFF)


@dataclass(frozen=True)
class _Begun:
    """An engine for all histories, and what its database holds when one begins."""

    engine: Engine
    content: bytes
    revision: Revision
    keys: Own
    settings: CentralSettings


@cache
def begun() -> _Begun:
    engine = make_engine("sqlite://")  # one connection, for there is one thread
    migrate(engine)
    with TemporaryDirectory() as folder, engine.begin() as connection:
        settings = CentralSettings(Path(folder), DEVICES, CONFIG / "venue.toml", site=SITE)
        revision, own = begin(connection, settings, NOON)
        feed.publish_products(connection, PRODUCTS, NOON)
    return _Begun(engine, _content(engine), revision, own, settings)


def _driver(engine: Engine) -> Any:
    with engine.connect() as connection:
        return connection.connection.driver_connection


def _content(engine: Engine) -> bytes:
    content: bytes = _driver(engine).serialize()
    return content


class Store(Database):
    """A central.store.Database as one life of central sees it."""

    def __init__(
        self,
        engine: Engine,
        chance: random.Random,
        committed: Callable[[Connection], None],
    ) -> None:
        self._committed = committed
        self.written = asyncio.Event()
        self.engine = engine
        self._chance = chance
        self._turn = asyncio.Lock()

    async def read(self, work: Callable[[Connection], T]) -> T:
        await asyncio.sleep(self._chance.uniform(*COMMIT_S) / 10)
        with self.engine.begin() as connection:
            return work(connection)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """What is committed is told a little later; whoever is killed meanwhile never knows."""
        async with self._turn:
            await asyncio.sleep(self._chance.uniform(*COMMIT_S))
            with self.engine.begin() as connection:
                result = work(connection)
                self._committed(connection)
            self.written.set()
            await asyncio.sleep(self._chance.uniform(*COMMIT_S) / 10)
        return result


async def outlived(who: str, life: Coroutine[Any, Any, None], crashed: Crashed) -> None:
    """A life whose bugs are told."""
    try:
        await life
    except Exception as error:
        crashed(who, error)


class CentralNode:
    """`now` is its clock."""

    def __init__(
        self,
        net: Net,
        broker: Broker,
        chance: random.Random,
        now: Callable[[], datetime],
        *,
        folder: Path,
        crashed: Crashed,
    ) -> None:
        self._crashed = crashed
        self._folder = folder
        self._net = net
        self._broker = broker
        self._chance = chance
        self.now = now
        self._begun = begun()
        self._put(self._begun.content)
        self.alive = False
        self.since = 0.0
        self.log: dict[int | None, list[tuple[float, Fact]]] = defaultdict(list)
        """What it took about each ticket, and when that was committed."""
        self._logged = 0
        self.put_back = 0
        """How many times its database was put back to an earlier state."""
        self._life: asyncio.Task[None] | None = None
        self.bus: SimBus | None = None

    @property
    def key(self) -> SigningKey:
        return self._begun.keys[0]

    def start(self, group: asyncio.TaskGroup) -> None:
        self.alive, self.since = True, asyncio.get_running_loop().time()
        self.store = Store(self._begun.engine, self._chance, self._committed)
        self.snapshots = Snapshots(self._folder, self.store, SITE)
        self._life = group.create_task(outlived(CENTRAL, self._live(), self._crashed))

    def kill(self) -> None:
        self.alive = False
        if self._life is not None:
            self._life.cancel()
        if self.bus is not None and self.bus.session is not None:
            self.bus.session.end()

    def _committed(self, connection: Connection) -> None:
        now = asyncio.get_running_loop().time()
        driver = connection.connection.driver_connection
        assert driver is not None
        new = "SELECT n, body FROM feed WHERE n > ? ORDER BY n"
        for n, body in driver.execute(new, (self._logged,)).fetchall():
            fact = fact_from_data(json.loads(body))
            self.log[fact.ticket].append((now, fact))
            self._logged = n

    def copy(self) -> bytes:
        return _content(self._begun.engine)

    def restore(self, content: bytes) -> None:
        """What was committed since the copy is lost; whoever does that says so to central."""
        self._put(content)
        self.put_back += 1
        self.log.clear()
        self._logged = len(self.facts())
        with self._begun.engine.begin() as connection:
            epochs.begin(connection, "a copy was put back", self.now())

    def ends(self) -> tuple[int, int]:
        """The newest number of its feed, and the epoch of that."""
        with self._begun.engine.begin() as connection:
            return feed.head(connection), epochs.current(connection)

    def facts(self) -> list[dict[str, Any]]:
        """Its whole feed, as data."""
        with self._begun.engine.begin() as connection:
            return [entry.fact for entry in feed.after(connection, 0, 10**9)]

    async def tell(self, *events: Event) -> bool:
        """What the office and the shop do; False if central died of it."""
        if not self.alive:
            return False
        await self.store.write(lambda c: feed.tell(c, events, self.now()))
        return True

    async def _live(self) -> None:
        begun, site = self._begun, f"wicket/1/{SITE}"
        api = Api(
            begun.settings, Current(begun.revision), Keyring(begun.keys), self.store, self.now
        )
        topics = (f"{site}/device/+/facts", f"{site}/device/+/status")
        self.bus = bus = SimBus(self._net, self._broker, CENTRAL, topics)
        publisher = Publisher(bus, Topics(SITE), api.database, api.pulse, lambda: BERLIN)
        watch = Watch(api.database, api.clock, begun.settings.devices)
        dispatch = Dispatch(bus, Topics(SITE), api.database, api.clock, api.ordered)
        async with asyncio.TaskGroup() as group:
            group.create_task(bus.run())
            group.create_task(publisher.run())
            group.create_task(take_facts(api, bus, publisher, watch, dispatch))
            group.create_task(watch.run())

    def _put(self, content: bytes) -> None:
        _driver(self._begun.engine).deserialize(content)
