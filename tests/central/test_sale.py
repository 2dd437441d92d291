"""One sale over HTTP, from the catalogue to the tickets, and everything that may refuse it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from support.central import CONFIG, MUSEUM, NOW, TOUR, Client, Clock, central_in

from admission.codes import SignedCode, genuine, read_code
from central.catalogue.venue import load_venue

PRODUCTS = len(load_venue(CONFIG / "venue.toml").products())


async def test_the_catalogue_shows_the_sample_venue(kiosk: Client) -> None:
    catalogue = await kiosk.get("/v1/catalogue")
    kinds = {a["id"]: a["kind"] for a in catalogue["attractions"]}
    assert kinds == {"museum": "location", "tour": "event", "concert": "event"}
    assert catalogue["venue"] == "Harbour Museum"
    family = catalogue["attractions"][0]["products"][2]
    assert family["price"] == {"amount": "28.00", "currency": "EUR"}
    assert (family["id"], family["persons"], family["name"]["fr"]) == (3, 5, "Famille")


async def test_a_visitor_buys_a_tour(kiosk: Client) -> None:
    request = await kiosk.reserve(4, TOUR, 2)
    assert request["status"] == "reserved"
    assert request["total"] == {"amount": "16.00", "currency": "EUR"}
    assert request["expires_at"] == "2026-11-21T13:09:00+00:00"
    assert request["lines"][0]["description"] == "Sat 21 Nov - 14:30"
    assert (await kiosk.confirm(request))["status"] == "confirmed"
    tickets = (await kiosk.issue(request))["tickets"]
    assert len({ticket["id"] for ticket in tickets}) == 2
    assert tickets[0]["valid_from"] == "2026-11-21T13:15:00+00:00"
    assert tickets[0]["valid_until"] == "2026-11-21T13:40:00+00:00"
    assert tickets[0]["attraction_name"]["de"] == "Führung"


@pytest.mark.parametrize(
    ("device", "channel", "until"),
    [("kiosk-1", "kiosk", "13:09"), ("office-1", "office", "13:30"), ("web-1", "web", "13:25")],
)
async def test_each_channel_holds_places_for_its_own_time(
    kiosk: Client, device: str, channel: str, until: str
) -> None:
    request = await kiosk.as_(device).reserve(4, TOUR, channel=channel)
    assert request["expires_at"] == f"2026-11-21T{until}:00+00:00"


async def test_the_code_on_the_ticket_is_signed_with_centrals_published_key(kiosk: Client) -> None:
    [ticket] = await kiosk.sell(3, MUSEUM)
    code = read_code(ticket["code"])
    assert isinstance(code, SignedCode)
    assert genuine(code, kiosk.api.key.issuer)
    assert (str(code.ticket.id), code.ticket.persons) == (ticket["id"], 5)


async def test_issuing_again_gives_the_same_tickets_in_the_same_order(kiosk: Client) -> None:
    request = await kiosk.reserve(1, MUSEUM, 5)
    await kiosk.confirm(request)
    first = await kiosk.issue(request)
    assert await kiosk.issue(request) == first


async def test_tickets_are_not_issued_before_they_are_paid(kiosk: Client) -> None:
    request = await kiosk.reserve(1, MUSEUM)
    assert (await kiosk.issue(request, 409))["code"] == "not_confirmed"


async def test_a_wrong_amount_does_not_buy(kiosk: Client) -> None:
    request = await kiosk.reserve(1, MUSEUM)
    less = request | {"total": {"amount": "11.99", "currency": "EUR"}}
    other = request | {"total": {"amount": "12.00", "currency": "CHF"}}
    assert (await kiosk.confirm(less, 409))["code"] == "wrong_amount"
    assert (await kiosk.confirm(other, 409))["code"] == "wrong_currency"
    assert (await kiosk.get(f"/v1/requests/{request['token']}"))["status"] == "reserved"


async def test_a_second_payment_is_refused_and_the_same_one_told_again_is_not(
    kiosk: Client,
) -> None:
    request = await kiosk.reserve(1, MUSEUM)
    await kiosk.confirm(request)
    assert (await kiosk.confirm(request))["status"] == "confirmed"
    again = await kiosk.confirm(request, 409, reference="SIM-18")
    assert again["code"] == "already_confirmed"
    assert len((await kiosk.get(f"/v1/requests/{request['token']}"))["payments"]) == 1


async def test_the_request_tells_its_history_and_its_holder(kiosk: Client) -> None:
    request = await kiosk.reserve(1, MUSEUM, language="de")
    body = {
        "payment": {"method": "card", "reference": "SIM-1", "amount": request["total"]},
        "holder": {"name": "Ada", "email": "", "phone": "+49 40 1"},
    }
    await kiosk.post(f"/v1/requests/{request['token']}/confirm", body)
    await kiosk.issue(request)
    await kiosk.cancel(request)
    told = await kiosk.get(f"/v1/requests/{request['token']}")
    assert [entry["what"] for entry in told["history"]] == [
        "registered",
        "reserved until 2026-11-21T13:09:00+00:00",
        "confirmed: card SIM-1",
        "holder told",
        "issued 1 tickets",
        "cancelled: changed my mind",
    ]
    assert {entry["who"] for entry in told["history"]} == {"kiosk-1"}
    assert (told["language"], told["holder"]["name"]) == ("de", "Ada")
    assert told["tickets"][0]["state"] == "cancelled"


async def test_fifty_buyers_at_once_get_twelve_places(kiosk: Client) -> None:
    async def buy() -> Any:
        return await kiosk.reserve(4, TOUR, status=None)

    answers = await asyncio.gather(*(buy() for _ in range(50)))
    refusals = [answer for answer in answers if "token" not in answer]
    assert len(answers) - len(refusals) == 12
    assert {(r["status"], r["code"], r["left"]) for r in refusals} == {(409, "no_room", 0)}
    assert await kiosk.left(TOUR) == 0


async def test_a_family_takes_five_places(kiosk: Client, tmp_path: Path) -> None:
    text = kiosk.api.venues.revision.text.replace(
        'id = "museum"\n', 'id = "museum"\ncapacity = 12\n'
    )
    (tmp_path / "small.toml").write_text(text)
    async with central_in(tmp_path / "x", Clock(), venue=tmp_path / "small.toml") as small:
        await small.reserve(3, MUSEUM, 2)
        assert await small.left(MUSEUM) == 2
        refused = await small.reserve(3, MUSEUM, status=409)
        assert (refused["code"], refused["left"]) == ("no_room", 2)


async def test_an_expired_reservation_frees_its_places(kiosk: Client, clock: Clock) -> None:
    request = await kiosk.reserve(4, TOUR, 12)
    clock.pass_(minutes=3, seconds=59)
    assert await kiosk.left(TOUR) == 0
    clock.pass_(seconds=1)
    assert await kiosk.left(TOUR) == 12
    assert (await kiosk.get(f"/v1/requests/{request['token']}"))["status"] == "expired"


async def test_a_late_payer_gets_the_places_while_there_is_room(
    kiosk: Client, clock: Clock
) -> None:
    late = await kiosk.reserve(4, TOUR, 7)
    clock.pass_(minutes=10)
    await kiosk.reserve(4, TOUR, 5)
    assert (await kiosk.confirm(late))["status"] == "confirmed"


async def test_a_late_payer_is_refused_when_others_took_the_places(
    kiosk: Client, clock: Clock
) -> None:
    late = await kiosk.reserve(4, TOUR, 7)
    clock.pass_(minutes=10)
    await kiosk.reserve(4, TOUR, 6)
    refused = await kiosk.confirm(late, 409)
    assert (refused["code"], refused["left"], refused["slot"]) == ("no_room", 6, TOUR)


async def test_no_oversell_when_the_clock_steps_back(kiosk: Client, clock: Clock) -> None:
    early = await kiosk.reserve(4, TOUR, 12)
    clock.pass_(minutes=5)
    await kiosk.confirm(await kiosk.reserve(4, TOUR, 12))
    clock.pass_(minutes=-5)
    assert (await kiosk.confirm(early, 409))["code"] == "no_room"


async def test_cancelling_frees_the_places_once(kiosk: Client) -> None:
    request = await kiosk.reserve(4, TOUR, 12)
    await kiosk.confirm(request)
    assert (await kiosk.cancel(request))["status"] == "cancelled"
    assert (await kiosk.cancel(request))["status"] == "cancelled"
    assert await kiosk.left(TOUR) == 12
    assert (await kiosk.confirm(request, 409))["code"] == "cancelled"
    assert (await kiosk.issue(request, 409))["code"] == "not_confirmed"


@pytest.mark.parametrize(
    ("product", "slot", "code"),
    [(99, TOUR, "unknown_product"), (4, "tour-x", "unknown_slot"), (1, TOUR, "unknown_slot")],
)
async def test_what_is_not_there_is_not_found(
    kiosk: Client, product: int, slot: str, code: str
) -> None:
    assert (await kiosk.reserve(product, slot, status=404))["code"] == code


@pytest.mark.parametrize(
    ("slot", "blocked"),
    [
        ("tour-20261121T1300Z", "sale_ended"),
        ("tour-20261121T1200Z", "event_over"),
        ("tour-20270119T2230Z", "sale_not_started"),
    ],
)
async def test_a_slot_is_bought_only_while_on_sale(
    kiosk: Client, clock: Clock, slot: str, blocked: str
) -> None:
    if blocked == "sale_not_started":
        clock.pass_(days=-1)
    refused = await kiosk.reserve(4, slot, status=409)
    assert (refused["code"], refused["blocked"]) == ("sale_blocked", blocked)


async def test_one_line_without_room_reserves_nothing(kiosk: Client) -> None:
    lines = [
        {"product": 6, "slot": "concert-20261121T1900Z", "quantity": 2},
        {"product": 4, "slot": TOUR, "quantity": 8},
        {"product": 5, "slot": TOUR, "quantity": 5},
    ]
    refused = await kiosk.post("/v1/requests", {"lines": lines, "channel": "web"}, 409)
    assert (refused["slot"], refused["left"]) == (TOUR, 12)
    assert await kiosk.left("concert-20261121T1900Z") == 80


async def test_slots_say_when_how_many_are_left_and_why_not(kiosk: Client) -> None:
    await kiosk.reserve(4, TOUR, 12)
    slots = (await kiosk.get("/v1/attractions/tour/slots?date=2026-11-21"))["slots"]
    assert len(slots) == 48
    by_id = {slot["id"]: slot for slot in slots}
    assert by_id[TOUR] == {
        "id": TOUR,
        "start": "2026-11-21T13:30:00+00:00",
        "end": "2026-11-21T14:15:00+00:00",
        "description": "Sat 21 Nov - 14:30",
        "left": 0,
        "admitted": None,
        "present": None,
        "blocked": "sold_out",
    }
    assert by_id["tour-20261121T1300Z"]["blocked"] == "sale_ended"
    assert by_id["tour-20261121T1400Z"]["blocked"] is None


async def test_the_next_fourteen_days_are_offered(kiosk: Client, clock: Clock) -> None:
    clock.now = NOW.replace(hour=19)
    days = (await kiosk.get("/v1/attractions/concert/dates"))["dates"]
    assert [days[0]["date"], days[13]["date"], len(days)] == ["2026-11-21", "2026-12-04", 14]
    assert [day["open"] for day in days] == [False] + [True] * 13


async def test_a_sale_survives_a_restart(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()) as before:
        request = await before.reserve(4, TOUR, 3)
        await before.confirm(request)
        issued = await before.issue(request)
    async with central_in(tmp_path, Clock()) as after:
        assert await after.issue(request) == issued
        assert await after.left(TOUR) == 9
        assert (await after.get("/v1/feed"))["head"] == 1 + PRODUCTS + 3
