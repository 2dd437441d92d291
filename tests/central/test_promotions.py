"""Promo codes: what they take off, and never more often than they may."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.central import MUSEUM, TOUR, Client, Clock

CONCERT = "concert-20261122T1900Z"


@pytest.fixture
def office(kiosk: Client) -> Client:
    return Client(kiosk.http, kiosk.api, kiosk.clock, "office-1")


async def promo(office: Client, status: int = 201, **told: Any) -> Any:
    return await office.post("/v1/promo-codes", told, status)


def euro(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


async def uses(office: Client) -> list[int]:
    page = await office.get("/v1/promo-codes")
    return [one["uses"] for one in page["promo_codes"]]


@pytest.mark.parametrize(
    ("told", "discounts", "used"),
    [
        ({"percent": "10"}, ["2.40", "2.80"], 1),
        ({"percent": "10", "per": "ticket"}, ["2.40", "2.80"], 3),
        ({"amount": euro("5.00")}, ["2.31", "2.69"], 1),
        ({"amount": euro("5.00"), "per": "ticket"}, ["10.00", "5.00"], 3),
        ({"amount": euro("5.00"), "per": "ticket", "max_per_order": 2}, ["5.00", "5.00"], 2),
        ({"amount": euro("15.00"), "per": "ticket", "products": [1]}, ["24.00", "0"], 2),
        ({"amount": euro("900.00")}, ["24.00", "28.00"], 1),
        ({"percent": "100", "products": [3]}, ["0", "28.00"], 1),
    ],
)
async def test_a_code_takes_off_what_it_says(
    kiosk: Client, office: Client, told: dict[str, Any], discounts: list[str], used: int
) -> None:
    made = await promo(office, code="Spring-27", **told)
    assert made["code"] == "SPRING-27"
    lines = [
        {"product": 1, "slot": MUSEUM, "quantity": 2},
        {"product": 3, "slot": MUSEUM, "quantity": 1},
    ]
    body = {"lines": lines, "channel": "kiosk", "promo_codes": [" spring-27 ", "SPRING-27"]}
    quote = await kiosk.post("/v1/quotes", body)
    assert [line["discount"]["amount"] for line in quote["lines"]] == discounts
    assert [one["uses"] for one in quote["discounts"]] == [used]
    request = await kiosk.post("/v1/requests", body, 201)
    assert (request["total"], request["tax"]) == (quote["total"], quote["tax"])
    shown = await kiosk.get(f"/v1/requests/{request['token']}")
    assert shown["discounts"] == quote["discounts"]
    assert await uses(office) == [used]


async def test_a_use_is_given_back_when_the_request_expires_or_is_cancelled(
    kiosk: Client, office: Client, clock: Clock
) -> None:
    await promo(office, code="ONCE", percent="50", max_uses=1)
    first = await kiosk.reserve(1, MUSEUM, promo_codes=["once"])
    refused = await kiosk.reserve(1, MUSEUM, status=409, promo_codes=["once"])
    assert (refused["code"], refused["left"], refused["promo_code"]) == ("promo_used_up", 0, "ONCE")
    await kiosk.cancel(first)
    second = await kiosk.reserve(1, MUSEUM, promo_codes=["once"])
    clock.pass_(minutes=4)
    third = await kiosk.reserve(1, MUSEUM, promo_codes=["once"])
    await kiosk.confirm(third)
    late = await kiosk.confirm(second, 409)
    assert (late["code"], late["promo_code"]) == ("promo_used_up", "ONCE")
    assert await uses(office) == [1]


async def test_a_late_payer_keeps_the_code_while_nobody_else_has_it(
    kiosk: Client, office: Client, clock: Clock
) -> None:
    await promo(office, code="ONCE", percent="50", max_uses=1)
    late = await kiosk.reserve(1, MUSEUM, promo_codes=["once"])
    clock.pass_(minutes=10)
    assert (await kiosk.confirm(late))["total"] == euro("6.00")
    assert await uses(office) == [1]


async def test_a_code_used_by_many_at_once_is_used_as_often_as_it_may(
    kiosk: Client, office: Client
) -> None:
    await promo(office, code="FEW", amount=euro("1.00"), max_uses=3)

    async def buy() -> Any:
        return await kiosk.reserve(1, MUSEUM, status=None, promo_codes=["few"])

    answers = await asyncio.gather(*(buy() for _ in range(12)))
    assert sum("token" in answer for answer in answers) == 3
    assert {a["code"] for a in answers if "token" not in a} == {"promo_used_up"}
    assert await uses(office) == [3]


@pytest.mark.parametrize(
    ("limits", "quantity", "used"),
    [
        ({"max_uses": 1}, 2, 1),
        ({"max_uses": 3, "per": "ticket"}, 2, 2),
        ({"max_uses": 3, "per": "ticket", "max_per_order": 2}, 4, 2),
        ({"max_uses": 1, "products": [1]}, 1, 1),
        ({"max_uses": 1, "valid_until": "2026-11-21T13:05:01Z"}, 1, 1),
    ],
)
async def test_of_two_requests_at_once_one_has_what_is_left_of_a_code(
    kiosk: Client, office: Client, limits: dict[str, Any], quantity: int, used: int
) -> None:
    await promo(office, code="ONE", percent="50", **limits)

    async def buy(client: Client) -> Any:
        return await client.reserve(1, MUSEUM, quantity, None, promo_codes=["one"])

    answers = await asyncio.gather(buy(kiosk), buy(kiosk.as_("kiosk-2")))
    assert sorted(answer.get("code", "") for answer in answers) == ["", "promo_used_up"]
    assert await uses(office) == [used]
    kiosk.clock.pass_(seconds=2)
    late = await kiosk.reserve(1, MUSEUM, 1, None, promo_codes=["one"])
    if "valid_until" in limits:
        assert (late["code"], late["why"]) == ("promo_not_valid", "over")


async def test_tickets_beyond_the_limit_are_refused_with_what_is_left(
    kiosk: Client, office: Client
) -> None:
    await promo(office, code="FIVE", percent="10", per="ticket", max_uses=5)
    await kiosk.reserve(1, MUSEUM, 3, promo_codes=["five"])
    refused = await kiosk.reserve(1, MUSEUM, 3, 409, promo_codes=["five"])
    assert (refused["code"], refused["left"]) == ("promo_used_up", 2)
    assert (await kiosk.reserve(1, MUSEUM, 2, promo_codes=["five"]))["total"] == euro("21.60")


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"valid_from": "2026-11-21T13:05:01Z"}, "not_yet"),
        ({"valid_until": "2026-11-21T13:05:00Z"}, "over"),
        ({"channels": ["web"]}, "channel"),
    ],
)
async def test_a_code_is_good_in_its_time_and_channels(
    kiosk: Client, office: Client, told: dict[str, Any], why: str
) -> None:
    await promo(office, code="NOW", percent="10", **told)
    refused = await kiosk.reserve(1, MUSEUM, status=409, promo_codes=["NOW"])
    assert (refused["code"], refused["why"]) == ("promo_not_valid", why)


async def test_a_blocked_code_is_refused_and_who_has_it_keeps_it(
    kiosk: Client, office: Client
) -> None:
    await promo(office, code="GONE", percent="10")
    held = await kiosk.reserve(1, MUSEUM, promo_codes=["GONE"])
    blocked = await office.post("/v1/promo-codes/gone/block", {})
    assert (blocked["blocked"], blocked["uses"]) == (True, 1)
    refused = await kiosk.reserve(1, MUSEUM, status=409, promo_codes=["GONE"])
    assert refused["why"] == "blocked"
    assert (await kiosk.confirm(held))["total"] == euro("10.80")


async def test_codes_follow_one_another_and_one_that_does_nothing_is_refused(
    kiosk: Client, office: Client
) -> None:
    await promo(office, code="HALF", percent="50")
    await promo(office, code="TWO", amount=euro("2.00"))
    await promo(office, code="TOURS", percent="50", products=[4])
    both = await kiosk.reserve(1, MUSEUM, promo_codes=["half", "two"])
    assert both["total"] == euro("4.00")
    refused = await kiosk.reserve(1, MUSEUM, status=409, promo_codes=["two", "tours"])
    assert (refused["code"], refused["promo_code"]) == ("promo_not_applicable", "TOURS")
    unknown = await kiosk.reserve(4, TOUR, status=404, promo_codes=["none"])
    assert unknown["code"] == "unknown_promo_code"
    assert await uses(office) == [1, 1, 0]


async def test_money_is_not_sold_cheaper(office: Client) -> None:
    await promo(office, code="ALL", percent="100")
    lines = [{"product": 9}, {"product": 1, "slot": MUSEUM}]
    body = {"lines": lines, "channel": "office", "promo_codes": ["all"]}
    assert (await office.post("/v1/quotes", body))["total"] == euro("50.00")


async def test_codes_that_central_makes_differ_and_are_long(office: Client) -> None:
    made = {(await promo(office, percent="10"))["code"] for _ in range(5)}
    assert (len(made), {len(code) for code in made}) == (5, {12})


async def test_codes_are_listed_in_pages_and_no_code_is_made_twice(office: Client) -> None:
    for code in ("AAA", "BBB", "CCC"):
        await promo(office, code=code, percent="10")
    assert (await promo(office, 409, code="bbb", percent="20"))["code"] == "code_taken"
    first = (await office.get("/v1/promo-codes?limit=2"))["promo_codes"]
    rest = (await office.get(f"/v1/promo-codes?after={first[-1]['id']}"))["promo_codes"]
    assert [one["code"] for one in first + rest] == ["AAA", "BBB", "CCC"]


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"percent": "10", "amount": {"amount": "1.00", "currency": "EUR"}},
        {"percent": "0"},
        {"percent": "101"},
        {"percent": "1e-9"},
        {"percent": "10", "code": "A B"},
        {"percent": "10", "code": "x" * 41},
        {"amount": {"amount": "-1.00", "currency": "EUR"}},
        {"amount": {"amount": "1e30", "currency": "EUR"}},
        {"percent": "10", "max_uses": 0},
        {"percent": "10", "max_per_order": 2},
        {"percent": "10", "valid_from": "2027-01-02T00:00Z", "valid_until": "2027-01-01T00:00Z"},
        {"percent": "10", "note": "x" * 201},
        {"percent": "10", "products": [1] * 101},
    ],
)
async def test_a_code_that_makes_no_sense_is_refused(office: Client, told: dict[str, Any]) -> None:
    assert (await promo(office, 400, **told))["code"] == "invalid"


async def test_a_code_takes_off_whole_cents_of_this_currency(office: Client) -> None:
    assert (await promo(office, 409, amount=euro("1.001")))["code"] == "wrong_amount"
    franc = {"amount": "1.00", "currency": "CHF"}
    assert (await promo(office, 409, amount=franc))["code"] == "wrong_currency"


async def test_only_the_office_makes_sees_and_blocks_codes(kiosk: Client) -> None:
    assert (await promo(kiosk, 403, percent="10"))["code"] == "forbidden"
    assert (await kiosk.get("/v1/promo-codes", 403))["code"] == "forbidden"
    assert (await kiosk.post("/v1/promo-codes/x/block", {}, 403))["code"] == "forbidden"


async def test_a_ticket_gets_no_more_off_than_it_costs(kiosk: Client, office: Client) -> None:
    await promo(office, code="FIVER", amount=euro("5.00"), per="ticket", max_per_order=2)
    request = await kiosk.reserve(5, TOUR, 3, promo_codes=["fiver"])
    assert request["total"] == euro("4.00")
