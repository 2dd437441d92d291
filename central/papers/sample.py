"""A ticket that nobody bought, to see what a design makes of it. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from admission.values import Ticket, Window
from central.catalogue.hours import Opening
from central.catalogue.offers import Offer, ProductKind
from central.catalogue.venue import Attraction, Kind, Venue
from central.papers.designs import Revision
from central.papers.layout import Place, Words, name_of, of_ticket
from central.papers.sheet import Papers, Sheet, direction_of, words_of
from central.sale.states import Holder, IssuedTicket, Line, Status, TicketRequest

RIGHT_TO_LEFT = "ar"
"""A language that shows how a ticket looks from right to left, whether the venue has it or not."""
CODE = "W" + "SAMPLE" * 24
NAMES = {
    "ltr": "Maximiliane-Theodora Freifrau von Wolkenstein-Rodenegg zu Trostburg",
    "rtl": "عبد الرحمن بن محمد بن عبد الله الهاشمي",
}
SLOT, ORDER = "sample", "7KQ4-M2XD"
_ANYTHING = (
    Attraction("sample", {"en": "Attraction"}, (), openings=(Opening("09:00", "18:00"),)),
    Offer(1, {"en": "Product"}, Decimal(10)),
)
"""Of a venue that sells nothing yet."""


def papers(venue: Venue, revision: Revision, language: str, now: datetime) -> Papers:
    """One ticket of the design's product, or of the first that is a ticket, if there is any; with a
    long name, a seat if its attraction has any."""
    words = words_of(venue, language)
    if language == RIGHT_TO_LEFT:
        words = Words(words.texts, RIGHT_TO_LEFT)
    attraction, offer = _product(venue, revision.product)
    day = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    slot = Window(day, day + timedelta(hours=1))
    place = Place(
        venue.name,
        {one.id: one.name for one in venue.attractions},
        frozenset(one.id for one in venue.attractions if one.kind is Kind.LOCATION),
        {SLOT: slot},
    )
    request = _request(venue, words.language, slot)
    issued = _issued(venue, attraction, offer, slot)
    blocks = of_ticket(issued, request, revision.design, place, words)
    sheet = Sheet(name_of(issued.line, words), revision, blocks, issued)
    return Papers(venue.name, ORDER, words.language, words, place, (sheet,))


def _product(venue: Venue, product: int) -> tuple[Attraction, Offer]:
    found = venue.offer(product)
    if found and found[1].kind is not ProductKind.VOUCHER:
        return found
    sold = (
        (attraction, offer) for attraction in venue.attractions for offer in attraction.products
    )
    tickets = (one for one in sold if one[1].kind is not ProductKind.VOUCHER)
    return next(tickets, found) or _ANYTHING


def _issued(venue: Venue, attraction: Attraction, offer: Offer, slot: Window) -> IssuedTicket:
    line = Line(
        number=1,
        slot=SLOT,
        description="",
        attraction=attraction.id,
        attraction_name=attraction.name,
        product=offer.id,
        product_name=offer.name,
        price=venue.price(offer),
        persons=offer.persons,
        quantity=1,
        ticket_text=offer.ticket_text,
    )
    ticket = Ticket(1, offer.id, slot, offer.persons)
    seats = ((SLOT, "Stalls-C-12"),) if attraction.seating else ()
    return IssuedTicket(ticket, CODE, "TK-7KQ4-M2XD", line, seats)


def _request(venue: Venue, language: str, slot: Window) -> TicketRequest:
    return TicketRequest(
        id=0,
        token="",
        authorisation=ORDER,
        status=Status.CONFIRMED,
        channel="office",
        language=language,
        currency=venue.currency,
        expires_at=slot.end,
        holder=Holder(NAMES[direction_of(language)]),
        lines=(),
    )
