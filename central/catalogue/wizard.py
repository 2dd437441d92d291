"""A new attraction with its tickets, from a few answers: what to write below the venue's text.

Whatever else venue.toml can say is written by hand afterwards.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, func, select

from central.catalogue import toml_text
from central.catalogue.offers import Names, Weekday
from central.catalogue.venue import Kind, Venue
from central.settings import Channel
from central.store.schema import feed, request_line

MAX_ID = 40


@dataclass(frozen=True)
class Hours:
    """On these days of the week; `last_arrival` "" is until it closes."""

    days: tuple[Weekday, ...]
    open: str
    close: str
    last_arrival: str = ""


@dataclass(frozen=True)
class Times:
    """Every week on these days, or once on the first day if there are none; arrival from and until
    so many minutes before and after the start."""

    days: tuple[Weekday, ...]
    starts: tuple[str, ...]
    duration_min: int
    before_min: int
    after_min: int


@dataclass(frozen=True)
class TicketType:
    name: Names
    price: Decimal
    persons: int = 1


@dataclass(frozen=True)
class Wish:
    """`hours` of a location, `times` of an event; `capacity` None is no limit, `until` for ever."""

    name: Names
    text: Names
    first: date
    until: date | None
    tickets: tuple[TicketType, ...]
    channels: tuple[Channel, ...]
    hours: tuple[Hours, ...] = ()
    times: Times | None = None
    capacity: int | None = None
    tax_percent: Decimal = Decimal(0)

    @property
    def kind(self) -> Kind:
        return Kind.EVENT if self.times else Kind.LOCATION


def written(venue: Venue, wish: Wish, first_product: int) -> str:
    """The tables to put below the text of the venue."""
    return "\n".join(_lines(venue, wish, first_product)) + "\n"


def next_product(connection: Connection, venue: Venue) -> int:
    """An id that no product of this venue has, nor ever had."""
    told = feed.c.kind == "product_published"
    known = [
        connection.scalar(select(func.max(feed.c.subject)).where(told)),
        connection.scalar(select(func.max(request_line.c.product))),
        *(offer.id for one in venue.attractions for offer in one.products),
    ]
    return max((id_ for id_ in known if id_), default=0) + 1


def new_id(name: str, taken: Collection[str]) -> str:
    """What gates and links call an attraction of this name: "evening-concert-2"."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore")
    words = re.findall("[a-z0-9]+", plain.decode().lower())
    begin = "-".join(words).lstrip("-0123456789")[: MAX_ID - 4].strip("-") or "attraction"
    number = 1
    while (found := begin if number == 1 else f"{begin}-{number}") in taken:
        number += 1
    return found


def _lines(venue: Venue, wish: Wish, first_product: int) -> Iterator[str]:
    id_ = new_id(wish.name[venue.languages[0]], {one.id for one in venue.attractions})
    yield "[[attractions]]"
    yield f"id = {toml_text.text(id_)}"
    yield f"name = {toml_text.table(wish.name)}"
    if wish.capacity is not None:
        yield f"capacity = {wish.capacity}"
    if any(wish.text.values()):
        yield f"text = {toml_text.table(wish.text)}"
    for hours in wish.hours:
        yield from _opening(wish, hours)
    if wish.times:
        for start in wish.times.starts:
            yield from _schedule(wish, wish.times, start)
    for number, ticket in enumerate(wish.tickets, start=first_product):
        yield ""
        yield "[[attractions.products]]"
        yield f"id = {number}"
        yield f"name = {toml_text.table(ticket.name)}"
        yield f"price = {toml_text.text(f'{ticket.price:f}')}"
        if wish.tax_percent:
            yield f"tax_percent = {toml_text.text(f'{wish.tax_percent:f}')}"
        if ticket.persons != 1:
            yield f"persons = {ticket.persons}"
        if set(wish.channels) != set(Channel):
            yield f"channels = {toml_text.texts(one.value for one in wish.channels)}"


def _opening(wish: Wish, hours: Hours) -> Iterator[str]:
    yield "[[attractions.openings]]"
    yield f"days = {toml_text.text(_rule(hours.days))}"
    yield f"first = {toml_text.text(wish.first.isoformat())}"
    if wish.until:
        yield f"until = {toml_text.text(wish.until.isoformat())}"
    yield f"open = {toml_text.text(hours.open)}"
    yield f"close = {toml_text.text(hours.close)}"
    if hours.last_arrival:
        yield f"last_arrival = {toml_text.text(hours.last_arrival)}"


def _schedule(wish: Wish, times: Times, start: str) -> Iterator[str]:
    yield "[[attractions.schedules]]"
    yield f"rrule = {toml_text.text(_rule(times.days) if times.days else 'FREQ=DAILY;COUNT=1')}"
    yield f"first = {toml_text.text(f'{wish.first.isoformat()}T{start}')}"
    if wish.until:
        yield f"until = {toml_text.text(wish.until.isoformat())}"
    yield f"duration_min = {times.duration_min}"
    yield f"arrival_before_min = {times.before_min}"
    yield f"arrival_after_min = {times.after_min}"


def _rule(days: Collection[Weekday]) -> str:
    if len(days) == len(Weekday):
        return "FREQ=DAILY"
    return f"FREQ=WEEKLY;BYDAY={','.join(one.value for one in Weekday if one in days)}"
