"""Places leased to a kiosk for offline sale: taken, used, told late, returned, run out."""

from __future__ import annotations

from typing import Any

import pytest
from support.central import TOUR, Client, Clock


async def leased(kiosk: Client, places: int, minutes: int = 60, status: int = 201) -> Any:
    body = {"slot": TOUR, "places": places, "minutes": minutes}
    return await kiosk.post("/v1/leases", body, status)


async def use(kiosk: Client, lease: Any, *tickets: tuple[int, int], status: int = 200) -> Any:
    told = [{"id": str(ticket), "places": places} for ticket, places in tickets]
    return await kiosk.post(f"/v1/leases/{lease['id']}/use", {"tickets": told}, status)


async def stands(kiosk: Client) -> tuple[int, int, int]:
    """(sold, reserved, leased)"""
    slot = await kiosk.as_("office-1").get(f"/v1/slots/{TOUR}")
    return slot["sold"], slot["reserved"], slot["leased"]


async def test_leased_places_are_not_sold_to_others(kiosk: Client) -> None:
    lease = await leased(kiosk, 10)
    assert (lease["expires_at"], lease["used"]) == ("2026-11-21T14:05:00+00:00", 0)
    assert await kiosk.left(TOUR) == 2
    assert (await kiosk.reserve(4, TOUR, 3, 409))["left"] == 2
    refused = await leased(kiosk.as_("kiosk-2"), 3, status=409)
    assert (refused["code"], refused["left"]) == ("no_room", 2)
    assert (await kiosk.get("/v1/leases"))["leases"] == [lease]
    assert (await kiosk.as_("kiosk-2").get("/v1/leases"))["leases"] == []


async def test_what_was_sold_offline_is_sold_and_the_rest_is_returned(kiosk: Client) -> None:
    lease = await leased(kiosk, 10)
    assert (await use(kiosk, lease, (7, 2), (8, 1)))["used"] == 3
    assert await stands(kiosk) == (3, 0, 7)
    back = await kiosk.post(f"/v1/leases/{lease['id']}/return", {})
    assert (back["used"], back["returned"]) == (3, 7)
    assert await stands(kiosk) == (3, 0, 0)
    assert await kiosk.left(TOUR) == 9


async def test_a_ticket_that_is_told_twice_counts_once(kiosk: Client) -> None:
    one, other = await leased(kiosk, 4), await leased(kiosk, 4)
    await use(kiosk, one, (7, 2))
    assert (await use(kiosk, one, (7, 2), (8, 1)))["used"] == 3
    assert (await use(kiosk, other, (7, 2), status=409))["code"] == "told_before"


async def test_more_than_was_leased_is_refused_and_set_aside(kiosk: Client) -> None:
    lease = await leased(kiosk, 2)
    for _ in range(2):
        refused = await use(kiosk, lease, (7, 3), status=409)
        assert (refused["code"], refused["left"]) == ("more_than_leased", 2)
    assert await stands(kiosk) == (0, 0, 2)
    [bad] = (await kiosk.get("/v1/quarantine"))["bad"]
    assert bad["device"] == "kiosk-1"
    assert '"7"' in bad["payload"]
    assert "more than the 2 left" in bad["reason"]


async def test_a_lease_that_ran_out_frees_its_places(kiosk: Client, clock: Clock) -> None:
    await leased(kiosk, 12, minutes=10)
    clock.pass_(minutes=9, seconds=59)
    assert await kiosk.left(TOUR) == 0
    clock.pass_(seconds=1)
    assert await kiosk.left(TOUR) == 12
    assert (await kiosk.get("/v1/leases"))["leases"] == []


async def test_what_is_told_late_counts_and_is_reported_where_it_oversold(
    kiosk: Client, clock: Clock
) -> None:
    lease = await leased(kiosk, 12, minutes=10)
    clock.pass_(minutes=11)
    await kiosk.sell(4, TOUR, 11)
    assert (await use(kiosk, lease, (7, 3)))["used"] == 3
    assert await stands(kiosk) == (14, 0, 0)
    assert await kiosk.left(TOUR) == 0
    [conflict] = (await kiosk.as_("office-1").get("/v1/conflicts"))["conflicts"]
    assert (conflict["kind"], conflict["places"]) == ("oversold", 2)


async def test_a_lease_belongs_to_the_kiosk_that_took_it(kiosk: Client) -> None:
    lease, other = await leased(kiosk, 2), kiosk.as_("kiosk-2")
    assert (await use(other, lease, (7, 1), status=404))["code"] == "unknown_lease"
    await other.post(f"/v1/leases/{lease['id']}/return", {}, 404)


@pytest.mark.parametrize(
    ("slot", "status", "code"),
    [("tour-x", 404, "unknown_slot"), ("tour-20261121T1200Z", 409, "sale_blocked")],
)
async def test_what_is_not_on_sale_is_not_leased(
    kiosk: Client, slot: str, status: int, code: str
) -> None:
    body = {"slot": slot, "places": 1, "minutes": 5}
    assert (await kiosk.post("/v1/leases", body, status))["code"] == code


@pytest.mark.parametrize(
    "wrong", [{"places": 0}, {"places": 1001}, {"minutes": 0}, {"minutes": 10**9}, {"slot": ""}]
)
async def test_a_senseless_lease_is_refused(kiosk: Client, wrong: dict[str, Any]) -> None:
    body = {"slot": TOUR, "places": 1, "minutes": 5} | wrong
    assert (await kiosk.post("/v1/leases", body, 400))["code"] == "invalid"


@pytest.mark.parametrize(
    "tickets",
    [
        [],
        [{"id": "0"}],
        [{"id": "x"}],
        [{"id": str(2**63)}],
        [{"id": "7", "places": 0}],
        [{"id": "7"}, {"id": "07"}],
        [{"id": str(n)} for n in range(1, 202)],
    ],
)
async def test_senseless_tickets_are_refused(kiosk: Client, tickets: list[Any]) -> None:
    lease = await leased(kiosk, 12)
    await kiosk.post(f"/v1/leases/{lease['id']}/use", {"tickets": tickets}, 400)
    assert await stands(kiosk) == (0, 0, 12)
