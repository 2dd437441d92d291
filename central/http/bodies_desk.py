"""What desks may send."""

from __future__ import annotations

from dataclasses import dataclass

from central.http.bodies import MAX_TEXT

MAX_CODE = 1024
"""Characters of a scan, as many as a reader hands on."""
MAX_FAULTS = 20


@dataclass(frozen=True)
class Scanned:
    code: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.code) <= MAX_CODE:
            raise ValueError(f"code: 1 to {MAX_CODE} characters")


@dataclass(frozen=True)
class DeskTold:
    """`prints`: it has a printer; `faults`: what is wrong with its devices."""

    prints: bool
    faults: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.faults) > MAX_FAULTS or not all(1 <= len(f) <= MAX_TEXT for f in self.faults):
            raise ValueError(f"faults: at most {MAX_FAULTS}, of 1 to {MAX_TEXT} characters")


@dataclass(frozen=True)
class JobEnded:
    """`fault`: why it cannot be printed; "" when it is printed."""

    fault: str

    def __post_init__(self) -> None:
        if len(self.fault) > MAX_TEXT:
            raise ValueError(f"fault: at most {MAX_TEXT} characters")
