"""The waiting list of a full slot: who came first gets free places offered, for a time."""

from __future__ import annotations

from typing import Any

from support.central import TOUR, Client, Clock
from support.money import pay

from central.service import tidy


async def wait(kiosk: Client, quantity: int, status: int = 201) -> Any:
    return await kiosk.reserve(4, TOUR, quantity, status, waiting=True)


async def status(kiosk: Client, request: Any) -> str:
    told: str = (await kiosk.get(f"/v1/requests/{request['token']}"))["status"]
    return told


async def tidied(kiosk: Client, clock: Clock) -> None:
    await kiosk.api.database.write(lambda c: tidy(c, clock()))


async def test_who_finds_room_does_not_wait(kiosk: Client) -> None:
    assert (await wait(kiosk, 12))["status"] == "reserved"


async def test_who_waits_takes_no_place_and_pays_nothing(kiosk: Client) -> None:
    await kiosk.reserve(4, TOUR, 10)
    waits = await wait(kiosk, 3)
    assert (waits["status"], waits["expires_at"]) == ("waiting", "2026-11-21T13:30:00+00:00")
    assert await kiosk.left(TOUR) == 2
    assert (await kiosk.confirm(waits, 409))["code"] == "waiting"
    assert (await kiosk.issue(waits, 409))["code"] == "not_confirmed"


async def test_more_than_there_can_ever_be_is_not_waited_for(kiosk: Client) -> None:
    assert (await wait(kiosk, 13, 409))["code"] == "no_room"


async def test_a_cancelled_place_is_offered_at_once_and_sold(kiosk: Client) -> None:
    full = await kiosk.reserve(4, TOUR, 12)
    await kiosk.confirm(full)
    waits = await wait(kiosk, 3)
    await kiosk.cancel(full)
    told = await kiosk.get(f"/v1/requests/{waits['token']}")
    assert (told["status"], told["expires_at"]) == ("reserved", "2026-11-21T13:35:00+00:00")
    assert told["history"][-1]["what"] == "offered and reserved until 2026-11-21T13:35:00+00:00"
    assert await kiosk.left(TOUR) == 9
    assert (await kiosk.confirm(waits))["status"] == "confirmed"


async def test_the_first_of_those_who_fit_is_served(kiosk: Client) -> None:
    part, _ = await kiosk.reserve(4, TOUR, 4), await kiosk.reserve(4, TOUR, 8)
    big, small, late = await wait(kiosk, 5), await wait(kiosk, 3), await wait(kiosk, 2)
    await kiosk.cancel(part)
    assert [await status(kiosk, one) for one in (big, small, late)] == [
        "waiting",
        "reserved",
        "waiting",
    ]


async def test_who_waits_comes_before_who_buys(kiosk: Client, clock: Clock) -> None:
    await kiosk.reserve(4, TOUR, 12)
    waits = await wait(kiosk, 10)
    clock.pass_(minutes=4)
    refused = await kiosk.reserve(4, TOUR, 3, 409)
    assert (refused["code"], refused["left"]) == ("no_room", 2)
    assert await status(kiosk, waits) == "reserved" or await wait(kiosk, 1) is None


async def test_an_offer_that_nobody_takes_goes_to_the_next(kiosk: Client, clock: Clock) -> None:
    clock.pass_(hours=-2)
    await kiosk.reserve(4, TOUR, 12)
    first, second = await wait(kiosk, 12), await wait(kiosk, 12)
    clock.pass_(minutes=4)
    await tidied(kiosk, clock)
    assert [await status(kiosk, one) for one in (first, second)] == ["reserved", "waiting"]
    clock.pass_(minutes=30)
    await tidied(kiosk, clock)
    assert [await status(kiosk, one) for one in (first, second)] == ["expired", "reserved"]


