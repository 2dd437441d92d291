"""A seating plan that changes in venue.toml, and products that open two halls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.central import Client, Clock
from support.hall import CONCERT, HALL, SEATS, TOUR, book, hall_in, states, taken

from central.catalogue.planning import plan
from central.catalogue.venue import read_venue

TOMORROW = "concert-20261122T1900Z"
FEWER = HALL.replace('rows = "A-C"', 'rows = "B-C"').replace('skip = { A = "1, 6" }', "")
MORE = HALL.replace('rows = "A-C"', 'rows = "A-D"')
SEATED_TOUR = (
    HALL.replace("capacity = 10\n", "")
    + """
[[attractions.products]]
id = 5
name = { en = "Concert and tour" }
price = "28.00"
zones = ["Stalls"]
[[attractions.products.entitlements]]
attraction = "tour"
[[attractions.products.entitlements]]
attraction = "concert"
[[attractions.seating]]
zone = "Bus"
rows = "1-2"
seats = "1-2"
"""
)


@pytest.fixture
async def kiosk(tmp_path: Path, clock: Clock) -> AsyncIterator[Client]:
    async with hall_in(tmp_path, clock) as client:
        yield client


async def planned(client: Client, text: str) -> None:
    venue = read_venue(text, "test")
    await client.api.database.write(lambda c: plan(c, venue, client.clock()))


async def test_slots_in_which_nobody_is_take_the_new_plan(kiosk: Client) -> None:
    await planned(kiosk, FEWER)
    assert len(await states(kiosk)) == await kiosk.left(CONCERT) == SEATS - 4


async def test_a_slot_takes_it_too_if_it_has_all_seats_that_somebody_has(kiosk: Client) -> None:
    office, request = kiosk.as_("office-1"), await book(kiosk, 1, seats=["Stalls-B-3"])
    await kiosk.confirm(request)
    why = {"seats": ["Stalls-C-3"], "reason": "camera"}
    await office.post(f"/v1/slots/{CONCERT}/seats/block", why)
    await planned(kiosk, FEWER)
    assert len(await states(kiosk)) == SEATS - 4
    assert await taken(kiosk) == {"Stalls-B-3": "sold", "Stalls-C-3": "blocked"}
    assert await kiosk.left(CONCERT) == SEATS - 4 - 2
    await planned(kiosk, MORE)
    assert await kiosk.left(CONCERT) == SEATS + 6 - 2


async def test_else_it_keeps_the_plan_by_which_it_was_sold(kiosk: Client) -> None:
    request = await book(kiosk, 1, seats=["Stalls-A-3"])
    await kiosk.confirm(request)
    await planned(kiosk, FEWER)
    assert len(await states(kiosk)) == SEATS
    assert await kiosk.left(CONCERT) == SEATS - 1
    assert len(await states(kiosk, TOMORROW)) == SEATS - 4
    await kiosk.cancel(request)
    await planned(kiosk, FEWER)
    assert len(await states(kiosk)) == SEATS - 4


async def test_who_pays_late_does_not_get_a_seat_that_is_gone(kiosk: Client, clock: Clock) -> None:
    request = await book(kiosk, 1, seats=["Stalls-A-3"])
    clock.pass_(minutes=4)
    await planned(kiosk, FEWER)
    assert (await kiosk.confirm(request, 409))["seats"] == ["Stalls-A-3"]


async def test_a_slot_that_was_sold_without_seats_stays_without(kiosk: Client) -> None:
    line = {"product": 4, "slot": TOUR, "quantity": 3}
    await kiosk.post("/v1/requests", {"lines": [line], "channel": "kiosk"}, 201)
    await planned(kiosk, SEATED_TOUR)
    assert (await kiosk.get(f"/v1/slots/{TOUR}/seats", 409))["code"] == "not_seated"
    assert await kiosk.left(TOUR) == 7
    assert len(await states(kiosk, "tour-20261122T1900Z")) == 4


async def test_a_line_that_opens_two_halls_has_seats_in_both(tmp_path: Path, clock: Clock) -> None:
    async with hall_in(tmp_path, clock, SEATED_TOUR) as kiosk:
        both = {"product": 5, "slot": TOUR, "slots": {"concert": CONCERT}, "quantity": 2}
        wish = {"lines": [both | {"seats": ["Bus-2-2", "Bus-1-1"]}], "channel": "kiosk"}
        request = await kiosk.post("/v1/requests", wish, 201)
        assert sorted(request["lines"][0]["seats"]) == [
            "Bus-1-1",
            "Bus-2-2",
            "Stalls-A-2",
            "Stalls-A-3",
        ]
        assert await taken(kiosk) == {"Stalls-A-2": "held", "Stalls-A-3": "held"}
        assert await taken(kiosk, TOUR) == {"Bus-1-1": "held", "Bus-2-2": "held"}
        await kiosk.confirm(request)
        tickets = (await kiosk.issue(request))["tickets"]
        assert sorted(map(len, (ticket["seats"] for ticket in tickets))) == [2, 2]
