"""What a gate hears: facts from central's feed and from its fellow gates, read and folded in.

Whoever tells them may be newer than this program, broken, or not what it says it is. What cannot
be read here is set aside, visibly, and blocks nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

from admission.facts import ONLY_CENTRAL, Admitted, Fact, Lapsed, Passed
from admission.presence import MOST_AT_ONCE
from gate.ledger import GateLedger
from runtime.convert import Invalid
from runtime.outbox import LOST, Outbox
from runtime.service import version
from runtime.wire import fact_from_data, fact_to_data

log = logging.getLogger("wicket.gate")

AT_ONCE = 5
"""To read so many facts takes less than a scan."""
WARNED_OF = 10
"""Facts of one message that are warned of; the others are whispered."""


@dataclass(frozen=True)
class Entry:
    """The `n`-th fact of the feed, as data."""

    n: int
    fact: Any


class Hearing:
    def __init__(self, ledger: GateLedger, outbox: Outbox) -> None:
        self._ledger = ledger
        self._outbox = outbox
        self.name_taken = False
        """Somebody else tells facts in this gate's name, for instance a copy of its SD card."""

    @property
    def set_aside(self) -> int:
        """Facts of central that could not be read here since the last snapshot."""
        return self._set_aside_by()[0]

    @property
    def outgrown(self) -> bool:
        """Whether another version of the program set them aside: this one may be able to read
        them."""
        count, by = self._set_aside_by()
        return count > 0 and by != version()

    async def take_feed(self, entries: Iterable[Entry]) -> None:
        """Fold what comes after the part of the feed that is known here."""
        cursor = self._ledger.cursor
        new = [entry for entry in entries if entry.n > cursor]
        if new:
            facts, aside = await _readable(entry.fact for entry in new)
            if aside:
                await self.note_set_aside(self.set_aside + aside)
            await self._ledger.fold(facts, max(entry.n for entry in new))

    async def take_early(self, entries: Iterable[Entry]) -> None:
        """The same behind a gap: a cancelled ticket shall not wait until that is filled."""
        facts, _ = await _readable(entry.fact for entry in entries)
        await self._ledger.fold(facts)

    async def take_rest(self, told: Iterable[Any]) -> int:
        """Fold facts of a snapshot; how many of them cannot be read here."""
        facts, aside = await _readable(told)
        await self._ledger.fold_rest(facts)
        return aside

    async def take_told(self, told: Iterable[Any], device: str) -> None:
        """What a fellow gate says at once; central will say it too."""
        facts, _ = await _readable(told, device)
        await self._ledger.fold(facts)

    async def check_own(self, told: Iterable[Any]) -> None:
        """What the bus says in this gate's name should be what it told."""
        if self.name_taken:
            return
        if not all([self._may_be_mine(data) async for data in _unhurried(told)]):
            self.name_taken = True
            log.error(
                "somebody else tells facts in the name of %s: is there a copy of its SD card?"
                " Give one of the two another [device] name and an empty disk",
                self._outbox.device,
            )

    def _may_be_mine(self, data: Any) -> bool:
        """Facts that perished here with a damaged file cannot be compared."""
        number = data.get("number") if isinstance(data, dict) else None
        if type(number) is not int or number < 1 or data.get("kind") == LOST:
            return True
        if number > self._outbox.last:
            return False
        own = [fact for fact in self._outbox.after(number - 1, 1) if fact.number == number]
        return not own or fact_to_data(own[0]) == data

    def _set_aside_by(self) -> tuple[int, str]:
        count, _, by = self._outbox.note("set_aside").partition(" ")
        return int(count or 0), by

    async def note_set_aside(self, count: int) -> None:
        """So many facts of central could not be read here since the last snapshot, with it."""
        await self._outbox.put_note("set_aside", f"{count} {version()}")


async def _readable(told: Iterable[Any], device: str | None = None) -> tuple[list[Fact], int]:
    """The facts, and how many were set aside: those of a kind not known here, and those that
    `device` may not tell."""
    facts, aside = [], 0
    async for data in _unhurried(told):
        try:
            fact = fact_from_data(data, lenient=True)
            if device is not None:
                _check_teller(fact, device)
            facts.append(fact)
        except Invalid as invalid:
            aside += 1
            level = logging.WARNING if aside <= WARNED_OF else logging.DEBUG
            log.log(level, "fact set aside: %s: %.200s", invalid, data)
    return facts, aside


async def _unhurried(told: Iterable[Any]) -> AsyncIterator[Any]:
    """The same, letting lanes work in between."""
    for place, data in enumerate(told, 1):
        yield data
        if place % AT_ONCE == 0:
            await asyncio.sleep(0)


def _check_teller(fact: Fact, device: str) -> None:
    """What central would not take from a device, its fellow gates do not believe either."""
    if fact.device != device:
        raise Invalid([("device", f"told by {device!r} in the name of {fact.device!r}")])
    if isinstance(fact.event, ONLY_CENTRAL):
        raise Invalid([("kind", f"only central tells this, not {device!r}")])
    match fact.event:
        case Admitted(persons=persons) | Passed(persons=persons) | Lapsed(persons=persons) if (
            not 1 <= persons <= MOST_AT_ONCE
        ):
            raise Invalid([("persons", f"{persons} is not possible")])
