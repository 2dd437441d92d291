"""What the kiosk may sell by itself: places leased by central, and its sales on them. Pure rules.

The kiosk's own books: a place that is held or sold here is gone, whatever central has heard of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from admission.booking import SaleBlocked
from admission.codes import SigningKey, human_code, sign_ticket
from admission.facts import OfflineSold
from admission.values import Money, Ticket, Window
from kiosk.goods import (
    Attraction,
    Catalogue,
    Day,
    IssuedTicket,
    Names,
    Order,
    Refusal,
    Reservation,
    Slot,
)

TIME_TO_PAY = timedelta(minutes=10)
"""A lease that runs out sooner is not sold on any more: whoever begins shall come to the end."""


@dataclass(frozen=True, slots=True)
class Product:
    """One costs `price`, as it was when central was last asked, and takes `persons` places."""

    id: int
    name: Names
    price: Money
    persons: int
    ticket_text: Names = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lease:
    """Places of one time slot that only this kiosk sells, until `expires_at`; after `sales_end`
    nobody does. Tickets for it are good from `valid_from` until `valid_until`."""

    id: int
    slot: str
    places: int
    expires_at: datetime
    attraction: str
    attraction_name: Names
    start: datetime
    end: datetime
    sales_end: datetime
    description: str
    valid_from: datetime
    valid_until: datetime
    products: tuple[Product, ...]

    def product(self, id_: int) -> Product | None:
        return next((one for one in self.products if one.id == id_), None)


@dataclass(frozen=True, slots=True)
class Stock:
    """A lease and how many of its places are neither held nor sold here."""

    lease: Lease
    left: int

    def sells(self, now: datetime) -> bool:
        return now + TIME_TO_PAY < self.lease.expires_at and now < self.lease.sales_end


class Stage(Enum):
    HELD = "held"
    PAID = "paid"
    ISSUED = "issued"
    TOLD = "told"
    """Its facts are on the disk: central will hear of it."""
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Piece:
    """One ticket of a sale, on paper once the sale is issued."""

    id: int
    lease: int
    product: Product
    ticket: IssuedTicket | None = None


@dataclass(frozen=True, slots=True)
class OfflineSale:
    """A sale of this kiosk alone; `token` is as of a reservation at central."""

    token: str
    language: str
    total: Money
    expires_at: datetime
    pieces: tuple[Piece, ...]
    stage: Stage = Stage.HELD
    reference: str = ""
    sold_at: datetime | None = None
    last_fact: int = 0
    """The number of the last fact that tells of it; 0 while none does."""

    @property
    def reservation(self) -> Reservation:
        """Staff find it by the code of its first ticket."""
        code = human_code(self.pieces[0].id)
        return Reservation(self.token, code, self.expires_at, self.total)

    @property
    def places(self) -> dict[int, int]:
        """Lease → places."""
        taken: dict[int, int] = {}
        for piece in self.pieces:
            taken[piece.lease] = taken.get(piece.lease, 0) + piece.product.persons
        return taken

    @property
    def tickets(self) -> tuple[IssuedTicket, ...]:
        return tuple(piece.ticket for piece in self.pieces if piece.ticket)


def begin(
    order: Order, token: str, stock: Sequence[Stock], ids: Iterator[int], now: datetime
) -> OfflineSale | Refusal | None:
    """Hold the places of an order, all of it or nothing; None for what is not leased at all."""
    selling = {one.lease.slot: one for one in stock if one.sells(now)}
    pieces: list[Piece] = []
    for line in order.lines:
        found = selling.get(line.slot)
        product = found.lease.product(line.product) if found else None
        if found is None or product is None:
            return None
        pieces += [Piece(next(ids), found.lease.id, product) for _ in range(line.quantity)]
    if not pieces:
        return None
    total = sum((p.product.price for p in pieces[1:]), start=pieces[0].product.price)
    leases = {one.lease.id: one for one in selling.values()}
    until = min(leases[piece.lease].lease.expires_at for piece in pieces)
    sale = OfflineSale(token, order.language, total, until, tuple(pieces))
    for lease, places in sale.places.items():
        if places > leases[lease].left:
            return Refusal("no_room", left=leases[lease].left)
    return sale


def pay(sale: OfflineSale, reference: str, amount: Money, now: datetime) -> OfflineSale | Refusal:
    """Paying again with the same reference changes nothing."""
    if sale.stage is Stage.CANCELLED:
        return Refusal("cancelled")
    if sale.stage is not Stage.HELD:
        return sale if sale.reference == reference else Refusal("already_confirmed")
    if amount != sale.total:
        return Refusal("wrong_amount")
    if now >= sale.expires_at:
        return Refusal("expired")
    return replace(sale, stage=Stage.PAID, reference=reference)


def issue(
    sale: OfflineSale, key: SigningKey | None, leases: Mapping[int, Lease], now: datetime
) -> OfflineSale | Refusal:
    """Sign its tickets. Issuing again gives the same ones."""
    if sale.stage in (Stage.ISSUED, Stage.TOLD):
        return sale
    if sale.stage is not Stage.PAID:
        return Refusal("not_confirmed")
    if key is None:
        return Refusal("no_key")
    if now >= sale.expires_at:
        return Refusal("expired")
    pieces = tuple(_signed(piece, key, leases[piece.lease], sale.language) for piece in sale.pieces)
    return replace(sale, pieces=pieces, stage=Stage.ISSUED, sold_at=now)


def facts(sale: OfflineSale) -> list[OfflineSold]:
    """What central must hear of an issued sale, ticket by ticket."""
    return [
        OfflineSold(
            _ticket(piece, piece.ticket, sale.language),
            piece.lease,
            piece.product.persons,
            piece.product.price,
            sale.reference,
            piece.ticket.code,
        )
        for piece in sale.pieces
        if piece.ticket
    ]


def catalogue(known: Catalogue, stock: Iterable[Stock], now: datetime) -> Catalogue:
    """The part of it that can be sold by the kiosk alone, at the prices of its leases."""
    leases = [one.lease for one in stock if one.sells(now)]
    return replace(
        known,
        attractions=tuple(
            sold for one in known.attractions if (sold := _sold(one, leases)).products
        ),
    )


def days(attraction: str, stock: Iterable[Stock], zone: ZoneInfo, now: datetime) -> tuple[Day, ...]:
    found: dict[date, bool] = {}
    for one in _of(attraction, stock, now):
        day = one.lease.start.astimezone(zone).date()
        found[day] = found.get(day, False) or one.left > 0
    return tuple(Day(day, found[day]) for day in sorted(found))


def slots(
    attraction: str, day: date, stock: Iterable[Stock], zone: ZoneInfo, now: datetime
) -> tuple[Slot, ...]:
    return tuple(
        Slot(
            one.lease.slot,
            one.lease.start,
            one.lease.end,
            one.lease.description,
            one.left,
            None if one.left else SaleBlocked.SOLD_OUT,
        )
        for one in _of(attraction, stock, now)
        if one.lease.start.astimezone(zone).date() == day
    )


def _of(attraction: str, stock: Iterable[Stock], now: datetime) -> list[Stock]:
    here = (one for one in stock if one.lease.attraction == attraction and one.sells(now))
    return sorted(here, key=lambda one: (one.lease.start, one.lease.slot))


def _sold(attraction: Attraction, leases: Sequence[Lease]) -> Attraction:
    prices = {
        product.id: product.price
        for lease in leases
        if lease.attraction == attraction.id
        for product in lease.products
    }
    offers = (replace(one, price=prices[one.id]) for one in attraction.products if one.id in prices)
    return replace(attraction, products=tuple(offers))


def _signed(piece: Piece, key: SigningKey, lease: Lease, language: str) -> Piece:
    product = piece.product
    ticket = IssuedTicket(
        id=piece.id,
        code="",
        human_code=human_code(piece.id),
        product=product.id,
        product_name=product.name,
        attraction=lease.attraction,
        attraction_name=lease.attraction_name,
        description=lease.description,
        valid_from=lease.valid_from,
        valid_until=lease.valid_until,
        persons=product.persons,
        price=product.price,
        product_text=product.ticket_text,
    )
    code = sign_ticket(key, _ticket(piece, ticket, language))
    return replace(piece, ticket=replace(ticket, code=code))


def _ticket(piece: Piece, paper: IssuedTicket, language: str) -> Ticket:
    window = Window(paper.valid_from, paper.valid_until)
    return Ticket(piece.id, piece.product.id, window, piece.product.persons, language=language)
