"""The two odd days of the year, also where clocks change by half an hour and in the south: the same
venue in Berlin and on Lord Howe Island."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from support.central import CONFIG

from admission.values import TimeSlot
from central.catalogue.schedule import describe, planned_slots
from central.catalogue.venue import Venue, load_venue

BERLIN = load_venue(CONFIG / "venue.toml")
LORD_HOWE = replace(BERLIN, timezone="Australia/Lord_Howe")
"""From +10:30 to +11:00 on 4 October 2026 at 2 o'clock, and back on 4 April 2027 at 2 o'clock (IANA
time zone database)."""
SPRING, AUTUMN = date(2026, 10, 4), date(2027, 4, 4)


def of(venue: Venue, attraction: str, day: date) -> list[TimeSlot]:
    return [
        slot
        for slot in planned_slots(venue, day, days=1)
        if slot.attraction == attraction and slot.start.astimezone(venue.zone).date() == day
    ]


def walls(venue: Venue, found: list[TimeSlot]) -> list[str]:
    return [f"{slot.start.astimezone(venue.zone):%H:%M}" for slot in found]


def test_the_half_hour_that_is_skipped_has_no_tour() -> None:
    tours = of(LORD_HOWE, "tour", SPRING)
    assert walls(LORD_HOWE, tours)[3:6] == ["01:30", "02:30", "03:00"]
    assert len(tours) == 47
    gaps = {after.start - before.start for before, after in pairwise(tours)}
    assert gaps == {timedelta(minutes=30)}


def test_the_half_hour_that_comes_twice_has_one_tour() -> None:
    tours = of(LORD_HOWE, "tour", AUTUMN)
    assert walls(LORD_HOWE, tours)[2:6] == ["01:00", "01:30", "02:00", "02:30"]
    assert len(tours) == 48
    assert tours[4].start - tours[3].start == timedelta(minutes=60)
    assert tours[3].start == datetime(2027, 4, 3, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("venue", "day", "hours"),
    [
        (LORD_HOWE, SPRING, 23.5),
        (LORD_HOWE, AUTUMN, 24.5),
        (LORD_HOWE, date(2026, 11, 21), 24),
        (BERLIN, date(2027, 3, 28), 23),
        (BERLIN, date(2027, 10, 31), 25),
        (BERLIN, SPRING, 24),
    ],
)
def test_a_day_is_as_long_as_the_clocks_make_it(venue: Venue, day: date, hours: float) -> None:
    [museum] = of(venue, "museum", day)
    assert museum.end - museum.start == timedelta(hours=hours)
    assert museum.start.astimezone(venue.zone).hour == 0


@pytest.mark.parametrize("venue", [BERLIN, LORD_HOWE])
def test_the_evening_concert_is_at_eight_on_every_day_of_a_year(venue: Venue) -> None:
    first = date(2026, 9, 1)
    concerts = [s for s in planned_slots(venue, first, days=365) if s.attraction == "concert"]
    told = {describe(slot, venue.zone)[-5:] for slot in concerts}
    assert told == {"20:00", "17:00"}  # on the last day of the year it is earlier
    assert len(concerts) == 365  # from yesterday on; closed at Christmas
    assert len({slot.id for slot in concerts}) == len(concerts)


@pytest.mark.parametrize(("venue", "day"), [(LORD_HOWE, SPRING), (LORD_HOWE, AUTUMN)])
def test_sales_and_arrival_are_spans_of_real_time(venue: Venue, day: date) -> None:
    for tour in of(venue, "tour", day):
        assert tour.end - tour.start == timedelta(minutes=45)
        assert tour.arrival.end - tour.arrival.start == timedelta(minutes=25)
        assert tour.sales.end - tour.sales.start == timedelta(days=60)
