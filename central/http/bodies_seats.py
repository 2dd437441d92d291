"""What clients may send about seats."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from central.http.bodies import MAX_SEAT, MAX_SEATS, MAX_SLOT
from central.http.bodies_capacity import Why


@dataclass(frozen=True)
class SeatsNamed(Why):
    seats: tuple[str, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        check_seats(self.seats)


@dataclass(frozen=True)
class MoveAsked(Why):
    """`seats`: old → new."""

    slot: str
    seats: Mapping[str, str]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= len(self.slot) <= MAX_SLOT:
            raise ValueError(f"slot: 1 to {MAX_SLOT} characters")
        check_seats(self.seats)
        check_seats(list(self.seats.values()))


def check_seats(seats: Collection[str]) -> None:
    """Raise ValueError for what no seats are."""
    if not 1 <= len(seats) <= MAX_SEATS or len(set(seats)) < len(seats):
        raise ValueError(f"seats: 1 to {MAX_SEATS}, each once")
    if not all(1 <= len(seat) <= MAX_SEAT for seat in seats):
        raise ValueError(f"seats: of 1 to {MAX_SEAT} characters")
