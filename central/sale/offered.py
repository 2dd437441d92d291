"""What a ticket office offers of an attraction on a day: price forms, time slots with what is left,
and what is sold without choosing one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, or_, select

from admission.booking import SaleBlocked
from admission.values import Money
from central.capacity import slots
from central.capacity.slots import Listed
from central.catalogue.offers import Included, Offer, ProductKind, SlotPolicy
from central.catalogue.prices import Visit, unit_price, visit
from central.catalogue.venue import Attraction, Venue
from central.settings import Channel
from central.store.schema import time_slot

DAYS = 8
"""So many open days are offered at once."""
MAX_SLOTS = 200
"""Of one day."""
_PAST = (SaleBlocked.ENDED, SaleBlocked.EVENT_OVER)


@dataclass(frozen=True)
class Priced:
    """A product with the least and the most that one of it costs that day."""

    offer: Offer
    least: Money
    most: Money


@dataclass(frozen=True)
class Part:
    """A part of a product that the visitor may leave out, or chooses a time slot of."""

    included: Included
    attraction: Attraction
    slots: tuple[Listed, ...]


@dataclass(frozen=True)
class Other:
    """A product that takes no slot of this list."""

    priced: Priced
    open: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Offered:
    day: date
    days: tuple[date, ...]
    slots: tuple[Listed, ...]
    forms: tuple[Priced, ...]
    others: tuple[Other, ...]


@dataclass(frozen=True)
class _Shop:
    connection: Connection
    venue: Venue
    now: datetime

    def listed(self, attraction: str, day: date) -> tuple[Listed, ...]:
        """What is over is not shown."""
        days, office = (day, day), Channel.OFFICE.value
        found = slots.on_days(self.connection, attraction, days, self.now, channel=office)
        coming = [one for one in found if one.off_sale(self.now) not in _PAST]
        return tuple(sorted(coming, key=lambda one: one.slot.start)[:MAX_SLOTS])

    def priced(self, offer: Offer, day: date, listed: Sequence[Listed] = ()) -> Priced:
        zone, channel = self.venue.zone, Channel.OFFICE
        seen = [visit(one.slot.start, zone, self.now, channel) for one in listed if offer.prices]
        plain = Visit(day, None, self.now.astimezone(zone).date(), channel)
        prices = [unit_price(offer, self.venue.currency, one).price for one in seen or [plain]]
        prices.sort(key=lambda price: price.amount)
        return Priced(offer, prices[0], prices[-1])


def offered(
    connection: Connection, venue: Venue, attraction: Attraction, day: date | None, now: datetime
) -> Offered:
    """On `day`, or on the first day that is open."""
    shop, today = _Shop(connection, venue, now), now.astimezone(venue.zone).date()
    days = _days(connection, attraction.id, today)
    shown = day or (days[0] if days else today)
    listed = shop.listed(attraction.id, shown)
    tickets = [offer for offer in attraction.products if offer.kind is ProductKind.TICKET]
    return Offered(
        shown,
        days,
        listed,
        tuple(shop.priced(offer, shown, listed) for offer in tickets if _in_list(offer)),
        tuple(_other(shop, attraction, one, shown) for one in tickets if not _in_list(one)),
    )


def _in_list(offer: Offer) -> bool:
    return not offer.entitlements and offer.slot is SlotPolicy.CHOSEN


def _other(shop: _Shop, attraction: Attraction, offer: Offer, day: date) -> Other:
    parts = []
    for included in offer.asks(attraction.id):
        chosen = included.slot is SlotPolicy.CHOSEN
        where = shop.venue.attraction(included.attraction)
        if where and (included.optional or chosen):
            parts.append(Part(included, where, shop.listed(where.id, day) if chosen else ()))
    return Other(shop.priced(offer, day), offer.open, tuple(parts))


def _days(connection: Connection, attraction: str, first: date) -> tuple[date, ...]:
    closed = time_slot.c.closed
    query = (
        select(time_slot.c.day)
        .where(time_slot.c.attraction == attraction, time_slot.c.day >= first)
        .where(or_(closed.is_(False), closed.is_(None) & time_slot.c.planned))
        .distinct()
        .order_by(time_slot.c.day)
        .limit(DAYS)
    )
    return tuple(connection.scalars(query))
