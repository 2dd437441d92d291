"""Schedules expand to time slots: in wall time first, then to UTC, so that summer time is right.

As RFC 5545 (3.3.10, 3.3.5) has it: a recurrence at a wall time that does not exist is left out;
a wall time that comes twice means the first of the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from admission.values import TimeSlot, Window
from central.venue import Attraction, Opening, Sales, Schedule, Venue, parse_wall_time

DAYS_AHEAD = 60


def planned_slots(venue: Venue, today: date, days: int = DAYS_AHEAD) -> list[TimeSlot]:
    """Every slot that starts on the next `days` local days, or yesterday (it may go on)."""
    first, last = today - timedelta(days=1), today + timedelta(days=days)
    return [
        slot for attraction in venue.attractions for slot in _slots(attraction, venue, first, last)
    ]


def describe(start: datetime, zone: ZoneInfo) -> str:
    """The scheduled time description, at most 30 characters: "Sat 21 Nov - 14:30"."""
    return f"{start.astimezone(zone):%a %d %b - %H:%M}"


def to_utc(wall: datetime, zone: ZoneInfo) -> datetime:
    return wall.replace(tzinfo=zone).astimezone(UTC)


def exists(wall: datetime, zone: ZoneInfo) -> bool:
    """False for a wall time that the clocks skip."""
    return to_utc(wall, zone).astimezone(zone).replace(tzinfo=None) == wall


def _slots(attraction: Attraction, venue: Venue, first: date, last: date) -> Iterator[TimeSlot]:
    opening, schedule = attraction.opening, attraction.schedule
    recurs = opening or schedule
    assert recurs is not None
    begin, end = (datetime.combine(day, time.min) for day in (first, last))
    for wall in recurs.rule.between(begin, end - timedelta(seconds=1), inc=True):
        if opening:
            yield _open_day(attraction, opening, wall, venue.zone)
        elif schedule and exists(wall, venue.zone):
            yield _event(attraction, schedule, to_utc(wall, venue.zone))


def _open_day(attraction: Attraction, opening: Opening, day: datetime, zone: ZoneInfo) -> TimeSlot:
    start, end, last_arrival = (
        to_utc(day + parse_wall_time(text), zone)
        for text in (opening.open, opening.close, opening.last_arrival or opening.close)
    )
    return TimeSlot(
        id=_slot_id(attraction, start),
        attraction=attraction.id,
        start=start,
        end=end,
        arrival=Window(start, last_arrival),
        sales=_sales(attraction.sales, start, end),
        capacity=attraction.capacity,
    )


def _event(attraction: Attraction, schedule: Schedule, start: datetime) -> TimeSlot:
    return TimeSlot(
        id=_slot_id(attraction, start),
        attraction=attraction.id,
        start=start,
        end=start + timedelta(minutes=schedule.duration_min),
        arrival=Window(
            start - timedelta(minutes=schedule.arrival_before_min),
            start + timedelta(minutes=schedule.arrival_after_min),
        ),
        sales=_sales(attraction.sales, start, start),
        capacity=attraction.capacity,
    )


def _sales(sales: Sales, start: datetime, end: datetime) -> Window:
    return Window(start - timedelta(days=sales.from_days), end - timedelta(minutes=sales.until_min))


def _slot_id(attraction: Attraction, start: datetime) -> str:
    return f"{attraction.id}-{start:%Y%m%dT%H%MZ}"
