"""All tickets of a request, ready for page, PDF and paper."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from admission.values import Window
from central.catalogue.offers import ProductKind
from central.catalogue.venue import Kind, Venue
from central.papers import designs
from central.papers.designs import Revision
from central.papers.layout import Block, Place, Words, name_of, of_ticket, of_voucher
from central.sale import tickets, vouchers
from central.sale.states import IssuedTicket, Line, TicketRequest
from central.sale.vouchers import Voucher
from central.store.schema import time_slot
from central.texts import spoken, texts

_RIGHT_TO_LEFT = frozenset(
    {"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"}
)


@dataclass(frozen=True)
class Sheet:
    """One ticket, or one gift voucher; `name` is what it is for."""

    name: str
    revision: Revision
    blocks: tuple[Block, ...]
    issued: IssuedTicket | None = None
    voucher: Voucher | None = None

    @property
    def cancelled(self) -> bool:
        """It is good for nothing any more, and not worth a page."""
        if self.issued is not None:
            return not self.issued.standing
        return self.voucher is not None and self.voucher.blocked


@dataclass(frozen=True)
class Papers:
    """What a visitor gets for a request. `language` is that of the venue's texts, `words` has
    ours; `place` is where and when."""

    venue: str
    order: str
    language: str
    words: Words
    place: Place
    sheets: tuple[Sheet, ...]

    @property
    def title(self) -> str:
        names = dict.fromkeys(sheet.name for sheet in self.sheets)
        return " - ".join([self.venue, *names][:3])

    @property
    def good(self) -> Papers:
        """Without what was cancelled."""
        return replace(self, sheets=tuple(one for one in self.sheets if not one.cancelled))

    @property
    def direction(self) -> str:
        """ "ltr" or "rtl", as HTML calls it."""
        return direction_of(self.language)


def of_request(
    connection: Connection,
    venue: Venue,
    request: TicketRequest,
    language: str = "",
    only: Collection[int] = (),
) -> Papers:
    """Its tickets and gift vouchers, or only the tickets with the ids `only`, in `language`, else
    in that of the request."""
    issued = tickets.of_request(connection, request)
    chosen = [one for one in issued if not only or one.ticket.id in only]
    bought = () if only else vouchers.of_request(connection, request.id)
    return papers(connection, venue, request, chosen, bought, language=language)


def papers(
    connection: Connection,
    venue: Venue,
    request: TicketRequest,
    issued: Collection[IssuedTicket],
    bought: Collection[Voucher] = (),
    *,
    language: str = "",
) -> Papers:
    """Of these tickets and vouchers of the request."""
    words = words_of(venue, language or request.language)
    place = place_of(connection, venue, issued)
    of_vouchers = _lines_of(bought, request)
    products = {one.line.product for one in issued} | {line.product for line in of_vouchers}
    looks = designs.in_use(connection, products)
    sheets = [
        Sheet(
            name_of(one.line, words), look, of_ticket(one, request, look.design, place, words), one
        )
        for one in issued
        for look in (looks[one.line.product],)
    ]
    sheets += [
        Sheet(
            words.of(line.product_name),
            look,
            of_voucher(one, line.product_name, look.design, place, words),
            voucher=one,
        )
        for one, line in zip(bought, of_vouchers, strict=True)
        for look in (looks[line.product],)
    ]
    return Papers(venue.name, request.authorisation, words.language, words, place, tuple(sheets))


def _lines_of(bought: Collection[Voucher], request: TicketRequest) -> list[Line]:
    """On which line each was sold: they are made line by line."""
    lines = [one for one in request.lines if one.kind is ProductKind.VOUCHER]
    return [line for line in lines for _ in range(line.quantity)][: len(bought)]


def words_of(venue: Venue, language: str) -> Words:
    """Ours in a language that we speak, the venue's in any that it has."""
    ours = texts(spoken([language or venue.languages[0]], venue.languages[0]), venue.timezone)
    plain = plain_language(language or venue.languages[0])
    return Words(ours, plain if plain in venue.languages else ours.language)


def place_of(connection: Connection, venue: Venue, issued: Iterable[IssuedTicket]) -> Place:
    wanted = {one.slot for each in issued for one in each.line.opens if one.slot}
    rows = connection.execute(
        select(time_slot.c.id, time_slot.c.start, time_slot.c.end).where(time_slot.c.id.in_(wanted))
    )
    return Place(
        venue.name,
        {one.id: one.name for one in venue.attractions},
        frozenset(one.id for one in venue.attractions if one.kind is Kind.LOCATION),
        {row.id: Window(row.start, row.end) for row in rows},
    )


def plain_language(tag: str) -> str:
    """ "de" of "de-AT"."""
    return tag.replace("_", "-").partition("-")[0].lower()


def direction_of(language: str) -> str:
    return "rtl" if language in _RIGHT_TO_LEFT else "ltr"
