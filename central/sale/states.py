"""What central's rules answer: states of a ticket request, and refusals as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from admission.values import Money, Ticket, TicketState
from central.catalogue.offers import Names, ProductKind
from central.catalogue.prices import tax_included


@dataclass(frozen=True)
class By:
    """Who acts, when, and from which network address, as far as that is known."""

    who: str
    at: datetime
    address: str = ""


class Status(Enum):
    """registered → reserved → confirmed; or expired, or cancelled. Who waits for places is waiting
    first, then reserved."""

    REGISTERED = "registered"
    RESERVED = "reserved"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    WAITING = "waiting"

    @property
    def runs_out(self) -> bool:
        return self in {Status.RESERVED, Status.WAITING}


@dataclass(frozen=True)
class Refused:
    """Central says no. `code` is for programs, `detail` for people, `extras` go beside them."""

    code: str
    detail: str
    extras: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Holder:
    """For whom the tickets are, as far as they told."""

    name: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True)
class References:
    """What else tells of a request: its number in the seller's own system, the customer's number,
    the human code of a pass that was shown. "" for nothing."""

    external_order: str = ""
    customer: str = ""
    pass_ticket: str = ""


NO_REFERENCES = References()


@dataclass(frozen=True)
class Entitled:
    """An attraction that each ticket of a line opens, for so many `persons`: at its time `slot`, or
    "" for as long as the line is good."""

    attraction: str
    slot: str
    persons: int


@dataclass(frozen=True)
class Seating:
    """The seats of a line in one of its slots, one after the other for each ticket; "" is one that
    was given back. Until they are chosen it has none: only `zones` are right (any if there are
    none), and `wheelchair` of them are wheelchair places."""

    slot: str
    seats: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    wheelchair: int = 0


@dataclass(frozen=True)
class Line:
    """`quantity` tickets of one product, each at `price` for `persons`.

    `slot` is the one that made the price. `entitled` are the single attractions that a ticket
    opens; if there are none it opens all of its product, and takes no other slot. `rule` is the
    price rule that made the price, `discount` what promo codes take off the whole line,
    `tax_percent` the tax included. What is open without a slot ("") is good from `valid_from` until
    `valid_until`; vouchers are worth `value` each, or `gives_quantity` of `gives_product`. `text`,
    as the visitor wants it, and `ticket_text`, the product's own, are printed on tickets.
    """

    number: int
    slot: str
    description: str
    attraction: str
    attraction_name: Names
    product: int
    product_name: Names
    price: Money
    persons: int
    quantity: int
    kind: ProductKind = ProductKind.TICKET
    rule: str = ""
    tax_percent: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    value: Decimal | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    entitled: tuple[Entitled, ...] = ()
    seating: tuple[Seating, ...] = ()
    text: str = ""
    ticket_text: Names = field(default_factory=dict)
    gives_product: int | None = None
    gives_quantity: int = 0

    @property
    def opens(self) -> tuple[Entitled, ...]:
        """`entitled`, or all that the line is good for as one."""
        return self.entitled or (Entitled(self.attraction, self.slot, self.persons),)

    @property
    def takes(self) -> dict[str, int]:
        """Slot → the places that one ticket takes in it."""
        return {one.slot: one.persons for one in self.opens if one.slot}

    def seats_of(self, ticket: int) -> tuple[tuple[str, str], ...]:
        """The (slot, seat) pairs of the line's first (0), second … ticket."""
        return tuple(
            (one.slot, seat)
            for one in self.seating
            for each in (self.takes[one.slot],)
            for seat in one.seats[ticket * each : (ticket + 1) * each]
            if seat
        )

    @property
    def total(self) -> Money:
        """What all of it costs, discount taken off."""
        full = self.price * self.quantity
        return Money(full.amount - self.discount, full.currency)

    @property
    def tax(self) -> Money:
        """What of the total is tax."""
        currency = self.price.currency
        return Money(tax_included(self.total.amount, self.tax_percent, currency), currency)


@dataclass(frozen=True)
class TicketRequest:
    """A visitor's wish. Who knows `token` may act on it; `authorisation` is for a phone call.
    `device` made it."""

    id: int
    token: str
    authorisation: str
    status: Status
    channel: str
    language: str
    currency: str
    expires_at: datetime
    holder: Holder | None
    lines: tuple[Line, ...]
    device: str = ""

    def status_at(self, now: datetime) -> Status:
        """A reservation is expired from that moment, whether it is written down yet or not."""
        ran_out = self.status.runs_out and self.expires_at <= now
        return Status.EXPIRED if ran_out else self.status

    @property
    def total(self) -> Money:
        totals = (line.total for line in self.lines)
        return sum(totals, start=Money(Decimal(0), self.currency))

    @property
    def tax(self) -> Money:
        """What of the total is tax, as it is on the lines."""
        taxes = (line.tax for line in self.lines)
        return sum(taxes, start=Money(Decimal(0), self.currency))

    @property
    def places(self) -> dict[str, int]:
        """Slot → places."""
        places: dict[str, int] = {}
        for line in self.lines:
            for slot, taken in line.takes.items():
                places[slot] = places.get(slot, 0) + taken * line.quantity
        return places


@dataclass(frozen=True)
class IssuedTicket:
    """A ticket with its two codes, and the line it was sold on. `seats` are (slot, seat) pairs."""

    ticket: Ticket
    code: str
    human_code: str
    line: Line
    seats: tuple[tuple[str, str], ...] = ()

    @property
    def standing(self) -> bool:
        """It is not cancelled: printed, sent, counted and given back as one that there is."""
        return self.ticket.state is not TicketState.CANCELLED


@dataclass(frozen=True)
class Payment:
    """Money that a visitor paid; `reference` is the terminal's receipt number."""

    method: str
    reference: str
    amount: Money


@dataclass(frozen=True)
class HistoryEntry:
    by: By
    what: str
