"""A cart as a page shows it: each line in words, with its price if it can be had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from admission.booking import in_words as why
from admission.values import Money, TimeSlot
from central.capacity import slots
from central.catalogue.offers import Names
from central.catalogue.schedule import describe, is_whole_day
from central.catalogue.venue import Kind, Venue
from central.sale import checkout, drafts
from central.sale.checkout import Sale
from central.sale.drafts import Draft
from central.sale.states import By, Line, Refused
from central.sale.wishes import Wanted
from central.seats.plan import in_words


@dataclass(frozen=True)
class Shown:
    """`parts` are the times of what it opens, `seated` whether seats can be chosen, `open` whether
    it begins on a day."""

    product: str
    attraction: str
    when: str
    quantity: int
    price: Money | None = None
    total: Money | None = None
    discount: Money | None = None
    text: str = ""
    seats: tuple[str, ...] = ()
    seated: bool = False
    open: bool = False
    day: date | None = None
    parts: tuple[str, ...] = ()
    rule: str = ""


@dataclass(frozen=True)
class ShownCart:
    lines: tuple[Shown, ...]
    total: Money | None = None
    discounts: tuple[tuple[str, Money], ...] = ()
    refused: Refused | None = None


def shown_cart(connection: Connection, venue: Venue, draft: Draft, by: By) -> ShownCart:
    """Priced, or, with why it cannot be had as it is, only told."""
    if not draft.lines:
        return ShownCart(())
    checked = checkout.check(connection, venue, draft, by)
    if isinstance(checked, Refused):
        told = tuple(_told(connection, venue, want, by.at) for want in draft.lines)
        return ShownCart(told, refused=checked)
    lines = tuple(
        shown_line(connection, venue, line, want, by.at)
        for line, want in zip(checked.lines, draft.lines, strict=True)
    )
    amounts = [line.total for line in checked.lines]
    off = ((one.promo.code, Money(one.amount, venue.currency)) for one in checked.uses)
    return ShownCart(lines, sum(amounts[1:], start=amounts[0]), tuple(off))


def shown_lines(
    connection: Connection, venue: Venue, lines: tuple[Line, ...], now: datetime
) -> tuple[Shown, ...]:
    """Those of a request."""
    return tuple(shown_line(connection, venue, line, None, now) for line in lines)


def shown_line(
    connection: Connection, venue: Venue, line: Line, want: Wanted | None, now: datetime
) -> Shown:
    found = venue.offer(line.product)
    seats = want.seats if want else tuple(s for one in line.seating for s in one.seats if s)
    parts = _parts(connection, venue, line, now) if len(line.opens) > 1 else ()
    return Shown(
        english(line.product_name),
        english(line.attraction_name),
        line.description,
        line.quantity,
        line.price,
        line.total,
        Money(line.discount, line.price.currency) if line.discount else None,
        line.text,
        tuple(in_words(seat) for seat in seats),
        _seated(venue, line),
        bool(found and found[1].open),
        want.day if want else None,
        parts,
        line.rule,
    )


@dataclass(frozen=True)
class Till:
    """A sale whose places are held; `version` is that of the draft."""

    draft: Draft
    version: int
    sale: Sale
    lines: tuple[Shown, ...]


def till_of(connection: Connection, venue: Venue, by: By) -> Till | None:
    """None if no places are held."""
    kept = drafts.load(connection, by.who, by.at)
    token = kept.draft.token
    sale = checkout.sale_of(connection, token, by.at) if token else None
    if sale is None or isinstance(sale, Refused):
        return None
    lines = shown_lines(connection, venue, sale.request.lines, by.at)
    return Till(kept.draft, kept.version, sale, lines)


def words(venue: Venue) -> dict[str, Any]:
    """What templates of sales tell names, times and reasons by."""
    return {
        "english": english,
        "described": lambda slot: described(venue, slot),
        "why": why,
        "most": drafts.MAX_QUANTITY,
    }


def described(venue: Venue, slot: TimeSlot) -> str:
    """An event by its start, a location by its day and hours."""
    attraction = venue.attraction(slot.attraction)
    if attraction is None or attraction.kind is Kind.EVENT:
        return describe(slot, venue.zone)
    start, end = slot.start.astimezone(venue.zone), slot.end.astimezone(venue.zone)
    hours = "all day" if is_whole_day(slot) else f"{start:%H:%M} to {end:%H:%M}"
    return f"{start:%a %d %b}, {hours}"


def english(names: Names) -> str:
    """As staff read it."""
    return names.get("en") or next(iter(names.values()), "")


def _told(connection: Connection, venue: Venue, want: Wanted, now: datetime) -> Shown:
    found = venue.offer(want.product)
    names = (english(found[1].name), english(found[0].name)) if found else ("Not sold any more", "")
    when = _when(connection, venue, want.slot, now) if want.slot else ""
    seats = tuple(in_words(seat) for seat in want.seats)
    hall = bool(want.slot and found and found[0].seating)
    return Shown(
        *names,
        when,
        want.quantity,
        text=want.text,
        seats=seats,
        seated=hall,
        open=bool(found and found[1].open),
        day=want.day,
    )


def _seated(venue: Venue, line: Line) -> bool:
    attraction = venue.attraction(line.attraction)
    return bool(line.slot and attraction and attraction.seating)


def _parts(connection: Connection, venue: Venue, line: Line, now: datetime) -> tuple[str, ...]:
    told = []
    for one in line.opens:
        attraction = venue.attraction(one.attraction)
        name = english(attraction.name) if attraction else one.attraction
        when = _when(connection, venue, one.slot, now) if one.slot else "any time"
        told.append(f"{name}: {when}")
    return tuple(told)


def _when(connection: Connection, venue: Venue, slot: str, now: datetime) -> str:
    found = slots.find(connection, [slot], now).get(slot)
    return describe(found.slot, venue.zone) if found else slot
