"""Times as people write them into lists: the clock of the venue, its days, its summer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from central.foreign.times import read_window

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    "day", ["2026-11-21", "21.11.2026", "20261121", "2026-W47-6", " 2026-11-21"]
)
def test_a_day_is_good_to_its_end(day: str) -> None:
    window = read_window(day, day, BERLIN)
    assert window.start == datetime(2026, 11, 20, 23, tzinfo=UTC)
    assert window.end - window.start == timedelta(days=1)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_days_on_which_the_clocks_change_are_as_long_as_they_are(day: str, hours: int) -> None:
    window = read_window(day, day, BERLIN)
    assert window.end - window.start == timedelta(hours=hours)


def test_an_hour_that_there_is_not_and_one_that_is_there_twice() -> None:
    skipped = read_window("2026-03-29 02:30", "2026-03-29 04:00", BERLIN)
    assert skipped.end - skipped.start == timedelta(minutes=30)
    twice = read_window("25.10.2026 02:30", "2026-10-25T04:00", BERLIN)
    assert twice.end - twice.start == timedelta(hours=2, minutes=30)
