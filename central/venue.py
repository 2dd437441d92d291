"""The venue: attractions, their schedules and products, as venue.toml tells them.

Wall times are texts in the venue's time zone. An attraction with an `opening` is a location, one
with a `schedule` is an event.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil import rrule as recurrence

from admission.values import Entitlement, Money, Product, Validation
from runtime.settings import load

Names = Mapping[str, str]
"""Language → text."""

_ID = re.compile(r"[a-z][a-z0-9-]{0,39}")
_WALL_TIME = re.compile(r"([0-4]\d):([0-5]\d)")


def parse_wall_time(text: str) -> timedelta:
    """ "14:30" as a time since midnight; hours from 24 on are those of the next day."""
    match = _WALL_TIME.fullmatch(text)
    if match is None or int(match[1]) > 48:
        raise ValueError(f'{text!r} is no wall time; write "09:30", or "25:00" for 1 a.m. next day')
    return timedelta(hours=int(match[1]), minutes=int(match[2]))


def parse_rule(text: str, first: datetime) -> recurrence.rrule:
    """The recurrence in naive wall time, beginning at `first`. Raises ValueError."""
    try:
        rule = recurrence.rrulestr(text, dtstart=first)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{text!r} is no RFC 5545 recurrence rule ({error})") from error
    if not isinstance(rule, recurrence.rrule) or rule._freq == recurrence.SECONDLY:
        raise ValueError(f"{text!r}: write one RRULE without dates, by the minute or slower")
    return rule


class Kind(Enum):
    """A location is open for a period, an event takes place at a time."""

    LOCATION = "location"
    EVENT = "event"


@dataclass(frozen=True)
class Opening:
    """A location's hours: one time slot for each day that the rule `days` tells."""

    open: str
    close: str
    last_arrival: str | None = None
    days: str = "FREQ=DAILY"
    first: str = "2026-01-01"

    def __post_init__(self) -> None:
        _ = self.rule
        opens = parse_wall_time(self.open)
        for end in (self.close, self.last_arrival or self.close):
            if parse_wall_time(end) <= opens:
                raise ValueError(f"closes at {end}, before it opens at {self.open}")

    @property
    def rule(self) -> recurrence.rrule:
        return parse_rule(self.days, datetime.combine(date.fromisoformat(self.first), _MIDNIGHT))


_MIDNIGHT = datetime.min.time()


@dataclass(frozen=True)
class Schedule:
    """An event's times: an RFC 5545 RRULE whose DTSTART is the wall time `first`."""

    rrule: str
    first: str
    duration_min: int
    arrival_before_min: int
    arrival_after_min: int

    def __post_init__(self) -> None:
        _ = self.rule
        if self.duration_min < 1:
            raise ValueError("duration_min is at least 1")
        if self.arrival_before_min + self.arrival_after_min < 1:
            raise ValueError("arrival_before_min + arrival_after_min is at least 1")

    @property
    def rule(self) -> recurrence.rrule:
        first = datetime.fromisoformat(self.first)
        if first.tzinfo is not None:
            raise ValueError(f"first is a wall time of the venue; leave the zone off {self.first}")
        return parse_rule(self.rrule, first)


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
class Offer:
    """A product on sale. One of it costs `price` and is one ticket for `persons`."""

    id: int
    name: Names
    price: Decimal
    text: Names = field(default_factory=dict)
    persons: int = 1
    validation: Validation = Validation.SINGLE
    uses: int = 1
    grace_s: int = 0
    reentry: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.id <= 65535:
            raise ValueError(f"id {self.id} is not within 1 and 65535")
        if not 1 <= self.persons <= 255 or self.uses < 1:
            raise ValueError(f"product {self.id}: persons is 1 to 255, uses at least 1")
        if not 0 <= self.grace_s <= 3600:
            raise ValueError(f"product {self.id}: grace_s is 0 to 3600 seconds")
        exponent = self.price.as_tuple().exponent
        if self.price < 0 or not isinstance(exponent, int) or not -4 <= exponent <= 0:
            raise ValueError(f'product {self.id}: write the price like "12.50"')

    def entitlement(self, attraction: str) -> Entitlement:
        return Entitlement(attraction, self.validation, self.uses, self.grace_s, self.reentry)


@dataclass(frozen=True)
class Attraction:
    """`capacity` counts persons in one time slot; None means no limit."""

    id: str
    name: Names
    products: tuple[Offer, ...]
    text: Names = field(default_factory=dict)
    opening: Opening | None = None
    schedule: Schedule | None = None
    sales: Sales = field(default_factory=Sales)
    capacity: int | None = None

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"id {self.id!r}: write a-z, 0-9 and -, beginning with a letter")
        if (self.opening is None) == (self.schedule is None):
            raise ValueError(f"{self.id}: needs either an opening or a schedule")
        if self.capacity is not None and self.capacity < 1:
            raise ValueError(f"{self.id}: capacity is at least 1; leave it out for no limit")

    @property
    def kind(self) -> Kind:
        return Kind.LOCATION if self.opening else Kind.EVENT


@dataclass(frozen=True)
class Venue:
    name: str
    timezone: str
    currency: str
    languages: tuple[str, ...]
    attractions: tuple[Attraction, ...]

    def __post_init__(self) -> None:
        problems = [*self._wrong_names(), *self._duplicates(), *self._wrong_zone()]
        if not re.fullmatch("[A-Z]{3}", self.currency):
            problems.append(f"currency {self.currency!r} is no ISO 4217 code like EUR")
        if problems:
            raise ValueError("; ".join(problems))

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def attraction(self, attraction_id: str) -> Attraction | None:
        return next((a for a in self.attractions if a.id == attraction_id), None)

    def offer(self, product: int) -> tuple[Attraction, Offer] | None:
        """The product with this id and the attraction it belongs to."""
        return next(((a, o) for a, o in self._offers() if o.id == product), None)

    def price(self, offer: Offer) -> Money:
        return Money(offer.price, self.currency)

    def products(self) -> list[Product]:
        """Every product as far as a gate must know it."""
        return [
            Product(o.id, o.name[self.languages[0]], (o.entitlement(a.id),))
            for a, o in self._offers()
        ]

    def _offers(self) -> Iterator[tuple[Attraction, Offer]]:
        return ((a, offer) for a in self.attractions for offer in a.products)

    def _duplicates(self) -> Iterator[str]:
        for product, count in Counter(offer.id for _, offer in self._offers()).items():
            if count > 1:
                yield f"product id {product} is used {count} times"
        for name, count in Counter(a.id for a in self.attractions).items():
            if count > 1:
                yield f"attraction id {name!r} is used {count} times"

    def _wrong_names(self) -> Iterator[str]:
        if not self.languages:
            yield "languages: name at least one"
        named = [(a.id, a.name) for a in self.attractions]
        named += [(f"product {offer.id}", offer.name) for _, offer in self._offers()]
        for what, names in named:
            for language in self.languages:
                if not names.get(language):
                    yield f"{what}: name.{language} is missing"

    def _wrong_zone(self) -> Iterator[str]:
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield f"timezone {self.timezone!r} is unknown; write one like Europe/Berlin"


def load_venue(path: Path) -> Venue:
    """Read venue.toml. Raises BadSettings naming every problem."""
    return load(path, Venue)
