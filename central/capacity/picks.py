"""Which time slots a wish takes: those that the visitor chose, and those that central picks for
today or next. One wish has one such slot of an attraction, so that a family goes together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, or_, select

from central.capacity import slots, waiting
from central.capacity.slots import Listed
from central.catalogue.offers import Included, Offer, SlotPolicy
from central.catalogue.venue import Venue
from central.sale.states import Refused
from central.sale.wishes import Picks, Slots, Wanted, Wish
from central.store.schema import time_slot

FIRST_LOOK = 8
"""So many slots are counted at first; each time that all of them are full, four times as many."""


def look(connection: Connection, venue: Venue, wish: Wish, now: datetime) -> Slots | Refused:
    """The slots as they stand; nobody is kept from booking them."""
    picks = _Choice(connection, venue, wish, now).picks()
    if isinstance(picks, Refused):
        return picks
    return Slots(slots.find(connection, wish.slots | set(picks.values()), now), picks)


def lock(connection: Connection, venue: Venue, wish: Wish, now: datetime) -> Slots | Refused:
    """The slots; until the transaction ends nobody else books them. Who waits already comes first.

    All of them are locked at once and in order of their ids. A slot that was picked and is full by
    then is let go again, and another one picked.
    """
    choice, full = _Choice(connection, venue, wish, now), set[str]()
    while True:
        picks = choice.picks(full)
        if isinstance(picks, Refused):
            return picks
        if not picks:
            return Slots(_lock(connection, wish, wish.slots, now), picks)
        with connection.begin_nested() as attempt:
            locked = _lock(connection, wish, wish.slots | set(picks.values()), now)
            gone = {one for one in picks.values() if not choice.fits(locked.get(one), picks)}
            if not gone:
                return Slots(locked, picks)
            attempt.rollback()
        full |= gone


def _lock(
    connection: Connection, wish: Wish, ids: Collection[str], now: datetime
) -> dict[str, Listed]:
    locked = slots.lock(connection, ids, now, channel=wish.channel)
    if waiting.serve(connection, ids, now):
        locked = slots.find(connection, ids, now, channel=wish.channel)
    return locked


@dataclass(frozen=True)
class _Choice:
    """What central chooses from for a wish."""

    connection: Connection
    venue: Venue
    wish: Wish
    now: datetime

    def picks(self, full: Collection[str] = ()) -> Picks | Refused:
        """None of those that are known to be `full`."""
        picks: dict[tuple[str, SlotPolicy], str] = {}
        asked = {
            (one.attraction, one.slot) for want in self.wish.lines for _, one in self._of(want)
        }
        for attraction, policy in sorted(asked, key=lambda key: (key[0], key[1].value)):
            if not policy.picked:
                continue
            for one in self._on_sale(attraction, policy, full):
                with_it = picks | {(attraction, policy): one.slot.id}
                if self.fits(one, with_it):
                    picks = with_it
                    break
            else:
                when = "today" if policy is SlotPolicy.TODAY else "from now on"
                detail = f"{attraction}: no time slot {when} has room and is on sale"
                return Refused("nothing_on_sale", detail, {"attraction": attraction})
        return picks

    def fits(self, listed: Listed | None, picks: Picks) -> bool:
        """Whether all that the wish takes of the slot can be bought."""
        if listed is None:
            return False
        places = self._places(picks)[listed.slot.id]
        return listed.blocked(self.now, places) is None

    def _places(self, picks: Picks) -> Mapping[str, int]:
        """Slot → the places that the whole wish takes in it."""
        places: dict[str, int] = {}
        for want in self.wish.lines:
            for offer, one in self._of(want):
                key = (one.attraction, one.slot)
                slot = picks.get(key, self._chosen(want).get(one.attraction, ""))
                each = one.persons or offer.persons
                places[slot] = places.get(slot, 0) + each * want.quantity
        return places

    def _of(self, want: Wanted) -> Iterator[tuple[Offer, Included]]:
        """What the line takes of its product; of one that is not known, nothing."""
        if found := self.venue.offer(want.product):
            attraction, offer = found
            for one in offer.asks(attraction.id):
                if not want.leaves_out(one, self._chosen(want)):
                    yield offer, one

    def _chosen(self, want: Wanted) -> dict[str, str]:
        found = self.venue.offer(want.product)
        return want.chosen(found[0].id) if found else {}

    def _on_sale(
        self, attraction: str, policy: SlotPolicy, full: Collection[str]
    ) -> Iterator[Listed]:
        """In order of time; they may have no room."""
        closed, here = time_slot.c.closed, time_slot.c.attraction == attraction
        conditions = [
            and_(here, time_slot.c.sales_start <= self.now, time_slot.c.sales_end > self.now),
            or_(closed.is_(False), and_(closed.is_(None), time_slot.c.planned)),
            time_slot.c.id.not_in(full),
        ]
        if policy is SlotPolicy.TODAY:
            conditions.append(time_slot.c.day == self.now.astimezone(self.venue.zone).date())
        query = select(time_slot.c.id).where(*conditions)
        ids = self.connection.scalars(query.order_by(time_slot.c.start, time_slot.c.id)).all()
        for some in _ever_more(ids):
            found = slots.find(self.connection, some, self.now, channel=self.wish.channel)
            yield from (found[id_] for id_ in some if id_ in found)


def _ever_more(ids: Iterable[str]) -> Iterator[list[str]]:
    left, size = list(ids), FIRST_LOOK
    while left:
        yield left[:size]
        left, size = left[size:], size * 4
