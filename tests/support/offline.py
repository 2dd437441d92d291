"""A kiosk's own books beside a real central, and the line between them, which can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from support.central import DEVICES, Client

from central.sync import ingest
from kiosk import offline_store
from kiosk.centre import HttpCentre
from kiosk.goods import Line, Order
from kiosk.keys import KioskKeys
from kiosk.offline import Books, OfflineCentre
from kiosk.offline_store import OfflineStore
from kiosk.provisions import Provisions, Storeroom
from kiosk.settings import OfflineSettings
from runtime import outbox as facts
from runtime.centre import CentreFault, CentreSettings
from runtime.database import Database
from runtime.outbox import Outbox
from runtime.wire import encode, fact_to_data

T = TypeVar("T")

SETTINGS = OfflineSettings(places=3, slots=2, minutes=120)
SCHEMA = offline_store.SCHEMA + facts.SCHEMA


class PowerCut(BaseException):
    """The power is gone. No `except Exception` survives it."""


class Mains(Database):
    """A file on a disk that loses its power at the `cut_at`-th point; each write has two."""

    cut_at: int | None = None
    points = 0

    def begin(self, work: Callable[[Any], T]) -> asyncio.Future[T]:
        self._point()
        return super().begin(work)

    async def write(self, work: Callable[[Any], T]) -> T:
        done = await super().write(work)
        self._point()
        return done

    def _point(self) -> None:
        self.points += 1
        if self.cut_at is not None and self.points >= self.cut_at:
            raise PowerCut


class Wire:
    """The way to central; nothing passes while it is `cut`."""

    def __init__(self, centre: HttpCentre) -> None:
        self._centre, self.cut = centre, False

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._centre, name)

        async def ask(*values: Any) -> Any:
            if self.cut:
                raise CentreFault("cannot be reached", "is central running?")
            return await asked(*values)

        return ask


@dataclass
class Alone:
    """A kiosk that can sell alone."""

    client: Client
    wire: Wire
    centre: OfflineCentre
    provisions: Provisions
    store: OfflineStore
    keys: KioskKeys
    outbox: Outbox

    async def heard(self) -> None:
        """Central takes all facts that it has not acknowledged, and acknowledges them."""
        api, device = self.client.api, self.outbox.device
        told = [fact_to_data(fact) for fact in self.outbox.after(0)]
        now, payload = self.client.clock(), encode({"facts": told})
        number = await api.database.write(
            lambda c: ingest.take(c, device, payload, api.settings.devices, now)
        )
        assert number is not None
        await self.outbox.acknowledge(number)

    def left(self, slot: str) -> int:
        return sum(one.left for one in self.store.stock() if one.lease.slot == slot)


@asynccontextmanager
async def alone(
    client: Client, folder: Path, settings: OfflineSettings = SETTINGS, cut_at: int | None = None
) -> AsyncIterator[Alone]:
    device, clock = client.device, client.clock
    there = CentreSettings(str(client.http.make_url("")).rstrip("/"), DEVICES[device].token)
    folder.mkdir(parents=True, exist_ok=True)
    async with Mains(folder / "kiosk.db", SCHEMA) as database, HttpCentre(there) as http:
        wire, store, outbox = Wire(http), OfflineStore(database), Outbox(database, device)
        keys = KioskKeys(folder, device)
        books = Books(store, keys, outbox.tell, lambda: outbox.acknowledged, clock)
        room = Storeroom(settings, store, keys, outbox.tell, clock)
        boot = f"{datetime.now().timestamp()}"
        provisions = Provisions(wire, room, boot)
        database.cut_at = cut_at
        centre = OfflineCentre(wire, books)
        yield Alone(client, wire, centre, provisions, store, keys, outbox)


def order(slot: str, quantity: int = 1, product: int = 4) -> Order:
    return Order((Line(product, slot, quantity),), "de", "Harbour Museum", "Europe/Berlin")
