"""What people may send about what they looked into."""

from __future__ import annotations

from dataclasses import dataclass

from central.http.bodies import MAX_TEXT


@dataclass(frozen=True)
class Why:
    """What was done about it, or why nothing need be."""

    why: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.why) <= MAX_TEXT or "\0" in self.why:
            raise ValueError(f"why: 1 to {MAX_TEXT} characters")
