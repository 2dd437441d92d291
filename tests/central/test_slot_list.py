"""The time slots of a span of days in one answer."""

from __future__ import annotations

import pytest
from support.central import TOUR, Client

from central.catalogue.schedule import DAYS_AHEAD

PATH = "/v1/attractions/tour/slots"


async def test_a_span_of_days_has_the_slots_of_each_day_as_they_stand(kiosk: Client) -> None:
    await kiosk.sell(4, TOUR, 3)
    await kiosk.reserve(4, "tour-20261122T1330Z", 2)
    days = ("2026-11-21", "2026-11-22", "2026-11-23")
    apart = [one for day in days for one in (await kiosk.get(f"{PATH}?date={day}"))["slots"]]
    span = (await kiosk.get(f"{PATH}?from={days[0]}&until={days[-1]}"))["slots"]
    assert span == apart
    assert {one["left"] for one in span} == {9, 10, 12}


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("", "from"),
        ("?from=2026-11-21", "until"),
        ("?until=2026-11-21", "from"),
        ("?from=2026-11-21&until=2026-11-20", "until"),
        ("?from=2026-11-21&until=2027-02-21", "until"),
        ("?from=2026-11-21&until=tomorrow", "until"),
        ("?from=2026-11-21&until=9999-12-31", "until"),
        ("?date=&from=2026-11-21&until=2026-11-22", "date"),
    ],
)
async def test_a_span_that_is_none_or_too_long_is_refused(
    kiosk: Client, query: str, name: str
) -> None:
    refused = await kiosk.get(PATH + query, 400)
    assert name in refused["detail"]


async def test_a_quarter_of_a_year_is_not_too_long(kiosk: Client) -> None:
    slots = (await kiosk.get(f"{PATH}?from=2026-11-21&until=2027-02-20"))["slots"]
    assert slots[0]["id"].startswith("tour-20261120")
    assert len(slots) == 48 * DAYS_AHEAD
