"""Facts: what happened, said once, never changed. They fold into the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from admission.values import IssuerKey, Product, Ticket

CENTRAL = "central"
"""The device name under which central numbers its own facts."""


@dataclass(frozen=True, slots=True)
class ProductPublished:
    product: Product


@dataclass(frozen=True, slots=True)
class KeyPublished:
    key: IssuerKey


@dataclass(frozen=True, slots=True)
class TicketIssued:
    """A ticket as it now stands; a later one for the same id replaces it (cancelled, blocked)."""

    issued: Ticket


@dataclass(frozen=True, slots=True)
class TicketPrinted:
    """A kiosk has put the ticket on paper."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Admitted:
    """The barrier was released for `persons`; durable before the barrier moves."""

    ticket: int
    attraction: str
    lane: str
    persons: int


@dataclass(frozen=True, slots=True)
class Passed:
    """`persons` bodies went through on the Admitted fact with this device's number `admission`."""

    ticket: int
    admission: int
    lane: str
    persons: int


@dataclass(frozen=True, slots=True)
class Lapsed:
    """`persons` of the Admitted fact `admission` never walked; their entries are given back."""

    ticket: int
    admission: int
    lane: str
    persons: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A scan was refused. `reason` is a Reason value; `code` the first 64 characters scanned."""

    ticket: int | None
    lane: str
    reason: str
    code: str


Event = (
    ProductPublished
    | KeyPublished
    | TicketIssued
    | TicketPrinted
    | Admitted
    | Passed
    | Lapsed
    | Refused
)


@dataclass(frozen=True, slots=True)
class Fact:
    """An event with its own time and identity: the `number`-th (1, 2, 3 …) that `device` told."""

    device: str
    number: int
    at: datetime
    event: Event

    @property
    def ticket(self) -> int | None:
        """The ticket it is about, None if about none."""
        match self.event:
            case TicketIssued(issued):
                return issued.id
            case TicketPrinted() | Admitted() | Passed() | Lapsed() | Refused():
                return self.event.ticket
            case _:
                return None
