"""Schedules in wall time become slots in UTC, also on the two odd days of the year."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from support.central import CONFIG

from admission.values import TimeSlot
from central.schedule import describe, planned_slots
from central.venue import Opening, Schedule, load_venue

VENUE = load_venue(CONFIG / "venue.toml")
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)


def slots(attraction: str, day: date) -> list[TimeSlot]:
    """Those that start on the local day."""
    planned = planned_slots(VENUE, day, days=1)
    return [
        slot
        for slot in planned
        if slot.attraction == attraction and slot.start.astimezone(VENUE.zone).date() == day
    ]


def walls(found: list[TimeSlot]) -> list[str]:
    return [f"{slot.start.astimezone(VENUE.zone):%H:%M}" for slot in found]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_an_event_has_its_window_and_its_time_of_sale() -> None:
    [concert] = slots("concert", date(2026, 11, 21))
    assert concert.id == "concert-20261121T1900Z"
    assert (concert.start, concert.end) == (utc("2026-11-21 19:00"), utc("2026-11-21 21:00"))
    assert (concert.arrival.start, concert.arrival.end) == (
        utc("2026-11-21 18:00"),
        utc("2026-11-21 20:00"),
    )
    assert concert.sales.end == concert.start
    assert concert.start - concert.sales.start == timedelta(days=60)


def test_a_location_is_one_slot_a_day_with_a_last_arrival_after_midnight() -> None:
    [museum] = slots("museum", date(2026, 11, 21))
    assert museum.id == "museum-20261120T2300Z"
    assert (museum.start, museum.end) == (utc("2026-11-20 23:00"), utc("2026-11-21 23:00"))
    assert museum.arrival.end == utc("2026-11-22 02:00")


def test_in_spring_the_skipped_hour_has_no_tours_and_the_museum_day_is_short() -> None:
    tours = slots("tour", SPRING)
    assert walls(tours)[2:6] == ["01:00", "01:30", "03:00", "03:30"]
    assert [t.start for t in tours[3:5]] == [utc("2027-03-28 00:30"), utc("2027-03-28 01:00")]
    assert len(tours) == 46
    [museum] = slots("museum", SPRING)
    assert museum.end - museum.start == timedelta(hours=23)


def test_in_autumn_a_wall_time_that_comes_twice_is_one_tour() -> None:
    tours = slots("tour", AUTUMN)
    assert walls(tours)[3:7] == ["01:30", "02:00", "02:30", "03:00"]
    assert [t.start for t in tours[5:7]] == [utc("2027-10-31 00:30"), utc("2027-10-31 02:00")]
    assert len(tours) == 48
    [museum] = slots("museum", AUTUMN)
    assert museum.end - museum.start == timedelta(hours=25)


def test_the_evening_concert_is_at_eight_all_year() -> None:
    for day, hour in ((SPRING - timedelta(days=1), 19), (SPRING, 18), (AUTUMN, 19)):
        [concert] = slots("concert", day)
        assert (concert.start.hour, walls([concert])) == (hour, ["20:00"])


def test_a_location_closed_on_mondays_has_no_monday() -> None:
    days = Opening("10:00", "18:00", days="FREQ=WEEKLY;BYDAY=TU,WE,TH,FR,SA,SU").rule
    found = days.between(datetime(2026, 11, 16), datetime(2026, 11, 22, 23))
    assert [day.day for day in found] == [17, 18, 19, 20, 21, 22]


def test_a_rule_counts_from_its_first_time() -> None:
    rule = Schedule("FREQ=DAILY;INTERVAL=2;COUNT=3", "2026-11-20T10:00", 60, 10, 10).rule
    assert [day.day for day in rule] == [20, 22, 24]


def test_ids_are_unique_over_sixty_days_of_clock_change() -> None:
    for day in (SPRING, AUTUMN):
        ids = Counter(slot.id for slot in planned_slots(VENUE, day - timedelta(days=30)))
        assert [id_ for id_, count in ids.items() if count > 1] == []


def test_the_description_is_local_and_short() -> None:
    longest = max(
        (describe(datetime(2026, month, day, 12, tzinfo=UTC), ZoneInfo("Asia/Kathmandu")))
        for month in range(1, 13)
        for day in range(1, 29)
    )
    assert len(longest) <= 30
    assert describe(utc("2026-11-21 13:30"), VENUE.zone) == "Sat 21 Nov - 14:30"
