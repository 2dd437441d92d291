"""What devices told that does not fit together. Central looks for it: it alone hears everything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from admission.entries import left_of, persons_of
from admission.facts import Admitted, Fact, Lapsed, Passed
from admission.values import Direction, Entitlement, Product, Ticket, TicketState

IN_FLIGHT = timedelta(seconds=2)
"""What central told so shortly before a gate may not have heard."""
CLOCK_OFF = timedelta(minutes=5)
"""More than this no clock may be ahead of central's, or go back."""
ANCIENT = timedelta(days=40)
"""No device keeps its facts to itself for so long."""
SHOWN = 3
"""Entries named beside the one that is beyond them."""


def beyond(
    facts: Iterable[Fact], ticket: Ticket, product: Product, timezone: ZoneInfo
) -> list[tuple[Fact, Sequence[Fact]]]:
    """Of one ticket's facts, every admission for which nothing was left by then; with each the last
    ones before it.

    They are judged by the time at which they happened, so it is the same in whatever order one
    hears of them. One that is beyond stays so when more admissions become known; no longer when one
    before it turns out to be given back.
    """
    told = sorted(facts, key=lambda fact: (fact.at, fact.device, fact.number))
    back: dict[tuple[str, int], int] = defaultdict(int)
    for fact in told:
        if isinstance(fact.event, Lapsed):
            back[fact.device, fact.event.admission] += fact.event.persons
    lines = {line.attraction: line for line in reversed(product.entitlements)}
    counts = {name: _Count(line, ticket.persons, timezone) for name, line in lines.items()}
    found: list[tuple[Fact, Sequence[Fact]]] = []
    for fact in told:
        match fact.event:
            case Admitted(attraction=name, again=False) if count := counts.get(name):
                found += count.enter(fact, back[fact.device, fact.number])
            case Passed(direction=Direction.OUT, behind=zone, persons=persons):
                for count in counts.values():
                    count.leave(zone, persons)
    return found


class _Count:
    """Who came on one line, in order."""

    def __init__(self, line: Entitlement, persons: int, timezone: ZoneInfo) -> None:
        self._line = line
        self._persons = persons_of(line, persons)
        self._timezone = timezone
        self._entered = 0
        self._days: set[date] = set()
        self._zones: set[str] = set()
        self._entries: list[Fact] = []

    def enter(self, fact: Fact, returned: int) -> Iterable[tuple[Fact, Sequence[Fact]]]:
        event, today = fact.event, fact.at.astimezone(self._timezone).date()
        assert isinstance(event, Admitted)
        if (persons := event.persons - returned) <= 0:
            return
        if persons > left_of(self._line, self._persons, self._entered, self._days, today):
            yield fact, self._entries[-SHOWN:]
        self._entered += persons
        self._days.add(today)
        self._zones.add(event.zone)
        self._entries.append(fact)

    def leave(self, zone: str, persons: int) -> None:
        if self._line.reentry and zone and zone in self._zones:
            self._entered = max(0, self._entered - persons)


def told_by_then(
    states: Iterable[tuple[datetime, TicketState, int]], at: datetime
) -> tuple[datetime, TicketState, int] | None:
    """What central had said of a ticket when a gate admitted it, and when, as the how manieth fact;
    None if nothing. `states` in the order in which it said them."""
    known = [one for one in states if one[0] <= at - IN_FLIGHT]
    return known[-1] if known else None


@dataclass(frozen=True)
class Clock:
    """What one device's facts tell of its clock: the newest time that can be (None: no fact yet),
    and since when, by central's time, it tells others."""

    newest: datetime | None = None
    wrong_since: datetime | None = None

    def told(self, at: datetime, received_at: datetime) -> tuple[Clock, str]:
        """After a fact told at `at`; what is wrong with that, "" if nothing is, or if the clock has
        been wrong since before."""
        wrong = self._wrong(at, received_at)
        if not wrong:
            return Clock(max(at, self.newest or at)), ""
        if self.wrong_since is None:
            return Clock(self.newest, received_at), wrong
        return self, ""

    def _wrong(self, at: datetime, received_at: datetime) -> str:
        if at > received_at + CLOCK_OFF:
            return f"{_whole(at - received_at)} ahead"
        if at < received_at - ANCIENT:
            return f"{_whole(received_at - at)} ago"
        if self.newest and at < self.newest - CLOCK_OFF:
            return f"went back by {_whole(self.newest - at)}"
        return ""


def _whole(span: timedelta) -> timedelta:
    """To the second."""
    return timedelta(seconds=int(span.total_seconds()))
