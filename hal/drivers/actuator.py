"""What an output line moves, and what becomes of it when the power fails."""

from __future__ import annotations

import asyncio
from enum import Enum

from hal.ports import OutputLine


class PowerLoss(Enum):
    """What a barrier does without power, by its mechanics and wiring. LOCKED is fail-secure: the
    line on releases it. RELEASED is fail-safe: the line on locks it."""

    LOCKED = "locked"
    RELEASED = "released"


class Actuator:
    """It acts while its line is on or, if `inverted`, while it is off."""

    def __init__(self, line: OutputLine, *, inverted: bool = False) -> None:
        self.line = line
        self.active: bool | None = None
        """As the line confirmed it; None while nobody knows."""
        self._inverted = inverted
        self._wanted = False
        self._turn = asyncio.Lock()

    async def set(self, active: bool) -> None:
        """Return when the line has switched. Of calls that overlap the newest wins."""
        self._wanted = active
        async with self._turn:
            wanted = self._wanted
            self.active = None
            await self.line.set(wanted is not self._inverted)
            self.active = wanted
