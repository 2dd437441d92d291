"""What staff do to a time slot stays done, and what they must look at is told; shares of channels.
That nothing is oversold whatever happens: test_life_of_sales.py."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.central import CONFIG, NOW, TOUR, Client, Clock

from central.catalogue.planning import plan
from central.catalogue.venue import load_venue
from central.settings import Channel

PLAIN = load_venue(CONFIG / "venue.toml")
SHARES = {Channel.WEB: 60, Channel.KIOSK: 75}
VENUE = replace(
    PLAIN,
    attractions=tuple(
        replace(attraction, shares=SHARES) if attraction.id == "tour" else attraction
        for attraction in PLAIN.attractions
    ),
)
WHY = {"reason": "the guide is ill"}


@pytest.fixture
def office(kiosk: Client) -> Client:
    return kiosk.as_("office-1")


async def test_staff_close_a_slot_and_reopen_it_and_why_is_kept(
    kiosk: Client, office: Client, clock: Clock
) -> None:
    closed = await office.post(f"/v1/slots/{TOUR}/close", WHY)
    assert (closed["closed"], closed["blocked"]) == (True, "slot_closed")
    refused = await kiosk.reserve(4, TOUR, status=409)
    assert (refused["code"], refused["blocked"]) == ("sale_blocked", "slot_closed")
    await kiosk.api.database.write(lambda c: plan(c, PLAIN, clock()))
    assert (await office.get(f"/v1/slots/{TOUR}"))["closed"]
    clock.pass_(minutes=1)
    again = await office.post(f"/v1/slots/{TOUR}/reopen", {"reason": "she is well"})
    assert again["blocked"] is None
    assert [(c["who"], c["at"], c["what"], c["why"]) for c in again["changes"]] == [
        ("office-1", "2026-11-21T13:05:00+00:00", "closed", "the guide is ill"),
        ("office-1", "2026-11-21T13:06:00+00:00", "reopened", "she is well"),
    ]
    await kiosk.reserve(4, TOUR)


async def test_a_capacity_below_what_is_taken_is_refused_unless_forced_and_then_told(
    kiosk: Client, office: Client
) -> None:
    await kiosk.sell(4, TOUR, 5)
    await kiosk.reserve(4, TOUR, 2)
    path, few = f"/v1/slots/{TOUR}/capacity", WHY | {"capacity": 6}
    refused = await office.post(path, few, 409)
    assert (refused["code"], refused["taken"]) == ("below_taken", 7)
    assert (await office.post(path, few | {"force": True}))["left"] == 0
    [conflict] = (await office.get("/v1/conflicts"))["conflicts"]
    assert (conflict["kind"], conflict["places"]) == ("oversold", 1)
    assert (conflict["slot"]["sold"], conflict["slot"]["reserved"]) == (5, 2)
    assert (await office.post(path, WHY | {"capacity": None}))["left"] == 5
    assert (await office.get("/v1/conflicts"))["conflicts"] == []


async def test_a_slot_without_a_limit_gets_one(kiosk: Client, office: Client) -> None:
    slot = "museum-20261120T2300Z"
    await kiosk.sell(1, slot, 3)
    done = await office.post(f"/v1/slots/{slot}/capacity", WHY | {"capacity": 2}, 409)
    assert (done["code"], done["taken"]) == ("below_taken", 3)
    assert (await office.post(f"/v1/slots/{slot}/capacity", WHY | {"capacity": 4}))["left"] == 1
    assert (await kiosk.reserve(1, slot, 2, 409))["left"] == 1


async def test_what_was_sold_in_a_closed_slot_is_told_until_it_is_over(
    kiosk: Client, office: Client, clock: Clock
) -> None:
    await kiosk.sell(4, TOUR, 3)
    await office.post(f"/v1/slots/{TOUR}/close", WHY)
    [conflict] = (await office.get("/v1/conflicts"))["conflicts"]
    assert (conflict["kind"], conflict["places"]) == ("slot_closed", 3)
    assert conflict["slot"]["description"] == "Sat 21 Nov - 14:30"
    clock.pass_(hours=2)
    assert (await office.get("/v1/conflicts"))["conflicts"] == []


async def test_a_reservation_that_ran_out_is_not_sold_in_a_closed_slot(
    kiosk: Client, office: Client, clock: Clock
) -> None:
    held, late = await kiosk.reserve(4, TOUR), await kiosk.reserve(4, TOUR)
    await office.post(f"/v1/slots/{TOUR}/close", WHY)
    assert (await kiosk.confirm(held))["status"] == "confirmed"
    clock.pass_(minutes=5)
    assert (await kiosk.confirm(late, 409))["blocked"] == "slot_closed"


async def test_only_the_office_changes_slots(kiosk: Client) -> None:
    for action in ("close", "reopen", "capacity"):
        await kiosk.post(f"/v1/slots/{TOUR}/{action}", WHY | {"capacity": 1}, 403)
    await kiosk.get(f"/v1/slots/{TOUR}", 403)
    await kiosk.get("/v1/conflicts", 403)


async def test_an_unknown_slot_is_not_found(office: Client) -> None:
    for action in ("close", "reopen"):
        await office.post(f"/v1/slots/tour-x/{action}", WHY, 404)
    await office.post("/v1/slots/tour-x/capacity", WHY | {"capacity": 1}, 404)
    assert (await office.get("/v1/slots/tour-x", 404))["code"] == "unknown_slot"


@pytest.mark.parametrize(
    "wrong",
    [{"reason": ""}, {"reason": "x" * 201}, {"capacity": -1}, {"capacity": 10**7}, {"force": 1}],
)
async def test_what_makes_no_sense_changes_nothing(
    office: Client, wrong: dict[str, object]
) -> None:
    await office.post(f"/v1/slots/{TOUR}/capacity", WHY | {"capacity": 3} | wrong, 400)
    assert (await office.get(f"/v1/slots/{TOUR}"))["changes"] == []


async def test_a_channel_sells_its_share_and_no_more(kiosk: Client, office: Client) -> None:
    await kiosk.api.database.write(lambda c: plan(c, VENUE, NOW))
    web = kiosk.as_("web-1")
    await web.reserve(4, TOUR, 7, channel="web")
    assert (await web.reserve(4, TOUR, status=409, channel="web"))["left"] == 0
    assert [await one.left(TOUR) for one in (web, kiosk, office)] == [0, 5, 5]
    await office.reserve(4, TOUR, 5, channel="office")
    shares = (await office.get(f"/v1/slots/{TOUR}"))["shares"]
    assert shares == [
        {"channel": "kiosk", "percent": 75, "most": 9, "taken": 0},
        {"channel": "web", "percent": 60, "most": 7, "taken": 7},
    ]


async def test_fewer_places_than_wanted_is_a_reason_of_its_own(kiosk: Client) -> None:
    await kiosk.reserve(4, TOUR, 10)
    path = "/v1/attractions/tour/slots?date=2026-11-21&persons="
    told = {}
    for wanted in (2, 3):
        body = await kiosk.get(f"{path}{wanted}")
        told[wanted] = next((s["blocked"], s["left"]) for s in body["slots"] if s["id"] == TOUR)
    assert told == {2: (None, 2), 3: ("too_few_left", 2)}
