"""Products of several attractions, each at its own time: what is asked, taken, told and freed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.central import CONFIG, MUSEUM, NOW, TOUR, Client, Clock, central_in

from admission.decide import decide
from admission.ledger import Ledger
from admission.reasons import explain
from admission.request import AdmissionRequest, Denied
from central.capacity.slot_changes import ConflictKind, conflicts
from central.catalogue import slot_plan
from central.catalogue.schedule import planned_slots
from central.catalogue.venue import load_venue
from runtime.settings import BadSettings
from runtime.wire import fact_from_data

NEXT_TOUR = "tour-20261121T1400Z"
CONCERT = "concert-20261121T1900Z"
PRODUCTS = """
[[attractions.products]]
id = 920
name = { en = "Day", de = "Tag", fr = "Jour" }
price = "20.00"
persons = 2
[[attractions.products.entitlements]]
attraction = "museum"
slot = "today"
validation = "same_day"
[[attractions.products.entitlements]]
attraction = "tour"
optional = true
persons = 1
[[attractions.products]]
id = 921
name = { en = "Both", de = "Beide", fr = "Deux" }
price = "30.00"
[[attractions.products.prices]]
name = "late"
price = "27.00"
slots = ["20:00-21:00"]
[[attractions.products.entitlements]]
attraction = "tour"
slot = "next"
[[attractions.products.entitlements]]
attraction = "concert"
[[attractions.products.entitlements]]
attraction = "museum"
slot = "open"
optional = true
[[attractions.products]]
id = 922
name = { en = "Two", de = "Zwei", fr = "Deux" }
price = "30.00"
[[attractions.products.entitlements]]
attraction = "tour"
[[attractions.products.entitlements]]
attraction = "concert"
[[attractions.products]]
id = 923
name = { en = "Today", de = "Heute", fr = "Aujourd'hui" }
price = "10.00"
slot = "today"
[[attractions.products]]
id = 924
name = { en = "Next", de = "Nächste", fr = "Suivante" }
price = "9.00"
[[attractions.products.entitlements]]
attraction = "tour"
slot = "next"
"""


def venue_with(folder: Path, products: str = PRODUCTS, capacity: int | None = None) -> Path:
    """The sample venue with further products under the museum."""
    text = (CONFIG / "venue.toml").read_text()
    before, events, after = text.partition("# An event takes place at a time")
    if capacity:
        before = before.replace('id = "museum"', f'id = "museum"\ncapacity = {capacity}', 1)
    venue = folder / "venue.toml"
    venue.write_text(before + products + events + after)
    return venue


@pytest.fixture
async def shop(tmp_path: Path, clock: Clock, database_url: str) -> AsyncIterator[Client]:
    venue = venue_with(tmp_path)
    async with central_in(tmp_path, clock, database=database_url, venue=venue) as client:
        yield client


@pytest.fixture
async def small(tmp_path: Path, clock: Clock) -> AsyncIterator[Client]:
    """On SQLite; three persons fit into the museum."""
    venue = venue_with(tmp_path, capacity=3)
    async with central_in(tmp_path, clock, venue=venue) as client:
        yield client


SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def wish(*lines: Any, **extras: Any) -> dict[str, Any]:
    return {"lines": list(lines), "channel": "kiosk"} | extras


async def reserve(client: Client, *lines: Any, status: int = 201, **extras: Any) -> Any:
    return await client.post("/v1/requests", wish(*lines, **extras), status)


async def sold(client: Client, *lines: Any) -> tuple[Any, list[dict[str, Any]]]:
    request = await reserve(client, *lines)
    await client.confirm(request)
    return request, (await client.issue(request))["tickets"]


def opened(ticket: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {
        window["attraction"]: (window["valid_from"][11:16], window["valid_until"][11:16])
        for window in ticket["windows"]
    }


async def told_at(client: Client, code: str, attraction: str, **later: float) -> str:
    """What a gate that heard central says at so much later: "" if it lets them in."""
    ledger, now = Ledger(), NOW + timedelta(**later)
    for entry in (await client.get("/v1/feed"))["entries"]:
        ledger.fold(fact_from_data(entry["fact"]))
    zone = client.api.venue.zone
    answer = decide(ledger, AdmissionRequest(code, frozenset({attraction}), zone), now)
    return explain(answer, now, zone) if isinstance(answer, Denied) else f"{answer.persons} in"


@SQLITE
async def test_the_catalogue_tells_for_what_a_slot_is_to_be_chosen(shop: Client) -> None:
    museum = (await shop.get("/v1/catalogue"))["attractions"][0]
    asked = {
        product["id"]: [
            (e["attraction"], e["slot"], e["required"], e["persons"])
            for e in product["entitlements"]
        ]
        for product in museum["products"]
    }
    assert asked[1] == [("museum", "chosen", True, 1)]
    assert asked[920] == [("museum", "today", True, 2), ("tour", "chosen", False, 1)]
    assert asked[921][2] == ("museum", "open", False, 1)
    assert asked[923] == [("museum", "today", True, 1)]


@SQLITE
async def test_a_day_ticket_with_a_tour_opens_each_at_its_own_time(shop: Client) -> None:
    line = {"product": 920, "slots": {"tour": TOUR}}
    quote = await shop.post("/v1/quotes", wish(line))
    assert quote["lines"][0]["slots"] == {"museum": MUSEUM, "tour": TOUR}
    request, [ticket] = await sold(shop, line)
    assert request["lines"] == quote["lines"]
    assert (ticket["valid_from"][:16], ticket["valid_until"][:16]) == (
        "2026-11-20T23:00", "2026-11-22T02:00",
    )  # fmt: skip
    assert opened(ticket) == {"museum": ("23:00", "02:00"), "tour": ("13:15", "13:40")}
    assert await shop.left(TOUR) == 11
    assert await told_at(shop, ticket["code"], "tour") == "opens at 14:15"
    assert await told_at(shop, ticket["code"], "tour", minutes=10) == "1 in"
    assert await told_at(shop, ticket["code"], "tour", hours=2) == "closed at 14:40"
    assert await told_at(shop, ticket["code"], "museum", hours=2) == "2 in"
    assert await told_at(shop, ticket["code"], "concert") == "not valid at this entrance"


@SQLITE
async def test_what_was_left_out_is_not_opened(shop: Client) -> None:
    _, [ticket] = await sold(shop, {"product": 920})
    assert opened(ticket) == {"museum": ("23:00", "02:00")}
    assert await told_at(shop, ticket["code"], "tour") == "not valid at this entrance"
    line = {"product": 921, "slots": {"concert": CONCERT}}
    _, [whole] = await sold(shop, line)
    _, [part] = await sold(shop, line | {"without": ["museum"]})
    assert opened(whole).keys() - opened(part).keys() == {"museum"}


@SQLITE
async def test_the_first_required_slot_that_is_chosen_makes_the_price(shop: Client) -> None:
    request = await reserve(shop, {"product": 921, "slots": {"concert": CONCERT}})
    [line] = request["lines"]
    assert (line["slot"], line["rule"], line["price"]["amount"]) == (CONCERT, "late", "27.00")
    assert line["description"] == "Sat 21 Nov - 20:00"
    assert line["slots"] == {"tour": TOUR, "concert": CONCERT}


@SQLITE
@pytest.mark.parametrize(
    ("line", "status", "code", "attraction"),
    [
        ({"product": 922, "slots": {"tour": TOUR}}, 404, "unknown_slot", "concert"),
        ({"product": 922, "slots": {"tour": TOUR, "concert": "x"}}, 404, "unknown_slot", "concert"),
        ({"product": 920, "slots": {"tour": "tour-1"}}, 404, "unknown_slot", "tour"),
        ({"product": 920, "slots": {"concert": CONCERT}}, 404, "unknown_slot", "concert"),
        ({"product": 920, "slots": {"museum": MUSEUM}}, 404, "unknown_slot", "museum"),
        ({"product": 923, "slot": MUSEUM}, 404, "unknown_slot", "museum"),
        ({"product": 1, "slot": MUSEUM, "slots": {"museum": "x"}}, 404, "unknown_slot", "museum"),
        ({"product": 920, "without": ["museum"]}, 409, "not_optional", None),
        ({"product": 920, "slots": {"tour": "x" * 65}}, 400, "invalid", None),
        ({"product": 920, "slots": {str(n): "x" for n in range(21)}}, 400, "invalid", None),
        ({"product": 920, "slots": ["tour"]}, 400, "invalid", None),
    ],
)
async def test_slots_that_do_not_fit_the_product_are_refused(
    shop: Client, line: Any, status: int, code: str, attraction: str | None
) -> None:
    for path in ("/v1/quotes", "/v1/requests"):
        refused = await shop.post(path, wish(line), status)
        assert (refused["code"], refused.get("attraction")) == (code, attraction)


async def test_places_are_taken_in_every_slot_or_in_none(shop: Client) -> None:
    both = {"product": 922, "slots": {"tour": TOUR, "concert": CONCERT}}
    full = await reserve(shop, {"product": 4, "slot": TOUR, "quantity": 11})
    refused = await reserve(shop, both | {"quantity": 2}, status=409)
    assert (refused["code"], refused["slot"], refused["left"]) == ("no_room", TOUR, 1)
    assert (await shop.left(TOUR), await shop.left(CONCERT)) == (1, 80)
    request = await reserve(shop, both)
    assert (await shop.left(TOUR), await shop.left(CONCERT)) == (0, 79)
    await shop.cancel(full)
    await shop.cancel(request)
    assert (await shop.left(TOUR), await shop.left(CONCERT)) == (12, 80)


async def test_a_reservation_that_expires_frees_all_its_slots(shop: Client) -> None:
    await reserve(shop, {"product": 922, "slots": {"tour": NEXT_TOUR, "concert": CONCERT}})
    shop.clock.pass_(minutes=4)
    assert (await shop.left(NEXT_TOUR), await shop.left(CONCERT)) == (12, 80)


async def test_tickets_that_are_given_back_free_their_places_in_all_slots(shop: Client) -> None:
    line = {"product": 922, "slots": {"tour": TOUR, "concert": CONCERT}, "quantity": 3}
    request, tickets = await sold(shop, line)
    body = {"method": "card", "reference": "R", "reason": "ill", "tickets": [tickets[0]["id"]]}
    await shop.as_("office-1").post(f"/v1/requests/{request['token']}/refund", body)
    assert (await shop.left(TOUR), await shop.left(CONCERT)) == (10, 78)
    new = await reserve(shop, {"product": 4, "slot": NEXT_TOUR, "quantity": 2})
    body = {"request": request["token"], "tickets": [tickets[1]["id"]]}
    await shop.as_("office-1").post(f"/v1/requests/{new['token']}/exchange", body)
    assert (await shop.left(TOUR), await shop.left(CONCERT)) == (11, 79)


async def test_who_waits_gets_all_slots_at_once(shop: Client) -> None:
    both = {"product": 922, "slots": {"tour": TOUR, "concert": CONCERT}}
    tour = await reserve(shop, {"product": 4, "slot": TOUR, "quantity": 12})
    concert = await reserve(shop, {"product": 6, "slot": CONCERT, "quantity": 20})
    for _ in range(3):
        await reserve(shop, {"product": 6, "slot": CONCERT, "quantity": 20})
    waiting = await reserve(shop, both, waiting=True)
    assert waiting["status"] == "waiting"
    await shop.cancel(tour)
    assert (await shop.get(f"/v1/requests/{waiting['token']}"))["status"] == "waiting"
    await shop.cancel(concert)
    assert (await shop.get(f"/v1/requests/{waiting['token']}"))["status"] == "reserved"
    assert (await shop.left(TOUR), await shop.left(CONCERT)) == (11, 19)


async def test_orders_of_the_same_slots_in_any_order_do_not_lock_each_other_out(
    shop: Client,
) -> None:
    one = {"product": 922, "slots": {"tour": TOUR, "concert": CONCERT}}
    other = {"product": 922, "slots": {"concert": CONCERT, "tour": TOUR}}
    apart = [{"product": 6, "slot": CONCERT}, {"product": 4, "slot": TOUR}]
    wishes = [wish(one), wish(other), wish(*apart), wish(*reversed(apart)), wish({"product": 924})]
    made = await asyncio.gather(
        *(shop.post("/v1/requests", body, None) for body in wishes for _ in range(4))
    )
    assert {one.get("code") for one in made} == {None, "no_room"}
    next_ones = [one["lines"][0]["slot"] for one in made[-4:]]
    both = sum("token" in one for one in made[:-4])
    assert both == 12 - next_ones.count(TOUR)
    assert (await shop.left(TOUR), await shop.left(CONCERT)) == (0, 80 - both)


async def test_the_next_slot_is_the_next_one_with_room_for_all(shop: Client) -> None:
    await reserve(shop, {"product": 4, "slot": TOUR, "quantity": 11})
    lines = [{"product": 924}, {"product": 924, "quantity": 2}]
    assert [q["slot"] for q in (await shop.post("/v1/quotes", wish(*lines)))["lines"]] == [
        NEXT_TOUR,
        NEXT_TOUR,
    ]
    [alone] = (await reserve(shop, lines[0]))["lines"]
    [late] = (await reserve(shop, lines[0]))["lines"]
    assert (alone["slot"], late["slot"]) == (TOUR, NEXT_TOUR)
    shop.clock.pass_(minutes=26)
    [later] = (await reserve(shop, lines[0]))["lines"]
    assert later["slot"] == NEXT_TOUR


async def test_of_many_who_want_the_next_slot_at_once_none_is_refused(shop: Client) -> None:
    body = wish({"product": 924, "quantity": 5})
    made = await asyncio.gather(*(shop.post("/v1/requests", body, 201) for _ in range(6)))
    assert sorted(one["lines"][0]["slot"] for one in made) == sorted(
        2 * [TOUR, NEXT_TOUR, "tour-20261121T1430Z"]
    )


async def test_today_is_sold_as_long_as_there_is_room_today(small: Client) -> None:
    [line] = (await reserve(small, {"product": 923, "quantity": 3}))["lines"]
    assert (line["slots"], await small.left(MUSEUM)) == ({"museum": MUSEUM}, 0)
    for status, body in ((409, wish({"product": 923})), (409, wish({"product": 920}))):
        refused = await small.post("/v1/requests", body, status)
        assert (refused["code"], refused["attraction"]) == ("nothing_on_sale", "museum")
        assert "today" in refused["detail"]
    small.clock.pass_(hours=10)
    [tomorrow] = (await reserve(small, {"product": 923}))["lines"]
    assert tomorrow["slot"] == "museum-20261121T2300Z"


async def test_on_a_day_that_is_closed_today_is_refused(tmp_path: Path) -> None:
    venue = venue_with(tmp_path)
    closed = '[[attractions.exceptions]]\nday = "2026-11-21"\nclosed = true\n[attractions.sales]'
    venue.write_text(venue.read_text().replace("[attractions.sales]", closed, 1))
    async with central_in(tmp_path, Clock(), venue=venue) as central:
        assert (await reserve(central, {"product": 923}, status=409))["code"] == "nothing_on_sale"


async def test_only_whose_own_window_differs_is_told_when_a_slot_changes(shop: Client) -> None:
    await sold(shop, {"product": 920, "slots": {"tour": TOUR}})
    zone, now, today = shop.api.venue.zone, shop.clock(), shop.clock().date()
    assert await shop.api.database.read(lambda c: conflicts(c, today, now)) == []
    planned = [
        replace(one, arrival=replace(one.arrival, end=one.end)) if one.id == TOUR else one
        for one in planned_slots(shop.api.venue, today)
    ]
    await shop.api.database.write(lambda c: slot_plan.refresh(c, planned, zone, now))
    [conflict] = await shop.api.database.read(lambda c: conflicts(c, today, now))
    assert (conflict.kind, conflict.listed.slot.id, conflict.places) == (
        ConflictKind.CHANGED, TOUR, 1,
    )  # fmt: skip


SHORT = '[[attractions.products]]\nid = 930\nname = { en = "X", de = "X", fr = "X" }\nprice = "1"\n'
ONE = '[[attractions.products.entitlements]]\nattraction = "museum"\n'


@pytest.mark.parametrize(
    ("product", "said"),
    [
        (SHORT + 'admits = ["museum"]\n' + ONE, "write one of them"),
        (SHORT + 'slot = "open"\n' + ONE, "in the entitlements"),
        (SHORT + ONE + ONE, "each once"),
        (SHORT + ONE + "optional = true\n", "one of them required"),
        (SHORT + ONE + "persons = 2\n", "persons is 1 to its own"),
        (SHORT + ONE + "grace_s = 4000\n", "grace_s 0 to 3600"),
        (SHORT + ONE.replace("museum", "moon"), "no attraction"),
        (SHORT + ONE.replace("museum", "tour") + 'slot = "today"\n', "is an event"),
        (SHORT + 'kind = "pass"\n' + ONE, 'needs slot = "open"'),
    ],
)
def test_entitlements_that_make_no_sense_are_bad_settings(
    tmp_path: Path, product: str, said: str
) -> None:
    with pytest.raises(BadSettings, match=said):
        load_venue(venue_with(tmp_path, product))
