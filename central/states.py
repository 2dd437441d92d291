"""What central's rules answer: states of a ticket request, and refusals as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from admission.values import Money, Ticket
from central.venue import Names


@dataclass(frozen=True)
class By:
    """Who acts, and when."""

    who: str
    at: datetime


class Status(Enum):
    """registered → reserved → confirmed; or expired, or cancelled."""

    REGISTERED = "registered"
    RESERVED = "reserved"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


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
class Line:
    """`quantity` tickets of one product for one slot, each at `price` for `persons`."""

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

    @property
    def places(self) -> int:
        return self.persons * self.quantity


@dataclass(frozen=True)
class TicketRequest:
    """A visitor's wish. Who knows `token` may act on it; `authorisation` is for a phone call."""

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

    def status_at(self, now: datetime) -> Status:
        """A reservation is expired from that moment, whether it is written down yet or not."""
        ran_out = self.status is Status.RESERVED and self.expires_at <= now
        return Status.EXPIRED if ran_out else self.status

    @property
    def total(self) -> Money:
        prices = (line.price * line.quantity for line in self.lines)
        return sum(prices, start=Money(Decimal(0), self.currency))

    @property
    def places(self) -> dict[str, int]:
        """Slot → places."""
        places: dict[str, int] = {}
        for line in self.lines:
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
