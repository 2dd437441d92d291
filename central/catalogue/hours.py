"""When an attraction is open or takes place: recurrences in wall time, and days that differ."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dateutil import rrule as recurrence

from central.catalogue.wall import parse_wall_time

MAX_EXCEPTION_DAYS = 366
_MIDNIGHT = datetime.min.time()


def parse_rule(text: str, first: datetime) -> recurrence.rrule:
    """The recurrence in naive wall time, beginning at `first`. Raises ValueError."""
    try:
        rule = recurrence.rrulestr(text, dtstart=first)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{text!r} is no RFC 5545 recurrence rule ({error})") from error
    if not isinstance(rule, recurrence.rrule) or rule._freq == recurrence.SECONDLY:
        raise ValueError(f"{text!r}: write one RRULE without dates, by the minute or slower")
    if rule._freq > recurrence.DAILY and _NOT_WITHIN_A_DAY.search(text.upper()):
        raise ValueError(f"{text!r}: a rule by the hour or minute can have BYDAY, BYHOUR, BYMINUTE")
    return rule


def between(rule: recurrence.rrule, begin: datetime, end: datetime) -> list[datetime]:
    """Its recurrences from `begin` until before `end`. However long ago a rule began, that costs
    no more."""
    step = _STEPS.get(rule._freq)
    passed = begin - rule._dtstart
    if step and rule._count is None and passed > timedelta(0):
        step *= rule._interval
        rule = rule.replace(dtstart=rule._dtstart + passed // step * step)
    found: list[datetime] = rule.between(begin, end - timedelta(seconds=1), inc=True)
    return found


_STEPS = {
    recurrence.WEEKLY: timedelta(weeks=1),
    recurrence.DAILY: timedelta(days=1),
    recurrence.HOURLY: timedelta(hours=1),
    recurrence.MINUTELY: timedelta(minutes=1),
}
_NOT_WITHIN_A_DAY = re.compile("BYMONTH|BYYEARDAY|BYWEEKNO|BYEASTER|BYSETPOS")
"""With these a rule may have no recurrence at all, and looking for one would take hours."""


@dataclass(frozen=True)
class Opening:
    """A location's hours: one time slot for each day that the rule `days` tells, from the day
    `first` until the day `until`. `capacity` takes the place of the attraction's."""

    open: str
    close: str
    last_arrival: str | None = None
    days: str = "FREQ=DAILY"
    first: str = "2026-01-01"
    until: date | None = None
    capacity: int | None = None

    def __post_init__(self) -> None:
        _ = self.rule
        _check_capacity(self.capacity)
        opens = parse_wall_time(self.open)
        for end in (self.close, self.last_arrival or self.close):
            if parse_wall_time(end) <= opens:
                raise ValueError(f"closes at {end}, before it opens at {self.open}")

    @property
    def rule(self) -> recurrence.rrule:
        return parse_rule(self.days, datetime.combine(date.fromisoformat(self.first), _MIDNIGHT))

    def start(self, wall: datetime) -> datetime:
        """When it opens, in wall time, on the day for which the rule gives `wall`."""
        return wall + parse_wall_time(self.open)


@dataclass(frozen=True)
class Schedule:
    """An event's times: an RFC 5545 RRULE whose DTSTART is the wall time `first`, until the day
    `until`. `capacity` takes the place of the attraction's."""

    rrule: str
    first: str
    duration_min: int
    arrival_before_min: int
    arrival_after_min: int
    until: date | None = None
    capacity: int | None = None

    def __post_init__(self) -> None:
        _ = self.rule
        _check_capacity(self.capacity)
        if self.duration_min < 1:
            raise ValueError("duration_min is at least 1")
        if self.arrival_before_min + self.arrival_after_min < 1:
            raise ValueError("arrival_before_min + arrival_after_min is at least 1")

    @property
    def rule(self) -> recurrence.rrule:
        first = datetime.fromisoformat(self.first)
        if first.tzinfo is not None:
            raise ValueError(f"first is a wall time of the venue; leave the zone off {self.first}")
        return parse_rule(self.rrule, first)

    def start(self, wall: datetime) -> datetime:
        return wall


@dataclass(frozen=True)
class ExceptionDay:
    """A day, or the days `day` to `until`, that differ from the schedules.

    `closed`: nothing. For a location: other hours (`open`, `close`, `last_arrival`), on a day on
    which it is closed otherwise too. For an event, wall times like "22:00": `times` in place of
    all others, `more` beside them (RFC 5545's RDATE), `without` these (EXDATE); they last as long
    as the first schedule says. `capacity`: of every slot of that day.
    """

    day: date
    until: date | None = None
    closed: bool = False
    open: str | None = None
    close: str | None = None
    last_arrival: str | None = None
    times: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    capacity: int | None = None

    def __post_init__(self) -> None:
        _check_capacity(self.capacity)
        if not self.day <= self.last < self.day + timedelta(days=MAX_EXCEPTION_DAYS):
            raise ValueError(f"exception {self.day}: until is within a year after day")
        if (self.open is None) != (self.close is None) or (self.last_arrival and not self.open):
            raise ValueError(f"exception {self.day}: write both open and close")
        _ = self.opening
        for text in (*self.times, *self.more, *self.without):
            parse_wall_time(text)
        others = self.open or self.for_events or self.capacity is not None
        if self.closed == bool(others):
            raise ValueError(f"exception {self.day}: write closed = true, or what is otherwise")

    @property
    def last(self) -> date:
        return self.until or self.day

    @property
    def for_events(self) -> bool:
        return bool(self.times or self.more or self.without)

    @property
    def opening(self) -> Opening | None:
        """The other hours."""
        if self.open is None or self.close is None:
            return None
        return Opening(self.open, self.close, self.last_arrival)

    def covers(self, day: date) -> bool:
        return self.day <= day <= self.last


def _check_capacity(capacity: int | None) -> None:
    if capacity is not None and not 1 <= capacity <= 1_000_000:
        raise ValueError("capacity is 1 to 1000000; leave it out for no limit")
