"""What a visitor wants, and what it costs at that moment: the same for a quote and a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection

from central import promotions, slots
from central.offers import Offer
from central.prices import Visit, unit_price, visit
from central.promotions import Applied
from central.schedule import describe, to_utc
from central.settings import Channel
from central.slots import Listed
from central.states import By, Line, Refused
from central.venue import Attraction, Venue

DAYS_AHEAD = 730
"""So far ahead an open product may begin."""


@dataclass(frozen=True)
class Wanted:
    """`quantity` of a product for a slot; of an open one from `day` on, or from today on."""

    product: int
    slot: str = ""
    quantity: int = 1
    day: date | None = None


@dataclass(frozen=True)
class Wish:
    """What a visitor wants, through which channel, in which language; held for `hold`.

    `offer_min`: who finds no room waits, and free places will be held so many minutes for them;
    0 for who does not wait.
    """

    lines: tuple[Wanted, ...]
    channel: str
    language: str
    hold: timedelta
    promo_codes: tuple[str, ...] = ()
    offer_min: int = 0

    @property
    def slots(self) -> set[str]:
        return {want.slot for want in self.lines if want.slot}


def quote(connection: Connection, venue: Venue, wish: Wish, by: By) -> Applied | Refused:
    """What the wish would cost now. Nothing is held."""
    return priced(connection, venue, wish, slots.find(connection, wish.slots, by.at), by)


def priced(
    connection: Connection,
    venue: Venue,
    wish: Wish,
    listed: Mapping[str, Listed],
    by: By,
    *,
    lock: bool = False,
) -> Applied | Refused:
    """The lines with prices and discounts; with `lock` nobody else uses the promo codes."""
    channel, lines = Channel(wish.channel), []
    desk = _Desk(venue, channel, by.at)
    for number, want in enumerate(wish.lines, 1):
        line = desk.line(number, want, listed.get(want.slot))
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

    def line(self, number: int, want: Wanted, listed: Listed | None) -> Line | Refused:
        found = self.venue.offer(want.product)
        if found is None:
            return Refused("unknown_product", f"there is no product {want.product}")
        attraction, offer = found
        if self.channel not in offer.channels:
            return Refused("not_sold_here", f"{self.channel.value} does not sell {offer.id}")
        when = self._open(offer, want) if offer.open else self._slot(attraction, want, listed)
        if isinstance(when, Refused):
            return when
        cost = unit_price(offer, self.venue.currency, when.visit)
        return Line(
            number=number,
            slot=want.slot,
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
        )

    def _slot(self, attraction: Attraction, want: Wanted, listed: Listed | None) -> _When | Refused:
        zone = self.venue.zone
        if listed is None or listed.slot.attraction != attraction.id:
            detail = f"product {want.product} has no time slot {want.slot!r}"
            return Refused("unknown_slot", detail)
        start = listed.slot.start
        return _When(visit(start, zone, self.now, self.channel), describe(start, zone))

    def _open(self, offer: Offer, want: Wanted) -> _When | Refused:
        """From the chosen local midnight on for whole days, however long the clocks make them."""
        if want.slot:
            return Refused("unknown_slot", f"product {offer.id} is sold without a time slot")
        zone = self.venue.zone
        today = self.now.astimezone(zone).date()
        first = want.day or today
        if not today <= first <= today + timedelta(days=DAYS_AHEAD):
            return Refused("wrong_day", f"{first} is not today or within {DAYS_AHEAD} days")
        after = first + timedelta(days=offer.period_days)
        start, end = (to_utc(datetime.combine(day, time.min), zone) for day in (first, after))
        seen = Visit(first, None, today, self.channel)
        return _When(seen, describe_days(first, after - timedelta(days=1)), start, end)


@dataclass(frozen=True)
class _When:
    """`start` and `end` are of what is sold without a time slot."""

    visit: Visit
    description: str
    start: datetime | None = None
    end: datetime | None = None


def describe_days(first: date, last: date) -> str:
    """At most 30 characters: "21 Nov 2026 - 20 Nov 2027"."""
    return f"{first:%d %b %Y} - {last:%d %b %Y}" if first < last else f"{first:%a %d %b %Y}"
