"""Schedules expand to time slots: in wall time first, then to UTC, so that summer time is right.

As RFC 5545 (3.3.10, 3.3.5) has it: a recurrence at a wall time that does not exist is left out;
a wall time that comes twice means the first of the two. Where two schedules or openings begin at
the same time, the one written first counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from admission.values import TimeSlot, Window
from central.catalogue.hours import ExceptionDay, Opening, Schedule, between
from central.catalogue.venue import Attraction, Sales, Venue
from central.catalogue.wall import parse_wall_time

DAYS_AHEAD = 60
WHOLE_DAY = timedelta(hours=23)


def planned_slots(venue: Venue, today: date, days: int = DAYS_AHEAD) -> list[TimeSlot]:
    """Every slot that starts on the next `days` local days, or yesterday (it may go on)."""
    return list(plan_slots(venue, today, days))


def plan_slots(venue: Venue, today: date, days: int = DAYS_AHEAD) -> Iterator[TimeSlot]:
    """The same, one after the other."""
    first, last = today - timedelta(days=1), today + timedelta(days=days)
    for attraction in venue.attractions:
        yield from _slots(attraction, venue, first, last)


def describe(slot: TimeSlot, zone: ZoneInfo) -> str:
    """The scheduled time description, at most 30 characters: "Sat 21 Nov - 14:30"; of a whole day
    "Sat 21 Nov"."""
    start = slot.start.astimezone(zone)
    return f"{start:%a %d %b}" if is_whole_day(slot) else f"{start:%a %d %b - %H:%M}"


def is_whole_day(slot: TimeSlot) -> bool:
    """However long the clocks make it."""
    return slot.end - slot.start >= WHOLE_DAY


def to_utc(wall: datetime, zone: ZoneInfo) -> datetime:
    return wall.replace(tzinfo=zone).astimezone(UTC)


def exists(wall: datetime, zone: ZoneInfo) -> bool:
    """False for a wall time that the clocks skip."""
    return to_utc(wall, zone).astimezone(zone).replace(tzinfo=None) == wall


@dataclass(frozen=True)
class _Time:
    """One recurrence of `hours`, on the day that `midnight` begins, from the wall time `start`."""

    midnight: datetime
    start: datetime
    hours: Opening | Schedule
    capacity: int | None


def _slots(attraction: Attraction, venue: Venue, first: date, last: date) -> Iterator[TimeSlot]:
    times = _regular(attraction, first, last)
    for exception in attraction.exceptions:
        times = _with_exception(times, exception, attraction, first, last)
    slots: dict[str, TimeSlot] = {}
    for planned in sorted(times, key=lambda one: one.start):
        slot = _slot(attraction, planned, venue.zone)
        if slot:
            slots.setdefault(slot.id, slot)
    yield from slots.values()


def _regular(attraction: Attraction, first: date, last: date) -> list[_Time]:
    begin, end = (datetime.combine(day, time.min) for day in (first, last))
    times: list[_Time] = []
    every: tuple[Opening | Schedule, ...] = (*attraction.openings, *attraction.schedules)
    for hours in every:
        capacity = attraction.capacity if hours.capacity is None else hours.capacity
        for wall in between(hours.rule, begin, end):
            if hours.until is None or wall.date() <= hours.until:
                midnight = datetime.combine(wall, time.min)
                times.append(_Time(midnight, hours.start(wall), hours, capacity))
    return times


def _with_exception(
    times: Sequence[_Time], exception: ExceptionDay, attraction: Attraction, first: date, last: date
) -> list[_Time]:
    kept = [one for one in times if not exception.covers(one.midnight.date())]
    here = [one for one in times if exception.covers(one.midnight.date())]
    if exception.closed:
        return kept
    if exception.opening or exception.times:
        here = []
    here = [one for one in here if one.start - one.midnight not in _walls(exception.without)]
    for midnight in _midnights(exception, first, last):
        here += _added(midnight, exception, attraction)
    if exception.capacity is not None:
        here = [replace(one, capacity=exception.capacity) for one in here]
    return kept + here


def _added(midnight: datetime, exception: ExceptionDay, attraction: Attraction) -> Iterator[_Time]:
    """What takes place on that day only."""
    if opening := exception.opening:
        yield _Time(midnight, opening.start(midnight), opening, attraction.capacity)
    for wall in _walls((*exception.times, *exception.more)):
        schedule = attraction.schedules[0]
        capacity = attraction.capacity if schedule.capacity is None else schedule.capacity
        yield _Time(midnight, midnight + wall, schedule, capacity)


def _walls(texts: Sequence[str]) -> list[timedelta]:
    return [parse_wall_time(text) for text in texts]


def _midnights(exception: ExceptionDay, first: date, last: date) -> Iterator[datetime]:
    day, end = max(exception.day, first), min(exception.last, last - timedelta(days=1))
    while day <= end:
        yield datetime.combine(day, time.min)
        day += timedelta(days=1)


def _slot(attraction: Attraction, planned: _Time, zone: ZoneInfo) -> TimeSlot | None:
    match planned.hours:
        case Opening() as opening:
            start, end, last_arrival = (
                to_utc(planned.midnight + parse_wall_time(text), zone)
                for text in (opening.open, opening.close, opening.last_arrival or opening.close)
            )
            if not start < min(end, last_arrival):  # its hours are those that the clocks skip
                return None
            arrival, sales = Window(start, last_arrival), _sales(attraction.sales, start, end)
        case Schedule() as schedule:
            if not exists(planned.start, zone):
                return None
            start = to_utc(planned.start, zone)
            end = start + timedelta(minutes=schedule.duration_min)
            arrival = Window(
                start - timedelta(minutes=schedule.arrival_before_min),
                start + timedelta(minutes=schedule.arrival_after_min),
            )
            sales = _sales(attraction.sales, start, start)
    plan = attraction.plan
    return TimeSlot(
        id=f"{attraction.id}-{start:%Y%m%dT%H%MZ}",
        attraction=attraction.id,
        start=start,
        end=end,
        arrival=arrival,
        sales=sales,
        capacity=planned.capacity if plan is None else len(plan.seats),
        shares=tuple(sorted((channel.value, n) for channel, n in attraction.shares.items())),
        seating=plan.digest if plan else "",
        control=attraction.control,
    )


def _sales(sales: Sales, start: datetime, end: datetime) -> Window:
    return Window(start - timedelta(days=sales.from_days), end - timedelta(minutes=sales.until_min))