async def test_who_cancels_has_left_the_list(kiosk: Client) -> None:
    full = await kiosk.reserve(4, TOUR, 12)
    waits, other = await wait(kiosk, 3), await wait(kiosk, 10)
    assert (await kiosk.cancel(waits))["status"] == "cancelled"
    await kiosk.cancel(full)
    assert [await status(kiosk, one) for one in (waits, other)] == ["cancelled", "reserved"]


async def test_waiting_ends_with_the_sale(kiosk: Client, clock: Clock) -> None:
    full = await kiosk.reserve(4, TOUR, 12)
    await kiosk.confirm(full)
    waits = await wait(kiosk, 1)
    clock.pass_(minutes=25)
    assert await status(kiosk, waits) == "expired"
    await kiosk.cancel(full)
    await tidied(kiosk, clock)
    told = await kiosk.get(f"/v1/requests/{waits['token']}")
    assert (told["status"], told["history"][-1]["what"]) == ("expired", "expired")


async def test_returned_and_added_places_are_offered(kiosk: Client) -> None:
    lease = await kiosk.post("/v1/leases", {"slot": TOUR, "places": 12, "minutes": 60}, 201)
    first, second = await wait(kiosk, 12), await wait(kiosk, 2)
    await kiosk.post(f"/v1/leases/{lease['id']}/return", {})
    assert [await status(kiosk, one) for one in (first, second)] == ["reserved", "waiting"]
    more = {"capacity": 14, "reason": "a second guide"}
    await kiosk.as_("office-1").post(f"/v1/slots/{TOUR}/capacity", more)
    assert await status(kiosk, second) == "reserved"


async def test_places_of_a_closed_slot_are_not_offered(kiosk: Client) -> None:
    office = kiosk.as_("office-1")
    full = await kiosk.reserve(4, TOUR, 12)
    waits = await wait(kiosk, 1)
    await office.post(f"/v1/slots/{TOUR}/close", {"reason": "storm"})
    await kiosk.cancel(full)
    assert await status(kiosk, waits) == "waiting"
    await office.post(f"/v1/slots/{TOUR}/reopen", {"reason": "sun"})
    assert await status(kiosk, waits) == "reserved"


async def test_a_code_counts_when_places_are_offered(kiosk: Client) -> None:
    office = kiosk.as_("office-1")
    await office.post("/v1/promo-codes", {"code": "ONE", "percent": "50", "max_uses": 1}, 201)
    full = await kiosk.reserve(4, TOUR, 12)
    first, second = [
        await kiosk.reserve(4, TOUR, waiting=True, promo_codes=["one"]) for _ in range(2)
    ]
    last = await wait(kiosk, 1)
    assert [one["status"] for one in (first, second)] == ["waiting"] * 2
    [code] = (await office.get("/v1/promo-codes"))["promo_codes"]
    assert code["uses"] == 0
    await kiosk.cancel(full)
    told = [await status(kiosk, one) for one in (first, second, last)]
    assert told == ["reserved", "cancelled", "reserved"]
    [code] = (await office.get("/v1/promo-codes"))["promo_codes"]
    assert code["uses"] == 1
    why = (await kiosk.get(f"/v1/requests/{second['token']}"))["history"][-1]
    assert why["what"] == "cancelled: ONE: the code is good 0 times more"
    assert await kiosk.left(TOUR) == 10


async def test_places_of_refunded_tickets_are_offered_at_once(kiosk: Client) -> None:
    office = kiosk.as_("office-1")
    request = await office.reserve(4, TOUR, 12)
    await office.confirm(request)
    ids = [ticket["id"] for ticket in (await office.issue(request))["tickets"]]
    waits = await wait(kiosk, 2)
    told = {"method": "cash", "reference": "B-1", "reason": "ill", "tickets": ids[:2]}
    await office.post(f"/v1/requests/{request['token']}/refund", told)
    assert await status(kiosk, waits) == "reserved"


async def test_who_waits_pays_no_part_either(kiosk: Client) -> None:
    await kiosk.reserve(4, TOUR, 12)
    waits = await wait(kiosk, 1)
    assert (await pay(kiosk, waits, "1.00", 409))["code"] == "waiting"
