"""Schedules in wall time become slots in UTC, also on the two odd days of the year."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.central import CONFIG, NOW, TOUR, Client, Clock

from admission.values import TimeSlot
from central.catalogue.hours import ExceptionDay, Opening, Schedule
from central.catalogue.planning import plan
from central.catalogue.schedule import describe, planned_slots
from central.catalogue.venue import Venue, load_venue
from central.settings import Channel

VENUE = load_venue(CONFIG / "venue.toml")
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)


def slots(attraction: str, day: date, venue: Venue = VENUE) -> list[TimeSlot]:
    """Those that start on the local day."""
    planned = planned_slots(venue, day, days=1)
    return [
        slot
        for slot in planned
        if slot.attraction == attraction and slot.start.astimezone(VENUE.zone).date() == day
    ]


def walls(found: list[TimeSlot]) -> list[str]:
    return [f"{slot.start.astimezone(VENUE.zone):%H:%M}" for slot in found]


def with_(id_: str, **changes: Any) -> Venue:
    """The sample venue with another attraction."""
    return replace(
        VENUE,
        attractions=tuple(replace(a, **changes) if a.id == id_ else a for a in VENUE.attractions),
    )


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
    [tour, *_] = (one for one in planned_slots(VENUE, DAY) if one.attraction == "tour")

    def at(start: datetime, hours: int = 1) -> TimeSlot:
        return replace(tour, start=start, end=start + timedelta(hours=hours))

    longest = max(
        describe(at(datetime(2026, month, day, 12, tzinfo=UTC)), ZoneInfo("Asia/Kathmandu"))
        for month in range(1, 13)
        for day in range(1, 29)
    )
    assert len(longest) <= 30
    assert describe(at(utc("2026-11-21 13:30")), VENUE.zone) == "Sat 21 Nov - 14:30"
    for hours in (23, 24, 25):
        assert describe(at(utc("2026-11-20 23:00"), hours), VENUE.zone) == "Sat 21 Nov"


DAY = date(2026, 12, 24)
NEXT = DAY + timedelta(days=1)


def test_seasons_and_weekends_have_schedules_of_their_own() -> None:
    winter = Opening("10:00", "16:00", until=date(2026, 12, 24))
    weekend = Opening("18:00", "22:00", days="FREQ=WEEKLY;BYDAY=SA,SU", capacity=40)
    spring = Opening("09:00", "18:00", first="2026-12-25")
    venue = with_("museum", openings=(winter, weekend, spring), capacity=100)
    assert walls(slots("museum", DAY, venue)) == ["10:00"]
    assert walls(slots("museum", NEXT, venue)) == ["09:00"]
    saturday = slots("museum", date(2026, 12, 26), venue)
    assert [(w, s.capacity) for w, s in zip(walls(saturday), saturday, strict=True)] == [
        ("09:00", 100),
        ("18:00", 40),
    ]


def test_two_schedules_with_the_same_time_are_one_slot_of_the_first() -> None:
    first = Schedule("FREQ=DAILY", "2026-01-01T20:00", 90, 10, 10, capacity=5)
    other = Schedule("FREQ=HOURLY;INTERVAL=2", "2026-01-01T18:00", 30, 10, 10)
    found = slots("concert", DAY, with_("concert", schedules=(first, other), exceptions=()))
    assert walls(found)[-3:] == ["18:00", "20:00", "22:00"]
    assert [slot.capacity for slot in found[-3:]] == [80, 5, 80]


@pytest.mark.parametrize(
    ("exception", "found"),
    [
        (ExceptionDay(DAY, closed=True), []),
        (ExceptionDay(DAY, times=("15:00", "17:00")), ["15:00", "17:00"]),
        (ExceptionDay(DAY, more=("16:00",)), ["16:00", "20:00"]),
        (ExceptionDay(DAY, without=("20:00",), more=("19:30",)), ["19:30"]),
        (ExceptionDay(DAY, capacity=7), ["20:00"]),
        (ExceptionDay(DAY, more=("20:00",)), ["20:00"]),
    ],
)
def test_an_event_has_days_that_differ(exception: ExceptionDay, found: list[str]) -> None:
    venue = with_("concert", exceptions=(exception,))
    assert walls(slots("concert", DAY, venue)) == found
    assert walls(slots("concert", NEXT, venue)) == ["20:00"]
    assert {s.capacity for s in slots("concert", DAY, venue)} <= {exception.capacity or 80}


def test_a_location_has_other_hours_on_some_days_and_opens_on_days_it_never_does() -> None:
    weekdays = Opening("10:00", "18:00", days="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")
    short = ExceptionDay(DAY, until=date(2026, 12, 26), open="10:00", close="13:00", capacity=9)
    venue = with_("museum", openings=(weekdays,), exceptions=(short,))
    for day in (DAY, date(2026, 12, 26)):
        [slot] = slots("museum", day, venue)
        assert (slot.end - slot.start, slot.capacity) == (timedelta(hours=3), 9)
    assert slots("museum", date(2026, 12, 27), venue) == []


def test_closed_for_a_week_is_one_exception() -> None:
    venue = with_("concert", exceptions=(ExceptionDay(DAY, NEXT + timedelta(days=6), closed=True),))
    planned = planned_slots(venue, DAY, days=9)
    days = [slot.start.day for slot in planned if slot.attraction == "concert"]
    assert days == [23, 1]


@pytest.mark.parametrize(("day", "found"), [(SPRING, ["20:00"]), (AUTUMN, ["02:30", "20:00"])])
def test_one_more_event_on_a_day_of_clock_change(day: date, found: list[str]) -> None:
    venue = with_("concert", exceptions=(ExceptionDay(day, more=("02:30",)),))
    assert walls(slots("concert", day, venue)) == found


def test_other_hours_on_a_day_of_clock_change_are_wall_times() -> None:
    for day, hours in ((SPRING, 3), (AUTUMN, 5)):
        other = ExceptionDay(day, open="01:00", close="05:00")
        [slot] = slots("museum", day, with_("museum", exceptions=(other,)))
        assert slot.end - slot.start == timedelta(hours=hours)
    skipped = ExceptionDay(SPRING, open="02:15", close="03:00")
    assert slots("museum", SPRING, with_("museum", exceptions=(skipped,))) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "write closed = true"),
        ({"closed": True, "capacity": 5}, "write closed = true"),
        ({"open": "10:00"}, "both open and close"),
        ({"open": "10:00", "close": "09:00"}, "before it opens"),
        ({"more": ("26",)}, "no wall time"),
        ({"capacity": 0}, "capacity"),
        ({"closed": True, "until": date(2026, 12, 23)}, "within a year"),
        ({"closed": True, "until": date(2028, 12, 23)}, "within a year"),
    ],
)
def test_a_senseless_exception_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ExceptionDay(DAY, **wrong)


def test_an_exception_of_the_other_kind_and_a_share_above_all_are_refused() -> None:
    with pytest.raises(ValueError, match="other kind"):
        with_("museum", exceptions=(ExceptionDay(DAY, more=("10:00",)),))
    with pytest.raises(ValueError, match="other kind"):
        with_("concert", exceptions=(ExceptionDay(DAY, open="10:00", close="11:00"),))
    with pytest.raises(ValueError, match="percent"):
        with_("concert", shares={Channel.WEB: 101})


async def test_a_sold_slot_that_is_closed_by_a_new_plan_stays_and_is_told(
    kiosk: Client, clock: Clock
) -> None:
    office = kiosk.as_("office-1")
    sold = await kiosk.sell(4, TOUR, 2)
    without = with_("tour", exceptions=(ExceptionDay(NOW.date(), closed=True),))
    for venue, blocked in ((without, "slot_closed"), (VENUE, None)):
        await kiosk.api.database.write(lambda c, v=venue: plan(c, v, NOW))
        [*others] = (await kiosk.get("/v1/attractions/tour/slots?date=2026-11-21"))["slots"]
        told = {slot["id"]: (slot["left"], slot["blocked"]) for slot in others}
        assert told[TOUR] == (10, blocked)
        assert ("tour-20261121T1400Z" in told) == (blocked is None)
        conflicts = (await office.get("/v1/conflicts"))["conflicts"]
        kinds = [(one["kind"], one["slot"]["id"], one["places"]) for one in conflicts]
        assert kinds == ([("slot_closed", TOUR, 2)] if blocked else [])
    assert sold[0]["state"] == "valid"


async def test_a_sold_slot_whose_hours_change_is_told_and_tickets_stay_as_sold(
    kiosk: Client,
) -> None:
    [tour] = (a for a in VENUE.attractions if a.id == "tour")
    [schedule] = tour.schedules
    longer = with_("tour", schedules=(replace(schedule, arrival_after_min=20),), capacity=20)
    [before] = await kiosk.sell(4, TOUR)
    await kiosk.api.database.write(lambda c: plan(c, longer, NOW))
    [after] = await kiosk.sell(4, TOUR)
    assert (before["valid_until"], after["valid_until"]) == (
        "2026-11-21T13:40:00+00:00",
        "2026-11-21T13:50:00+00:00",
    )
    assert await kiosk.left(TOUR) == 18
    [conflict] = (await kiosk.as_("office-1").get("/v1/conflicts"))["conflicts"]
    assert (conflict["kind"], conflict["places"]) == ("slot_changed", 1)


async def test_a_smaller_plan_than_was_sold_is_told(kiosk: Client) -> None:
    await kiosk.sell(4, TOUR, 5)
    await kiosk.api.database.write(lambda c: plan(c, with_("tour", capacity=3), NOW))
    [conflict] = (await kiosk.as_("office-1").get("/v1/conflicts"))["conflicts"]
    assert (conflict["kind"], conflict["places"]) == ("oversold", 2)
