"""What a turnstile made of lines shows a technician."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Felt:
    """A sensor as it stands; `changes`: how often it did since the turnstile was opened."""

    active: bool = False
    changes: int = 0


@runtime_checkable
class Composed(Protocol):
    @property
    def outputs(self) -> Collection[str]:
        """Its output lines, as the configuration names them: "latch_in"."""
        ...

    @property
    def felt(self) -> Mapping[str, Felt]:
        """Its sensors, by their names in the configuration. Empty until it was opened."""
        ...

    async def pulse(self, output: str, seconds: float) -> None:
        """Have the open turnstile's line act for so long, then as it should. Shorter if something
        else moves the turnstile meanwhile. DeviceFault if it could not."""
        ...
