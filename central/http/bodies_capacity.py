"""What clients may send about time slots and leases."""

from __future__ import annotations

import re
from dataclasses import dataclass

from central.capacity.leases import OfflineTicket
from central.http.bodies import MAX_TEXT

MAX_PLACES = 1_000_000
MAX_TICKETS = 200
_KEY = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Why:
    """Why staff do it."""

    reason: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.reason) <= MAX_TEXT:
            raise ValueError(f"reason: 1 to {MAX_TEXT} characters")


@dataclass(frozen=True)
class Resize(Why):
    """`capacity` null: as planned again. `force` even if more places are taken."""

    capacity: int | None
    force: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.capacity is not None and not 0 <= self.capacity <= MAX_PLACES:
            raise ValueError(f"capacity: 0 to {MAX_PLACES}")


@dataclass(frozen=True)
class SoldTicket:
    """`id` is the ticket's id as digits."""

    id: str
    places: int = 1

    def __post_init__(self) -> None:
        digits = self.id.isascii() and self.id.isdigit() and len(self.id) < 20
        if not digits or not 1 <= int(self.id) < 2**63:
            raise ValueError("id: the ticket's id, a number in quotes")
        if not 1 <= self.places <= 255:
            raise ValueError("places: 1 to 255")


@dataclass(frozen=True)
class LeaseUse:
    tickets: tuple[SoldTicket, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.tickets) <= MAX_TICKETS:
            raise ValueError(f"tickets: 1 to {MAX_TICKETS} of them")
        if len({int(ticket.id) for ticket in self.tickets}) < len(self.tickets):
            raise ValueError("tickets: each once")

    @property
    def sold(self) -> list[OfflineTicket]:
        return [OfflineTicket(int(ticket.id), ticket.places) for ticket in self.tickets]


@dataclass(frozen=True)
class NewKey:
    """`public` is the public half of an Ed25519 key, in hex."""

    public: str

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.public):
            raise ValueError("public: 32 bytes in hex, a-f small")
