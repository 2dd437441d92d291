"""The venue: attractions, their schedules and products, as venue.toml tells them.

Wall times are texts in the venue's time zone. An attraction with `openings` is a location, one
with `schedules` is an event.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from admission.foreign import ForeignShop
from admission.values import Control, Money, Product
from central.catalogue.cut_off import CutOffRule, policy
from central.catalogue.hours import ExceptionDay, Opening, Schedule
from central.catalogue.offers import Names, Offer, ProductKind, SlotPolicy
from central.catalogue.prices import minor_unit
from central.delivery import words
from central.foreign.shops import PretixShop
from central.seats.plan import Plan, SeatingZone, check_zones
from central.settings import Channel
from runtime.settings import BadSettings, parse, read_text

MAX_TEXT = 500_000
_ID = re.compile(r"[a-z][a-z0-9-]{0,39}")


class Kind(Enum):
    """A location is open for a period, an event takes place at a time."""

    LOCATION = "location"
    EVENT = "event"


@dataclass(frozen=True)
class Sales:
    """On sale from `from_days` before the start until `until_min` minutes before an event starts,
    or a location closes; negative minutes are after that."""

    from_days: int = 60
    until_min: int = 0

    def __post_init__(self) -> None:
        if timedelta(days=self.from_days) <= timedelta(minutes=self.until_min):
            raise ValueError("sales must begin before they end")


@dataclass(frozen=True)
class Attraction:
    """`capacity` counts persons in one time slot; None means no limit.

    `shares` caps what a channel may have of it, in percent (60 is 60 %, rounded down); a channel
    without a share takes whatever is left. With `seating` the capacity is the number of seats.
    `control` is what counts against it.
    """

    id: str
    name: Names
    products: tuple[Offer, ...]
    text: Names = field(default_factory=dict)
    openings: tuple[Opening, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    exceptions: tuple[ExceptionDay, ...] = ()
    sales: Sales = field(default_factory=Sales)
    capacity: int | None = None
    shares: Mapping[Channel, int] = field(default_factory=dict)
    seating: tuple[SeatingZone, ...] = ()
    control: Control = Control.SALES

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"id {self.id!r}: write a-z, 0-9 and -, beginning with a letter")
        if bool(self.openings) == bool(self.schedules):
            raise ValueError(f"{self.id}: needs either openings or schedules")
        if self.capacity is not None and self.capacity < 1:
            raise ValueError(f"{self.id}: capacity is at least 1; leave it out for no limit")
        if not all(0 <= share <= 100 for share in self.shares.values()):
            raise ValueError(f"{self.id}: shares are 0 to 100 percent")
        for other in self.exceptions:
            if (other.for_events and self.openings) or (other.opening and self.schedules):
                raise ValueError(f"{self.id}: exception {other.day} is for the other kind")
        self._check_seating()
        if self.seating and self.control is not Control.SALES:
            raise ValueError(f'{self.id}: with seats, control is "sales"')

    @cached_property
    def plan(self) -> Plan | None:
        """Its seats, if it has any."""
        return Plan(self.seating) if self.seating else None

    def _check_seating(self) -> None:
        try:
            check_zones(self.seating)
        except ValueError as error:
            raise ValueError(f"{self.id}: {error}") from error
        hours: list[Opening | Schedule | ExceptionDay] = [*self.openings, *self.schedules]
        hours += self.exceptions
        told = [self.capacity, *(one.capacity for one in hours)]
        if self.seating and any(capacity is not None for capacity in told):
            raise ValueError(f"{self.id}: its seats are its capacity; leave capacity out")

    def sold_by(self, channel: Channel) -> Attraction:
        return replace(self, products=tuple(o for o in self.products if channel in o.channels))

    @property
    def kind(self) -> Kind:
        return Kind.LOCATION if self.openings else Kind.EVENT


@dataclass(frozen=True)
class Venue:
    """`messages` are what SMS and e-mails say instead of central's own words, by text id."""

    name: str
    timezone: str
    currency: str
    languages: tuple[str, ...]
    attractions: tuple[Attraction, ...]
    cut_off: CutOffRule = field(default_factory=CutOffRule)
    pretix: tuple[PretixShop, ...] = ()
    messages: Mapping[str, Names] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problems = [*self._wrong_names(), *self._duplicates(), *self._wrong_zone()]
        problems += [*self._wrong_offers(), *self._wrong_zones(), *self._wrong_shops()]
        problems += words.problems(self.messages)
        if not re.fullmatch("[A-Z]{3}", self.currency):
            problems.append(f"currency {self.currency!r} is no ISO 4217 code like EUR")
        if problems:
            raise ExceptionGroup("venue", [ValueError(problem) for problem in problems])

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def attraction(self, attraction_id: str) -> Attraction | None:
        return next((a for a in self.attractions if a.id == attraction_id), None)

    def offer(self, product: int) -> tuple[Attraction, Offer] | None:
        """The product with this id and the attraction it belongs to."""
        return next(((a, o) for a, o in self._offers() if o.id == product), None)

    def sold_by(self, channel: Channel) -> Venue:
        """The part of it that a channel sells."""
        sold = (a.sold_by(channel) for a in self.attractions)
        return replace(self, attractions=tuple(a for a in sold if a.products))

    def price(self, offer: Offer) -> Money:
        return Money(offer.price, self.currency)

    def products(self) -> list[Product]:
        """Every product as far as a gate must know it."""
        return [
            Product(
                o.id,
                o.name[self.languages[0]],
                o.opens(a.id),
                policy(o, self.cut_off),
                o.home,
            )
            for a, o in self._offers()
            if o.kind is not ProductKind.VOUCHER
        ]

    def shops(self) -> list[ForeignShop]:
        """Every web shop as far as a gate must know it."""
        return [one.shop(self.zone) for one in self.pretix]

    def _offers(self) -> Iterator[tuple[Attraction, Offer]]:
        return ((a, offer) for a in self.attractions for offer in a.products)

    def _duplicates(self) -> Iterator[str]:
        for product, count in Counter(offer.id for _, offer in self._offers()).items():
            if count > 1:
                yield f"product id {product} is used {count} times"
        for name, count in Counter(a.id for a in self.attractions).items():
            if count > 1:
                yield f"attraction id {name!r} is used {count} times"
        for shop, count in Counter(one.id for one in self.pretix).items():
            if count > 1:
                yield f"pretix id {shop} is used {count} times"

    def _wrong_names(self) -> Iterator[str]:
        if not self.languages:
            yield "languages: name at least one"
        named = [(a.id, a.name) for a in self.attractions]
        named += [(f"product {offer.id}", offer.name) for _, offer in self._offers()]
        for what, names in named:
            for language in self.languages:
                if not names.get(language):
                    yield f"{what}: name.{language} is missing"

    def _wrong_offers(self) -> Iterator[str]:
        kinds, unit = {a.id: a.kind for a in self.attractions}, minor_unit(self.currency)
        for attraction, offer in self._offers():
            amounts = [offer.price, *(r.price for r in offer.prices if r.price is not None)]
            if any(amount % unit for amount in (*amounts, offer.worth or unit)):
                yield f"product {offer.id}: write amounts in whole {unit} {self.currency}"
            opened = {one.attraction for one in offer.opens(attraction.id)}
            for name in sorted(opened - kinds.keys()):
                yield f"product {offer.id}: admits {name!r}, which is no attraction"
            if offer.product and not self._is_ticket(offer.product):
                yield f"product {offer.id}: product {offer.product} is none to be paid by a voucher"
            for one in offer.asks(attraction.id):
                if one.slot is not SlotPolicy.OPEN and one.attraction not in opened:
                    yield f"product {offer.id}: admits lacks {one.attraction!r}, where it stands"
                if one.slot is SlotPolicy.TODAY and kinds.get(one.attraction) is Kind.EVENT:
                    what = f"product {offer.id}: {one.attraction!r} is an event"
                    yield f'{what}; write slot = "next", or "open" with period_days = 1'

    def _wrong_zones(self) -> Iterator[str]:
        halls = {a.id: {zone.zone for zone in a.seating} for a in self.attractions}
        for attraction, offer in self._offers():
            opened = {one.attraction for one in offer.opens(attraction.id)}
            known = set[str]().union(*(halls.get(one, set()) for one in opened))
            for zone in sorted(set(offer.zones) - known):
                yield f"product {offer.id}: nothing that it opens has a zone {zone!r}"

    def _wrong_shops(self) -> Iterator[str]:
        for one in self.pretix:
            for row in one.items:
                if not self._is_ticket(row.product):
                    yield f"pretix {one.id}: item {row.item}: product {row.product} is no ticket"

    def _is_ticket(self, product: int) -> bool:
        found = self.offer(product)
        return found is not None and found[1].kind is not ProductKind.VOUCHER

    def _wrong_zone(self) -> Iterator[str]:
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield f"timezone {self.timezone!r} is unknown; write one like Europe/Berlin"


def load_venue(path: Path) -> Venue:
    """Read venue.toml. Raises BadSettings naming every problem."""
    return read_venue(read_text(path), str(path))


def read_venue(text: str, source: str) -> Venue:
    """The text of a venue.toml, which came from `source`. Raises BadSettings."""
    if len(text) > MAX_TEXT:
        raise BadSettings([f"{source}: longer than {MAX_TEXT} characters; no venue needs that"])
    return parse(text, Venue, source, called=_called)


def _called(data: Mapping[str, Any], key: str) -> str:
    """ "attractions[2].products[0].price" with what stands there: (concert, product 6)."""
    told = []
    here: Any = data
    for name, index in re.findall(r"(attractions|products)\[(\d+)\]", key):
        here = here[name][int(index)]
        if isinstance(here, Mapping) and isinstance(here.get("id"), str | int):
            told.append(f"product {here['id']}" if name == "products" else str(here["id"]))
    return f"{key} ({', '.join(told)})" if told else key
