"""What stands on a ticket, from top to bottom; page, PDF and paper draw these blocks, each in its
own way. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from admission.values import TicketState, Window
from central.papers.design import Design, Hole, Shown, fill
from central.sale.states import Entitled, IssuedTicket, Line, TicketRequest
from central.sale.vouchers import Cash, Pieces, Voucher
from central.seats.plan import in_words
from central.texts import Texts

Names = Mapping[str, str]


@dataclass(frozen=True)
class Heading:
    text: str


@dataclass(frozen=True)
class Text:
    """May have several lines."""

    text: str
    bold: bool = False
    small: bool = False


@dataclass(frozen=True)
class Pair:
    """`large` values are those that a visitor looks for at the door."""

    label: str
    value: str
    large: bool = False


@dataclass(frozen=True)
class Code:
    """A QR code; `caption` is the same in characters that can be typed, "" for none."""

    data: str
    caption: str


@dataclass(frozen=True)
class Rule:
    """A line across."""


@dataclass(frozen=True)
class Image:
    """The logo, a PNG; `says` is for who cannot see it."""

    png: bytes
    says: str


Block = Heading | Text | Pair | Code | Rule | Image


@dataclass(frozen=True)
class Words:
    """`texts` has the words of ours; `language` is whatever names and texts of the venue are
    wanted in, though we may not speak it."""

    texts: Texts
    language: str

    def of(self, names: Names, default: str = "") -> str:
        """In the visitor's language, else in English, else in whatever there is."""
        return (
            names.get(self.language)
            or names.get(self.texts.language)
            or names.get("en")
            or next(iter(names.values()), default)
        )


@dataclass(frozen=True)
class Place:
    """The venue as far as tickets tell of it. `names` are those of its attractions, `slots` the
    begin and end of the time slots that are asked for; `days` are attractions that are open for a
    period, so that the day says it all."""

    venue: str
    names: Mapping[str, Names]
    days: frozenset[str]
    slots: Mapping[str, Window] = field(default_factory=dict)


def of_ticket(
    issued: IssuedTicket, request: TicketRequest, design: Design, place: Place, words: Words
) -> tuple[Block, ...]:
    """A ticket that is not good any more has no code."""
    return tuple(_blocks(issued, request, design, place, words))


def of_voucher(
    voucher: Voucher, name: Names, design: Design, place: Place, words: Words
) -> tuple[Block, ...]:
    """A gift voucher, worth what is left on it; `name` is that of the product as which it was sold,
    or of what it is good for. One that is blocked has no code."""
    texts = words.texts
    logo = (Image(design.logo, place.venue),) if design.logo else ()
    match voucher.worth:
        case Cash(balance=balance):
            worth = texts.money(balance)
        case Pieces(left=left):
            worth = texts.count("ticket.pieces", left)
    blocks: tuple[Block, ...] = (
        Text(place.venue, bold=True),
        Heading(words.of(name)),
        Pair(texts.say("ticket.worth"), worth, large=True),
        Rule(),
        Text(texts.say("ticket.state.blocked"), bold=True)
        if voucher.blocked
        else Code(voucher.code, voucher.code),
        Pair(texts.say("ticket.valid"), _span(voucher.valid_from, voucher.valid_until, texts)),
    )
    return logo + blocks


def name_of(line: Line, words: Words) -> str:
    """ "Guided tour, Adult"."""
    return f"{words.of(line.attraction_name)}, {words.of(line.product_name)}"


def when(entitled: Entitled, window: Window, place: Place, words: Words) -> str:
    """ "Saturday 21 November 2026, 14:30"; the day, or from when until when, where that is all."""
    texts, slot = words.texts, place.slots.get(entitled.slot)
    if slot is None:
        return texts.say("ticket.until", until=_last_day(window, texts))
    day = texts.full_day(slot.start)
    return day if entitled.attraction in place.days else f"{day}, {texts.time(slot.start)}"


def _blocks(
    issued: IssuedTicket, request: TicketRequest, design: Design, place: Place, words: Words
) -> Iterator[Block]:
    line, texts, shown = issued.line, words.texts, design.shown
    values = _values(issued, request, place, words)
    if design.logo:
        yield Image(design.logo, place.venue)
    yield Text(place.venue, bold=True)
    yield Heading(values[Hole.WHAT])
    yield Text(values[Hole.PRODUCT], bold=True)
    yield from _times(issued, place, words)
    if issued.seats:
        yield Pair(texts.say("ticket.seats"), values[Hole.SEATS], large=True)
    yield Rule()
    if Shown.PERSONS in shown:
        yield Pair(texts.say("ticket.persons"), values[Hole.PERSONS])
    if Shown.HOLDER in shown and values[Hole.NAME]:
        yield Pair(texts.say("ticket.holder"), values[Hole.NAME])
    if Shown.PRICE in shown:
        yield Pair(texts.say("ticket.price"), values[Hole.PRICE])
    for own in (line.text, words.of(line.ticket_text), fill(words.of(design.text), values)):
        if own:
            yield Text(own)
    if issued.ticket.state in (TicketState.CANCELLED, TicketState.BLOCKED):
        yield Text(texts.say(f"ticket.state.{issued.ticket.state.value}"), bold=True)
    else:
        yield Code(issued.code, issued.human_code if Shown.HUMAN_CODE in shown else "")
    if Shown.ENTRY in shown:
        window = issued.ticket.window
        yield Pair(texts.say("ticket.entry"), _span(window.start, window.end, texts))
    if Shown.ORDER in shown:
        yield Pair(texts.say("ticket.order"), request.authorisation)
    if small := fill(words.of(design.small_print), values):
        yield Rule()
        yield Text(small, small=True)


def _times(issued: IssuedTicket, place: Place, words: Words) -> Iterator[Pair]:
    """One for each attraction that has a time of its own."""
    ticket = issued.ticket
    for one in issued.line.opens:
        window = (dict(ticket.windows).get(one.attraction) if ticket.windows else None) or (
            ticket.window
        )
        label = words.texts.say("ticket.when")
        if len(issued.line.opens) > 1:
            label = words.of(place.names.get(one.attraction, {}), one.attraction)
        yield Pair(label, when(one, window, place, words), large=True)


def _values(
    issued: IssuedTicket, request: TicketRequest, place: Place, words: Words
) -> dict[Hole, str]:
    line, texts = issued.line, words.texts
    return {
        Hole.VENUE: place.venue,
        Hole.WHAT: words.of(line.attraction_name),
        Hole.PRODUCT: words.of(line.product_name),
        Hole.WHEN: "; ".join(pair.value for pair in _times(issued, place, words)),
        Hole.SEATS: ", ".join(in_words(seat) for _, seat in issued.seats),
        Hole.NAME: request.holder.name if request.holder else "",
        Hole.PERSONS: texts.count("ticket.persons", issued.ticket.persons),
        Hole.PRICE: texts.free_or_money(line.price),
        Hole.ORDER: request.authorisation,
    }


def _span(start: datetime, end: datetime, texts: Texts) -> str:
    return texts.say("ticket.span", start=texts.moment(start), end=texts.moment(end))


def _last_day(window: Window, texts: Texts) -> str:
    return texts.full_day(window.end - timedelta(microseconds=1))
