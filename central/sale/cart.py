"""What a visitor wants, and what it costs at that moment: the same for a quote and a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection

from central.capacity import picks
from central.catalogue.offers import Included, Offer, SlotPolicy
from central.catalogue.prices import Visit, unit_price, visit
from central.catalogue.schedule import describe, to_utc
from central.catalogue.venue import Attraction, Venue
from central.sale import promotions
from central.sale.promotions import Applied
from central.sale.states import By, Entitled, Line, Refused
from central.sale.wishes import Slots, Wanted, Wish
from central.settings import Channel

DAYS_AHEAD = 730
"""So far ahead an open product may begin."""


def quote(connection: Connection, venue: Venue, wish: Wish, by: By) -> Applied | Refused:
    """What the wish would cost now. Nothing is held."""
    taken = picks.look(connection, venue, wish, by.at)
    return taken if isinstance(taken, Refused) else priced(connection, venue, wish, taken, by)


def priced(
    connection: Connection, venue: Venue, wish: Wish, taken: Slots, by: By, *, lock: bool = False
) -> Applied | Refused:
    """The lines with prices and discounts; with `lock` nobody else uses the promo codes."""
    channel, lines = Channel(wish.channel), []
    desk = _Desk(venue, channel, by.at, taken)
    for number, want in enumerate(wish.lines, 1):
        line = desk.line(number, want)
        if isinstance(line, Refused):
            return line
        lines.append(line)
    return promotions.apply(connection, wish.promo_codes, lines, channel, by, lock=lock)


@dataclass(frozen=True)
class _Desk:
    """Where and when things are priced."""

    venue: Venue
    channel: Channel
    now: datetime
    taken: Slots

    def line(self, number: int, want: Wanted) -> Line | Refused:
        found = self.venue.offer(want.product)
        if found is None:
            return Refused("unknown_product", f"there is no product {want.product}")
        attraction, offer = found
        if self.channel not in offer.channels:
            return Refused("not_sold_here", f"{self.channel.value} does not sell {offer.id}")
        opens = self._opens(attraction, offer, want)
        if isinstance(opens, Refused):
            return opens
        when = self._when(offer, want, opens)
        if isinstance(when, Refused):
            return when
        cost = unit_price(offer, self.venue.currency, when.visit)
        return Line(
            number=number,
            slot=when.slot,
            description=when.description,
            attraction=attraction.id,
            attraction_name=attraction.name,
            product=offer.id,
            product_name=offer.name,
            price=cost.price,
            persons=offer.persons,
            quantity=want.quantity,
            kind=offer.kind,
            rule=cost.rule,
            tax_percent=offer.tax_percent,
            value=offer.worth,
            valid_from=when.start,
            valid_until=when.end,
            entitled=tuple(opens.values()) if offer.entitlements else (),
            text=want.text,
            ticket_text=offer.ticket_text,
            gives_product=offer.product,
            gives_quantity=offer.quantity if offer.product else 0,
        )

    def _opens(
        self, attraction: Attraction, offer: Offer, want: Wanted
    ) -> dict[Included, Entitled] | Refused:
        """What the visitor takes of the product, each with its slot."""
        chosen, opens = want.chosen(attraction.id), dict[Included, Entitled]()
        asked = {one.attraction: one for one in offer.asks(attraction.id)}
        if want.slot and chosen[attraction.id] != want.slot:
            return _unknown("slot and slots contradict each other", attraction.id, want.slot)
        for name in want.without:
            if name not in asked or not asked[name].optional:
                return Refused("not_optional", f"product {offer.id} cannot be had without {name!r}")
        for name, included in asked.items():
            if want.leaves_out(included, chosen):
                continue
            slot = self.taken.picks.get((name, included.slot), "")
            if included.slot is SlotPolicy.CHOSEN:
                slot = chosen.pop(name, "")
                if not self._has(name, slot):
                    return _unknown(f"product {offer.id} needs a time slot of {name}", name, slot)
            opens[included] = Entitled(name, slot, included.persons or offer.persons)
        for name, slot in chosen.items():
            return _unknown(f"product {offer.id} takes no chosen time slot of {name}", name, slot)
        return opens

    def _has(self, attraction: str, slot: str) -> bool:
        listed = self.taken.listed.get(slot)
        return listed is not None and listed.slot.attraction == attraction

    def _when(
        self, offer: Offer, want: Wanted, opens: Mapping[Included, Entitled]
    ) -> _When | Refused:
        """The visit is that of the first required slot that is chosen, else of the first slot."""
        open_ = None
        if any(one.slot is SlotPolicy.OPEN for one in opens):
            open_ = self._open(offer, want)
        if isinstance(open_, Refused):
            return open_
        with_slot = (one for one, entitled in opens.items() if entitled.slot)
        first = min(
            with_slot, key=lambda o: o.optional or o.slot is not SlotPolicy.CHOSEN, default=None
        )
        if first is None:
            assert open_ is not None
            return open_
        slot, zone = opens[first].slot, self.venue.zone
        taken = self.taken.listed[slot].slot
        visited = visit(taken.start, zone, self.now, self.channel)
        when = _When(visited, describe(taken, zone), slot)
        return replace(when, start=open_.start, end=open_.end) if open_ else when

    def _open(self, offer: Offer, want: Wanted) -> _When | Refused:
        """From the chosen local midnight on for whole days, however long the clocks make them."""
        zone = self.venue.zone
        today = self.now.astimezone(zone).date()
        first = want.day or today
        if not today <= first <= today + timedelta(days=DAYS_AHEAD):
            return Refused("wrong_day", f"{first} is not today or within {DAYS_AHEAD} days")
        after = first + timedelta(days=offer.period_days)
        start, end = (to_utc(datetime.combine(day, time.min), zone) for day in (first, after))
        seen = Visit(first, None, today, self.channel)
        return _When(seen, describe_days(first, after - timedelta(days=1)), "", start, end)


@dataclass(frozen=True)
class _When:
    """`start` and `end` are of what is open without a time slot."""

    visit: Visit
    description: str
    slot: str = ""
    start: datetime | None = None
    end: datetime | None = None


def _unknown(detail: str, attraction: str, slot: str) -> Refused:
    what = f"{detail}, not {slot!r}" if slot else detail
    return Refused("unknown_slot", what, {"attraction": attraction})


def describe_days(first: date, last: date) -> str:
    """At most 30 characters: "21 Nov 2026 - 20 Nov 2027"."""
    return f"{first:%d %b %Y} - {last:%d %b %Y}" if first < last else f"{first:%a %d %b %Y}"
