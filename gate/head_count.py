"""The gate tells now and then whom it counts, so that a difference to others does not stay hidden.

It changes nobody's count: it is there for people to see (GET /v1/zones).
"""

from __future__ import annotations

from dataclasses import dataclass

from admission.facts import Counted, HeadCount
from gate.ledger import GateLedger
from gate.trust import Trust
from runtime.outbox import Outbox

EVERY_S = 15 * 60.0
AFTER_SILENCE_S = 60.0
"""However often the connection comes and goes."""
MOST_ZONES = 30
"""A fact has at most 4096 bytes."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was told last; `at` is the gate's uptime then, in seconds."""

    present: tuple[HeadCount, ...]
    at: float


def when_to_count(
    present: tuple[HeadCount, ...], last: Told | None, now: float, *, away: bool
) -> bool:
    """Whether to tell it now: at first, soon after the gate was `away`, and then when it changed,
    every 15 min at most."""
    if not present:
        return False
    if last is None:
        return True
    if away:
        return now - last.at >= AFTER_SILENCE_S
    return present != last.present and now - last.at >= EVERY_S


class HeadCounts:
    def __init__(self, ledger: GateLedger, outbox: Outbox, trust: Trust) -> None:
        self._ledger = ledger
        self._outbox = outbox
        self._trust = trust
        self._last: Told | None = None
        self._away = False

    def came_back(self) -> None:
        """The gate was cut off from the others."""
        self._away = True

    async def tell(self) -> None:
        """If it is time. Raises DiskFault."""
        counted = sorted(self._ledger.counted().items())
        present = tuple(HeadCount(*one) for one in counted[:MOST_ZONES])
        now = self._trust.uptime
        if when_to_count(present, self._last, now, away=self._away):
            self._last, self._away = Told(present, now), False
            await self._outbox.tell(Counted(present), self._trust.stamp())
