"""A cloakroom with two racks and their tags, and what staff and visitors do there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select
from support.central import Clock, empty_sqlite

from central.coats import check_in, check_out, entries, rooms, tags
from central.coats.entries import Registration
from central.coats.values import Cloakroom, Coat, Deposit, Entry, House, Rack
from central.sale.states import By, Refused
from central.store.database import Database
from central.store.schema import delivery

T = TypeVar("T")
HOUSE = House("DE", "EUR", ZoneInfo("Europe/Berlin"))
PHONE = "0151 2345 6789"
E164 = "+4915123456789"
NETWORK = "198.51.100.1"


def cloakroom(**changes: Any) -> Cloakroom:
    return replace(Cloakroom("Garderobe Nord", (Rack("A", 10), Rack("B", 2))), **changes)


def open_room(connection: Connection, by: By, **changes: Any) -> Cloakroom:
    """With the tags A1-A10 on rack A and B1-B5 on rack B, which carries only two."""
    room = rooms.save(connection, HOUSE, cloakroom(**changes), by)
    assert isinstance(room, Cloakroom)
    for rack, texts in zip(room.racks, ("A1-A10", "B1-B5"), strict=True):
        assert not isinstance(tags.register(connection, room.id, rack.id, texts, by), Refused)
    return room


@dataclass
class Cloaks:
    """`who` is at the counter."""

    database: Database
    clock: Clock
    room: Cloakroom
    who: str = "anna"

    @property
    def by(self) -> By:
        return By(self.who, self.clock(), "192.0.2.7")

    def as_(self, who: str) -> Cloaks:
        return replace(self, who=who)

    async def do(self, work: Callable[[Connection], T]) -> T:
        return await self.database.write(work)

    async def take(self, *texts: str, phone: str = PHONE, **more: Any) -> Coat | Refused:
        deposit = Deposit(self.room.id, texts, phone, **more)
        return await self.do(lambda c: check_in.check_in(c, HOUSE, deposit, self.by))

    async def hung(self, *texts: str, **more: Any) -> Coat:
        coat = await self.take(*texts, **more)
        assert isinstance(coat, Coat), coat
        return coat

    async def look(self, shown: str) -> list[Coat] | Refused:
        return await self.do(lambda c: check_out.look_up(c, HOUSE, self.room.id, shown, self.by))

    async def give(self, coat: Coat, shown: str = "", **more: Any) -> Coat | Refused:
        proof = shown or coat.secret
        return await self.do(lambda c: check_out.redeem(c, HOUSE, coat.id, proof, self.by, **more))

    async def messages(self) -> list[Any]:
        query = select(delivery).order_by(delivery.c.id)
        return list(await self.do(lambda c: c.execute(query).all()))


@asynccontextmanager
async def cloaks_in(database_url: str, clock: Clock, **changes: Any) -> AsyncIterator[Cloaks]:
    if database_url.startswith("sqlite"):
        empty_sqlite(Path(database_url.removeprefix("sqlite:///")))
    async with Database(database_url) as database:
        by = By("admin", clock())
        room = await database.write(lambda c: open_room(c, by, **changes))
        yield Cloaks(database, clock, room)


def code_of(answer: object) -> str:
    """Why it was refused."""
    assert isinstance(answer, Refused), answer
    return answer.code


async def registered(cloaks: Cloaks, phone: str = PHONE) -> Entry | Refused:
    """What a visitor named Ada writes on her own phone."""
    wanted = Registration(cloaks.room.id, phone, "Ada", "de-AT")
    by = By("visitor", cloaks.clock())
    return await cloaks.do(lambda c: entries.register(c, HOUSE, wanted, by, network=NETWORK))
