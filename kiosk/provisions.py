"""What the kiosk lays in while central is there, to sell when it is not: leases with their goods
and prices, the catalogue, a key that gates know."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from admission.facts import Event, Fact, LeaseReturned
from admission.values import IssuerKey
from kiosk.goods import Catalogue, Day, Refusal, Slot
from kiosk.keys import KioskKeys
from kiosk.leased import Lease, Stock
from kiosk.offline_store import OfflineStore
from kiosk.settings import OfflineSettings
from runtime.centre import CentreFault
from runtime.database import DiskFault
from runtime.log import Repeats
from runtime.settings import BadSettings

log = logging.getLogger("wicket.kiosk.offline")

EVERY_S = 60.0
AGAIN_S = 5.0
DAYS = 2
"""Days of each attraction of which slots are looked at: those that come next."""


class Supplier(Protocol):
    """Central, as far as stock goes. All of it raises CentreFault."""

    async def catalogue(self) -> Catalogue: ...

    async def days(self, attraction: str) -> tuple[Day, ...]: ...

    async def slots(self, attraction: str, day: date) -> tuple[Slot, ...]: ...

    async def keys(self) -> tuple[IssuerKey, ...]: ...

    async def register(self, public: bytes) -> IssuerKey | Refusal: ...

    async def leased(self) -> tuple[Lease, ...]: ...

    async def lease(self, slot: str, places: int, minutes: int, key: str) -> int | Refusal: ...

    async def give_back(self, lease: int, key: str) -> Refusal | None: ...


@dataclass(frozen=True)
class Storeroom:
    """Where provisions go. `tell` returns when a fact is on the disk."""

    settings: OfflineSettings
    store: OfflineStore
    keys: KioskKeys
    tell: Callable[[Event, datetime], Awaitable[Fact]]
    clock: Callable[[], datetime]


class Provisions:
    """`boot` makes the keys of calls unlike those of an earlier run."""

    def __init__(self, supplier: Supplier, room: Storeroom, boot: str) -> None:
        self._supplier, self._room, self._boot = supplier, room, boot
        self._calls = 0
        self._repeats = Repeats(log)
        self._said = ""

    async def run(self) -> None:
        """Lay in for ever, if anything is wanted."""
        while True:
            try:
                await self.lay_in()
                self._repeats.healed("provisions are laid in again")
                pause = EVERY_S
            except (CentreFault, BadSettings, DiskFault) as fault:
                self._repeats.failed(f"no provisions for selling while cut off: {fault}")
                pause = AGAIN_S
            self._say_whether_it_sells()
            await asyncio.sleep(pause)

    async def lay_in(self) -> None:
        """Once. May raise CentreFault, BadSettings, DiskFault."""
        room, now = self._room, self._room.clock()
        if not room.settings.places:
            await self._give_up()
            return
        await room.keys.look_after(self._supplier, now)
        if room.keys.signing(now) is None:
            await self._give_up()
            return
        catalogue = await self._supplier.catalogue()
        wanted = [slot for one in catalogue.attractions for slot in await self._next_slots(one.id)]
        await self._know_again()
        await self._lease([slot for slot in wanted if slot not in self._fresh(now)])
        await self._close(set(wanted), now)
        await room.store.keep_catalogue(catalogue)
        await room.store.keep(heard=room.clock().isoformat())

    async def _next_slots(self, attraction: str) -> list[str]:
        """The slots that are on sale and end last enough to be sold alone."""
        days = [day for day in await self._supplier.days(attraction) if day.open][:DAYS]
        found = [slot for d in days for slot in await self._supplier.slots(attraction, d.date)]
        on_sale = sorted((s for s in found if s.blocked is None), key=lambda slot: slot.start)
        return [slot.id for slot in on_sale[: self._room.settings.slots]]

    async def _know_again(self) -> None:
        """Take over today's prices; give back leases that an earlier disk knew."""
        known = self._room.store.leases()
        told = await self._supplier.leased()
        await self._room.store.adopt([one for one in told if one.id in known])
        for one in told:
            if one.id not in known:
                await self._supplier.give_back(one.id, self._key(f"return-{one.id}"))

    def _fresh(self, now: datetime) -> dict[str, int]:
        """Slot → the newest lease that is not half over, and of which something is left."""
        half = timedelta(minutes=self._room.settings.minutes) / 2
        stock = (s for s in self._room.store.stock() if s.left and s.lease.expires_at - now >= half)
        return {one.lease.slot: one.lease.id for one in stock}

    async def _close(self, wanted: set[str], now: datetime) -> None:
        """Give back what is not wanted any more, and what a newer lease has taken the place of;
        where there is none, central may have nothing left, and the old one is kept to its end."""
        fresh = self._fresh(now)
        for one in self._room.store.stock():
            newest = fresh.get(one.lease.slot, one.lease.id)
            if one.lease.slot not in wanted or newest != one.lease.id or not one.sells(now):
                await self._return(one)

    async def _return(self, one: Stock) -> None:
        """Told as a fact, so that central hears of the sales on it before."""
        left = await self._room.store.close(one.lease.id)
        if left and one.lease.expires_at > self._room.clock():
            await self._room.tell(LeaseReturned(one.lease.id, left), self._room.clock())

    async def _lease(self, slots: list[str]) -> None:
        """What central refuses is tried again next time: nothing may be left."""
        settings, taken = self._room.settings, set[int]()
        for slot in slots:
            key = self._key(f"lease-{slot}")
            made = await self._supplier.lease(slot, settings.places, settings.minutes, key)
            if isinstance(made, Refusal):
                log.debug("no lease of %s: %s", slot, made.code)
            else:
                taken.add(made)
        if taken:
            told = await self._supplier.leased()
            await self._room.store.adopt([one for one in told if one.id in taken])

    async def _give_up(self) -> None:
        """Nothing is to be sold: others shall have the places."""
        for one in self._room.store.stock():
            await self._return(one)

    def _say_whether_it_sells(self) -> None:
        why = self._room.keys.why_not(self._room.clock())
        if self._room.settings.places and why != self._said:
            self._said = why
            if why:
                log.warning("while central is away this kiosk does not sell: %s", why)
            else:
                log.info("while central is away this kiosk sells what it has leased")

    def _key(self, what: str) -> str:
        self._calls += 1
        return f"{self._boot}-{self._calls}-{what}"[:100]
