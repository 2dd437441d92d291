"""What staff may send about head counts."""

from __future__ import annotations

from dataclasses import dataclass

from central.http.bodies import MAX_TEXT

MOST_COUNTED = 1_000_000


@dataclass(frozen=True)
class CountTold:
    """There are `persons` in the zone."""

    persons: int
    why: str

    def __post_init__(self) -> None:
        if not 0 <= self.persons <= MOST_COUNTED:
            raise ValueError(f"persons: 0 to {MOST_COUNTED}")
        if not 1 <= len(self.why) <= MAX_TEXT:
            raise ValueError(f"why: 1 to {MAX_TEXT} characters")
