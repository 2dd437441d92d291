"""How often a ticket may still enter, and who of it is inside."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from admission.values import Entitlement, History, Use, Validation, Zone


def entries_of(history: History, line: Entitlement) -> list[Use]:
    """The entries that count on the line."""
    uses = (use for use in history.uses if use.attraction == line.attraction)
    return [use for use in uses if use.entered and not use.again]


def persons_of(line: Entitlement, persons: int) -> int:
    """How many of the ticket's `persons` the line admits."""
    return persons if line.persons is None else min(line.persons, persons)


def persons_left(
    history: History, line: Entitlement, persons: int, now: datetime, timezone: ZoneInfo
) -> int:
    """How many may still enter on the line; `persons` are those whom it admits."""
    uses = entries_of(history, line)
    entered = sum(use.entered for use in uses)
    if line.reentry:
        zones = {use.zone for use in uses if use.zone}
        came = [(use.at, use.entered) for use in uses]
        went = [(e.at, -e.persons) for e in history.exits if e.zone in zones]
        entered = balance([*came, *went])
    days = {use.at.astimezone(timezone).date() for use in uses}
    return left_of(line, persons, entered, days, now.astimezone(timezone).date())


def left_of(
    line: Entitlement, persons: int, entered: int, days: Collection[date], today: date
) -> int:
    """The same, when `entered` have come and not given it back, on these local `days`."""
    match line.validation:
        case Validation.SINGLE:
            return max(0, persons - entered)
        case Validation.MULTIPLE:
            return min(persons, max(0, line.uses * persons - entered))
        case Validation.SAME_DAY:
            return persons if set(days) <= {today} else 0
        case Validation.PERIOD:
            return persons


def inside(history: History, zone: Zone, now: datetime) -> int:
    """How many persons of the ticket are in the zone, as far as anti-passback remembers."""
    since = [at for name, at in history.forgiven if name == zone.name]
    if zone.reset_after is not None:
        since.append(now - zone.reset_after)
    after = max(since, default=_EVER)
    return balance(move for move in movements(history, zone.name) if move[0] > after)


def movements(history: History, zone: str) -> list[tuple[datetime, int]]:
    """When how many came into the zone, or (less than 0) left it."""
    came = [(u.at, u.entered) for u in history.uses if u.zone == zone and not u.again]
    return [*came, *((e.at, -e.persons) for e in history.exits if e.zone == zone)]


def balance(movements: Iterable[tuple[datetime, int]]) -> int:
    """Who is left in the end. Somebody who goes without having come leaves nobody less."""
    inside = 0
    for _, change in sorted(movements, key=lambda move: move[0]):
        inside = max(0, inside + change)
    return inside


_EVER = datetime.min.replace(tzinfo=UTC)
