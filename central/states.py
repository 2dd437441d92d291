"""What central's rules answer: states of a ticket request, and refusals as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from admission.values import Money, Ticket
from central.offers import Names, ProductKind
from central.prices import tax_included


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
    """What else tells of a request: its number in the seller's own system, the customer's number.
    "" for nothing."""

    external_order: str = ""
    customer: str = ""


NO_REFERENCES = References()


@dataclass(frozen=True)
class Line:
    """`quantity` tickets of one product for one slot, each at `price` for `persons`.

    `rule` is the price rule that made the price, `discount` what promo codes take off the whole
    line, `tax_percent` the tax included. A line without a slot ("") is good from `valid_from` until
    `valid_until`; vouchers are worth `value` each.
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

    @property
    def places(self) -> int:
        return self.persons * self.quantity

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
        for line in filter(lambda line: line.slot, self.lines):
            places[line.slot] = places.get(line.slot, 0) + line.places
        return places


@dataclass(frozen=True)
class IssuedTicket:
    """A ticket with its two codes, and the line it was sold on."""

    ticket: Ticket
    code: str
    human_code: str
    line: Line


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
