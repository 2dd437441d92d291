"""What the gate is sure of: its clock, and that it heard from central lately."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from gate.ledger import GateLedger

RELEASED = datetime(2026, 11, 1, tzinfo=UTC)
"""No clock that is right shows a time before this program was made."""
TOLERANCE = timedelta(minutes=2)
"""How far behind the newest fact known here a clock may be and still be trusted."""

NOTED_EVERY = timedelta(minutes=1)


class Trust:
    def __init__(self, clock: Callable[[], datetime], ledger: GateLedger) -> None:
        self._clock = clock
        self._ledger = ledger
        self._noted = self.heard_at = ledger.heard_at
        """When central answered last; None: never."""

    async def heard(self) -> None:
        """Central has answered. Noted now and then, for the next start."""
        now = self._clock()
        if self._noted is None or now - self._noted >= NOTED_EVERY:
            await self._ledger.note_heard(now)
            self._noted = now
        self.heard_at = now

    def doubt(self) -> tuple[bool, timedelta]:
        """Whether the clock can be right, and how long ago central was heard. A Pi has no clock
        of its own: without a network it starts in the past."""
        now = self._clock()
        newest = self._ledger.newest
        trusted = now >= RELEASED and (newest is None or now >= newest - TOLERANCE)
        ago = now - self.heard_at if self.heard_at else timedelta.max
        return trusted, max(timedelta(0), ago)
