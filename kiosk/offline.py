"""Central, also while it cannot be reached: then the kiosk sells by itself what it has leased.

What was begun at central is carried on there, and what was begun here, here. A refusal of central
is final: only its silence makes the kiosk sell alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from admission.codes import new_ticket_id
from admission.facts import Event, Fact
from admission.values import Money
from hal.ports import Slip
from kiosk import leased
from kiosk.centre import Centre
from kiosk.goods import (
    HERE,
    Catalogue,
    Day,
    Holder,
    IssuedTicket,
    Order,
    Refusal,
    Reservation,
    Slot,
)
from kiosk.keys import KioskKeys
from kiosk.leased import OfflineSale, Stage
from kiosk.offline_store import OfflineStore
from runtime.centre import CentreFault, NotLetIn

log = logging.getLogger("wicket.kiosk.offline")

T = TypeVar("T")

AWAY_S = 10.0
"""After central was silent it is not asked again for so long, if the kiosk can sell alone: every
question may cost seconds."""
CLOCK_BACK = timedelta(minutes=2)


@dataclass(frozen=True)
class Books:
    """What the kiosk needs to sell alone. `tell` returns when a fact is on the disk;
    `acknowledged` is the number of the last that central has."""

    store: OfflineStore
    keys: KioskKeys
    tell: Callable[[Event, datetime], Awaitable[Fact]]
    acknowledged: Callable[[], int]
    clock: Callable[[], datetime]


class OfflineCentre:
    """A Centre that falls back on the kiosk's own books."""

    def __init__(self, centre: Centre, books: Books) -> None:
        self._centre = centre
        self._books = books
        self._fault: CentreFault | None = None
        self._again_at = 0.0

    async def catalogue(self) -> Catalogue:
        try:
            return await self._ask(self._centre.catalogue)
        except CentreFault as fault:
            known = self._alone(fault)
            return leased.catalogue(known, self._books.store.stock(), self._books.clock())

    async def days(self, attraction: str) -> tuple[Day, ...]:
        try:
            return await self._ask(lambda: self._centre.days(attraction))
        except CentreFault as fault:
            zone, now = ZoneInfo(self._alone(fault).timezone), self._books.clock()
            return leased.days(attraction, self._books.store.stock(), zone, now)

    async def slots(self, attraction: str, day: date) -> tuple[Slot, ...]:
        try:
            return await self._ask(lambda: self._centre.slots(attraction, day))
        except CentreFault as fault:
            zone, now = ZoneInfo(self._alone(fault).timezone), self._books.clock()
            return leased.slots(attraction, day, self._books.store.stock(), zone, now)

    async def reserve(self, order: Order, key: str) -> Reservation | Refusal:
        begun = self._books.store.sale(HERE + key)
        if begun is not None:
            return begun.reservation
        try:
            return await self._ask(lambda: self._centre.reserve(order, key))
        except CentreFault as fault:
            self._alone(fault)
            now = self._books.clock()
            made = await self._books.store.begin(
                lambda stock: leased.begin(order, HERE + key, stock, _ids(), now), now
            )
            if made is None:
                raise
            log.info("selling alone, for %s", fault)
            return made if isinstance(made, Refusal) else made.reservation

    async def confirm(
        self, token: str, reference: str, amount: Money, holder: Holder | None, key: str
    ) -> Refusal | None:
        if not token.startswith(HERE):
            return await self._centre.confirm(token, reference, amount, holder, key)
        now = self._books.clock()
        paid = await self._books.store.change(
            token, lambda sale: leased.pay(sale, reference, amount, now)
        )
        return paid if isinstance(paid, Refusal) else None

    async def issue(self, token: str, key: str) -> tuple[IssuedTicket, ...] | Refusal:
        """The tickets, when their facts are on the disk."""
        if not token.startswith(HERE):
            return await self._centre.issue(token, key)
        books, now = self._books, self._books.clock()
        signs = books.keys.signing(now)
        leases = books.store.leases()

        issued = await books.store.change(
            token, lambda sale: leased.issue(sale, signs, leases, now)
        )
        if isinstance(issued, Refusal):
            return issued
        if issued.stage is Stage.ISSUED:
            issued = await self._tell(issued)
        return issued.tickets

    async def slip(self, token: str, ticket: int) -> Slip | None:
        """Of what was sold alone central may know nothing yet."""
        return None if token.startswith(HERE) else await self._centre.slip(token, ticket)

    async def cancel(self, token: str, reason: str, key: str) -> Refusal | None:
        """What central was told of is cancelled there, when it has heard of it."""
        if not token.startswith(HERE):
            return await self._centre.cancel(token, reason, key)
        books = self._books
        sale = books.store.sale(token)
        if sale is None:
            return Refusal("unknown_request")
        if sale.stage is Stage.ISSUED and books.store.told({p.id for p in sale.pieces}, 0):
            sale = await self._tell(sale)
        if sale.stage is Stage.TOLD:
            if books.acknowledged() < sale.last_fact:
                raise CentreFault("it has not heard of this sale yet", "is the network all right?")
            for piece in sale.pieces:
                there = f"{HERE}{piece.id:x}"
                await self._centre.cancel(there, reason, f"{key}-{piece.id:x}")
        gone = await books.store.change(token, lambda sale: replace(sale, stage=Stage.CANCELLED))
        return gone if isinstance(gone, Refusal) else None

    async def _tell(self, sale: OfflineSale) -> OfflineSale:
        """Tell what was not told before a power cut."""
        books = self._books
        known = books.store.told({piece.id for piece in sale.pieces}, 0)
        assert sale.sold_at is not None
        for event in leased.facts(sale):
            if event.issued.id not in known:
                fact = await books.tell(event, sale.sold_at)
                known[event.issued.id] = fact.number
        last = max(known.values())
        told = await books.store.change(
            sale.token, lambda sale: replace(sale, stage=Stage.TOLD, last_fact=last)
        )
        assert isinstance(told, OfflineSale)
        return told

    async def _ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """Ask central, unless it was silent a moment ago. Raises CentreFault."""
        now = asyncio.get_running_loop().time
        if self._fault is not None and now() < self._again_at:
            raise self._fault
        try:
            answer = await question()
        except NotLetIn:
            raise
        except CentreFault as fault:
            if self._to_sell_from() is not None:
                self._fault, self._again_at = fault, now() + AWAY_S
            raise
        self._fault = None
        return answer

    def _alone(self, fault: CentreFault) -> Catalogue:
        """The catalogue to sell from; the fault again if the kiosk must not sell alone."""
        known = self._to_sell_from()
        if isinstance(fault, NotLetIn) or known is None:
            raise fault
        return known

    def _to_sell_from(self) -> Catalogue | None:
        """None if the kiosk cannot sell alone now."""
        books, now = self._books, self._books.clock()
        sells = any(one.sells(now) for one in books.store.stock())
        if not sells or self._clock_went_back(now) or books.keys.signing(now) is None:
            return None
        return books.store.catalogue()

    def _clock_went_back(self, now: datetime) -> bool:
        heard = self._books.store.kept("heard")
        return not heard or now < datetime.fromisoformat(heard) - CLOCK_BACK


def _ids() -> Iterator[int]:
    while True:
        yield new_ticket_id()
