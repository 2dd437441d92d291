"""Seats: chosen or the best that are free, held, sold, freed, blocked, moved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.central import Client, Clock
from support.hall import CONCERT, SEATS, TOUR, book, hall_in, states, taken

from central.service import tidy


@pytest.fixture
async def kiosk(tmp_path: Path, clock: Clock) -> AsyncIterator[Client]:
    async with hall_in(tmp_path, clock) as client:
        yield client


@pytest.fixture
def office(kiosk: Client) -> Client:
    return kiosk.as_("office-1")


def seats_of(request: Any) -> list[str]:
    return [seat for line in request["lines"] for seat in line["seats"]]


async def show(client: Client, request: Any) -> Any:
    return await client.get(f"/v1/requests/{request['token']}")


async def test_the_plan_tells_where_each_seat_is_and_how_it_stands(kiosk: Client) -> None:
    await book(kiosk, 2, seats=["Balcony-1-4"])
    plan = await kiosk.get(f"/v1/slots/{CONCERT}/seats")
    assert (plan["slot"], plan["zones"], len(plan["seats"])) == (
        CONCERT,
        ["Stalls", "Balcony"],
        SEATS,
    )
    assert plan["seats"][0] == {
        "id": "Stalls-A-2",
        "zone": "Stalls",
        "row": "A",
        "number": "2",
        "x": -1.5,
        "y": 0.0,
        "wheelchair": False,
        "companion": False,
        "state": "free",
    }
    last = plan["seats"][-1]
    assert (last["id"], last["x"], last["y"], last["state"]) == ("Balcony-1-4", 1.5, 4.0, "held")


async def test_capacity_is_the_number_of_seats(kiosk: Client) -> None:
    assert await kiosk.left(CONCERT) == SEATS
    await book(kiosk, 3, 2)
    assert await kiosk.left(CONCERT) == SEATS - 4


async def test_seats_that_were_chosen_are_held_sold_and_on_the_tickets(kiosk: Client) -> None:
    request = await book(kiosk, 1, 2, seats=["Stalls-C-6", "Stalls-B-1"])
    assert seats_of(request) == ["Stalls-C-6", "Stalls-B-1"]
    assert await taken(kiosk) == {"Stalls-B-1": "held", "Stalls-C-6": "held"}
    await kiosk.confirm(request)
    assert await taken(kiosk) == {"Stalls-B-1": "sold", "Stalls-C-6": "sold"}
    tickets = (await kiosk.issue(request))["tickets"]
    assert [ticket["seats"] for ticket in tickets] == [["Stalls C 6"], ["Stalls B 1"]]
    assert [t["seats"] for t in (await show(kiosk, request))["tickets"]] == [
        ["Stalls C 6"],
        ["Stalls B 1"],
    ]


async def test_a_ticket_for_two_has_two_seats(kiosk: Client) -> None:
    request = await book(kiosk, 3, 2)
    await kiosk.confirm(request)
    tickets = (await kiosk.issue(request))["tickets"]
    assert sorted(tuple(ticket["seats"]) for ticket in tickets) == [
        ("Stalls A 2", "Stalls A 3"),
        ("Stalls A 4", "Stalls A 5"),
    ]


async def test_the_best_that_are_free_are_side_by_side_in_the_zones_of_the_product(
    kiosk: Client,
) -> None:
    assert seats_of(await book(kiosk, 1, 2)) == ["Stalls-A-2", "Stalls-A-3"]
    assert seats_of(await book(kiosk, 2, 2)) == ["Balcony-1-1", "Balcony-1-2"]
    assert seats_of(await book(kiosk, 1, 3)) == ["Stalls-B-1", "Stalls-B-2", "Stalls-B-3"]


async def test_lines_of_one_cart_do_not_take_each_others_seats(kiosk: Client) -> None:
    lines = [
        {"product": 1, "slot": CONCERT, "quantity": 2},
        {"product": 1, "slot": CONCERT, "seats": ["Stalls-A-3"]},
    ]
    request = await kiosk.post("/v1/requests", {"lines": lines, "channel": "kiosk"}, 201)
    assert [line["seats"] for line in request["lines"]] == [
        ["Stalls-A-4", "Stalls-A-5"],
        ["Stalls-A-3"],
    ]
    lines = [{"product": 2, "slot": CONCERT, "seats": ["Balcony-1-1"]}] * 2
    refused = await kiosk.post("/v1/requests", {"lines": lines, "channel": "kiosk"}, 409)
    assert (refused["code"], refused["seats"]) == ("seat_taken", ["Balcony-1-1"])
    assert "Balcony-1-1" not in await taken(kiosk)


@pytest.mark.parametrize(
    ("want", "code", "told"),
    [
        ({"seats": ["Stalls-A-1"]}, "unknown_seat", {"seats": ["Stalls-A-1"]}),
        ({"seats": ["Balcony-1-1"]}, "wrong_zone", {"zones": ["Stalls"]}),
        ({"seats": ["Stalls-A-2", "Stalls-A-3"]}, "wrong_seats", {"places": 1}),
        ({"wheelchair": 2}, "wrong_seats", {}),
        ({"wheelchair": 2, "quantity": 2}, "no_room", {"left": 16, "wheelchair": 1}),
        ({"quantity": 17}, "no_room", {"left": 16, "slot": CONCERT}),
        ({"product": 4, "slot": TOUR, "seats": ["Stalls-A-2"]}, "not_seated", {}),
        ({"product": 4, "slot": TOUR, "wheelchair": 1}, "not_seated", {}),
    ],
)
async def test_what_cannot_be_had_is_refused(
    kiosk: Client, want: dict[str, Any], code: str, told: dict[str, Any]
) -> None:
    refused = await book(kiosk, want.pop("product", 1), status=None, **want)
    assert refused["code"] == code
    assert refused["status"] == (404 if code == "unknown_seat" else 409)
    assert refused.items() >= told.items()
    assert await taken(kiosk) == {}


@pytest.mark.parametrize(
    "want",
    [
        {"seats": ["Stalls-A-2"] * 2, "quantity": 2},
        {"seats": [""]},
        {"seats": ["x" * 41]},
        {"seats": [str(n) for n in range(1001)]},
        {"seats": ["Stalls-A-2"], "wheelchair": 1},
        {"wheelchair": -1},
    ],
)
async def test_what_no_seats_are_is_a_bad_request(kiosk: Client, want: dict[str, Any]) -> None:
    assert (await book(kiosk, 1, status=400, **want))["code"] == "invalid"


async def test_a_wheelchair_place_comes_with_a_companions_seat(kiosk: Client) -> None:
    assert seats_of(await book(kiosk, 1, 2, wheelchair=1)) == ["Stalls-C-1", "Stalls-C-2"]


async def test_a_wheelchair_place_is_given_away_last(kiosk: Client) -> None:
    await book(kiosk, 1, 14)
    assert set(await states(kiosk)) - set(await taken(kiosk)) == {
        "Stalls-C-1",
        "Stalls-C-2",
        "Balcony-1-1",
        "Balcony-1-2",
        "Balcony-1-3",
        "Balcony-1-4",
    }
    assert seats_of(await book(kiosk, 1)) == ["Stalls-C-2"]
    assert seats_of(await book(kiosk, 1)) == ["Stalls-C-1"]


async def test_an_expired_reservation_frees_its_seats_without_any_job(
    kiosk: Client, clock: Clock
) -> None:
    first = await book(kiosk, 1, seats=["Stalls-B-3"])
    clock.pass_(minutes=4)
    assert await taken(kiosk) == {}
    second = await book(kiosk, 1, seats=["Stalls-B-3"])
    refused = await kiosk.confirm(first, 409)
    assert (refused["code"], refused["seats"], refused["slot"]) == (
        "seat_taken",
        ["Stalls-B-3"],
        CONCERT,
    )
    assert (await kiosk.confirm(second))["status"] == "confirmed"


async def test_who_pays_late_has_the_seats_if_they_are_free_again(
    kiosk: Client, clock: Clock
) -> None:
    first = await book(kiosk, 1, seats=["Stalls-B-3"])
    clock.pass_(minutes=4)
    await kiosk.cancel(await book(kiosk, 1, seats=["Stalls-B-3"]))
    assert (await kiosk.confirm(first))["status"] == "confirmed"
    assert await taken(kiosk) == {"Stalls-B-3": "sold"}
    refused = await book(kiosk, 1, seats=["Stalls-B-3"], status=409)
    assert (refused["code"], refused["seats"]) == ("seat_taken", ["Stalls-B-3"])


async def test_who_pays_late_does_not_get_a_blocked_seat(
    kiosk: Client, office: Client, clock: Clock
) -> None:
    request = await book(kiosk, 1, seats=["Stalls-B-3"])
    clock.pass_(minutes=4)
    why = {"seats": ["Stalls-B-3"], "reason": "broken"}
    await office.post(f"/v1/slots/{CONCERT}/seats/block", why)
    assert (await kiosk.confirm(request, 409))["seats"] == ["Stalls-B-3"]


async def test_cancelling_frees_the_seats(kiosk: Client) -> None:
    request = await book(kiosk, 1, 3)
    await kiosk.confirm(request)
    await kiosk.cancel(request)
    assert await taken(kiosk) == {}
    assert seats_of(await book(kiosk, 1, 3)) == seats_of(request)


async def test_a_refunded_ticket_frees_its_seats_and_no_others(
    kiosk: Client, office: Client
) -> None:
    request = await book(office, 3, 3)
    await office.confirm(request)
    tickets = (await office.issue(request))["tickets"]
    back = {"method": "cash", "reference": "1", "reason": "ill", "tickets": [tickets[1]["id"]]}
    kept = seats_of(await office.post(f"/v1/requests/{request['token']}/refund", back))
    assert sorted(await taken(office)) == sorted(kept)
    told = (await show(office, request))["tickets"]
    assert [t["seats"] for t in told] == [tickets[0]["seats"], [], tickets[2]["seats"]]
    freed = [seat for seat in seats_of(request) if seat not in kept]
    assert len(freed) == 2
    assert seats_of(await book(kiosk, 3, seats=freed)) == freed
    await office.post(
        f"/v1/requests/{request['token']}/refund", back | {"tickets": [tickets[0]["id"]]}
    )
    assert sorted(await taken(office)) == sorted(freed + kept[2:])


async def test_an_exchange_frees_the_old_seats(kiosk: Client, office: Client) -> None:
    old = await book(office, 1, 2)
    await office.confirm(old)
    old_tickets = (await office.issue(old))["tickets"]
    new = await book(office, 1, seats=["Stalls-C-6"])
    swap = {"request": old["token"], "tickets": [old_tickets[0]["id"]]}
    await office.post(f"/v1/requests/{new['token']}/exchange", swap)
    assert await taken(office) == {"Stalls-A-3": "sold", "Stalls-C-6": "sold"}


async def test_who_waits_gets_the_seats_that_are_freed(kiosk: Client, clock: Clock) -> None:
    full = await book(kiosk, 2, 4)
    await kiosk.confirm(full)
    waits = await book(kiosk, 2, 2, waiting=True)
    assert (waits["status"], seats_of(waits)) == ("waiting", [])
    await kiosk.cancel(await book(kiosk, 1, 2))
    assert (await show(kiosk, waits))["status"] == "waiting"
    await kiosk.cancel(full)
    told = await show(kiosk, waits)
    assert (told["status"], seats_of(told)) == ("reserved", ["Balcony-1-1", "Balcony-1-2"])
    assert await taken(kiosk) == dict.fromkeys(seats_of(told), "held")
    await kiosk.confirm(waits)
    assert await taken(kiosk) == dict.fromkeys(seats_of(told), "sold")


async def test_nobody_waits_for_certain_seats_or_more_than_a_zone_has(kiosk: Client) -> None:
    await book(kiosk, 2, 4)
    certain = await book(kiosk, 2, seats=["Balcony-1-1"], waiting=True, status=409)
    assert certain["code"] == "seat_taken"
    assert (await book(kiosk, 2, 5, waiting=True, status=409))["code"] == "no_room"
    assert (await book(kiosk, 2, 2, wheelchair=1, waiting=True, status=409))["code"] == "no_room"


async def test_a_blocked_seat_is_not_sold_until_it_is_unblocked(
    kiosk: Client, office: Client
) -> None:
    path, why = f"/v1/slots/{CONCERT}/seats", {"seats": ["Stalls-A-2", "Stalls-A-3"]}
    done = await office.post(f"{path}/block", why | {"reason": "pillar"})
    assert [(one["seat"], one["who"], one["why"]) for one in done["blocked"]] == [
        ("Stalls-A-2", "office-1", "pillar"),
        ("Stalls-A-3", "office-1", "pillar"),
    ]
    assert await taken(kiosk) == {"Stalls-A-2": "blocked", "Stalls-A-3": "blocked"}
    assert await kiosk.left(CONCERT) == SEATS - 2
    refused = await book(kiosk, 1, seats=["Stalls-A-3"], status=409)
    assert refused["seats"] == ["Stalls-A-3"]
    assert seats_of(await book(kiosk, 1)) == ["Stalls-B-3"]
    again = await office.post(f"{path}/block", why | {"reason": "again"})
    assert again == done
    gone = await office.post(f"{path}/unblock", why | {"reason": "moved away"})
    assert gone["blocked"] == []
    assert await kiosk.left(CONCERT) == SEATS - 1
    told = await office.get(f"/v1/slots/{CONCERT}")
    assert [(one["what"], one["why"]) for one in told["changes"]] == [
        ("blocked Stalls-A-2, Stalls-A-3", "pillar"),
        ("unblocked Stalls-A-2, Stalls-A-3", "moved away"),
    ]


async def test_unblocked_seats_go_to_who_waits(kiosk: Client, office: Client) -> None:
    path = f"/v1/slots/{CONCERT}/seats"
    why = {"seats": ["Balcony-1-1"], "reason": "camera"}
    await office.post(f"{path}/block", why)
    await book(kiosk, 2, 3)
    waits = await book(kiosk, 2, waiting=True)
    await office.post(f"{path}/unblock", why)
    assert seats_of(await show(kiosk, waits)) == ["Balcony-1-1"]


async def test_a_seat_that_somebody_has_is_not_blocked(kiosk: Client, office: Client) -> None:
    await book(kiosk, 1, seats=["Stalls-B-3"])
    why = {"seats": ["Stalls-B-3", "Stalls-B-4"], "reason": "camera"}
    refused = await office.post(f"/v1/slots/{CONCERT}/seats/block", why, 409)
    assert (refused["code"], refused["seats"]) == ("seat_taken", ["Stalls-B-3"])
    assert await taken(kiosk) == {"Stalls-B-3": "held"}


async def test_the_office_moves_visitors_to_other_seats(kiosk: Client, office: Client) -> None:
    request = await book(kiosk, 1, 2)
    await kiosk.confirm(request)
    await kiosk.issue(request)
    path = f"/v1/requests/{request['token']}/seats"
    swap = {"Stalls-A-2": "Balcony-1-1", "Stalls-A-3": "Stalls-A-2"}
    moved = await office.post(path, {"slot": CONCERT, "seats": swap, "reason": "knee"})
    assert seats_of(moved) == ["Balcony-1-1", "Stalls-A-2"]
    assert await taken(kiosk) == {"Balcony-1-1": "sold", "Stalls-A-2": "sold"}
    told = await show(kiosk, request)
    assert [t["seats"] for t in told["tickets"]] == [["Balcony 1 1"], ["Stalls A 2"]]
    assert told["history"][-1]["what"] == (
        "moved Stalls-A-2 to Balcony-1-1, Stalls-A-3 to Stalls-A-2: knee"
    )


@pytest.mark.parametrize(
    ("seats", "status", "code"),
    [
        ({"Stalls-A-2": "Stalls-C-6"}, 409, "seat_taken"),
        ({"Stalls-A-2": "Stalls-A-3"}, 409, "seat_taken"),
        ({"Stalls-C-6": "Stalls-C-5"}, 404, "unknown_seat"),
        ({"Stalls-A-2": "Stalls-Z-1"}, 404, "unknown_seat"),
        ({"Stalls-A-2": "Stalls-B-1", "Stalls-A-3": "Stalls-B-1"}, 400, "invalid"),
        ({}, 400, "invalid"),
    ],
)
async def test_a_move_that_cannot_be_changes_nothing(
    kiosk: Client, office: Client, seats: dict[str, str], status: int, code: str
) -> None:
    request = await book(kiosk, 1, 2)
    await book(kiosk, 1, seats=["Stalls-C-6"])
    before = await taken(kiosk)
    path = f"/v1/requests/{request['token']}/seats"
    body = {"slot": CONCERT, "seats": seats, "reason": "knee"}
    assert (await office.post(path, body, status))["code"] == code
    assert await taken(kiosk) == before


async def test_an_expired_or_waiting_request_is_not_moved(
    kiosk: Client, office: Client, clock: Clock
) -> None:
    request = await book(kiosk, 1)
    clock.pass_(minutes=4)
    body = {"slot": CONCERT, "seats": {"Stalls-A-3": "Stalls-B-3"}, "reason": "knee"}
    path = f"/v1/requests/{request['token']}/seats"
    assert (await office.post(path, body, 409))["code"] == "not_reserved"


async def test_seats_are_not_leased_and_their_number_not_changed(
    kiosk: Client, office: Client
) -> None:
    lease = {"slot": CONCERT, "places": 1, "minutes": 5}
    assert (await kiosk.post("/v1/leases", lease, 409))["code"] == "seated"
    more = {"capacity": 30, "reason": "chairs", "force": True}
    assert (await office.post(f"/v1/slots/{CONCERT}/capacity", more, 409))["code"] == "seated"


async def test_slots_without_seats_say_so(kiosk: Client, office: Client) -> None:
    assert (await kiosk.get(f"/v1/slots/{TOUR}/seats", 409))["code"] == "not_seated"
    assert (await kiosk.get("/v1/slots/nothing/seats", 404))["code"] == "unknown_slot"
    why = {"seats": ["A-1"], "reason": "x"}
    refused = await office.post(f"/v1/slots/{TOUR}/seats/block", why, 409)
    assert refused["code"] == "not_seated"
    assert (await book(kiosk, 4, slot=TOUR))["lines"][0]["seats"] == []


async def test_only_the_office_blocks_and_moves(kiosk: Client) -> None:
    why = {"seats": ["Stalls-A-2"], "reason": "x"}
    assert await kiosk.post(f"/v1/slots/{CONCERT}/seats/block", why, 403)
    request = await book(kiosk, 1)
    body = {"slot": CONCERT, "seats": {"Stalls-A-3": "Stalls-B-3"}, "reason": "x"}
    assert await kiosk.post(f"/v1/requests/{request['token']}/seats", body, 403)


async def test_the_catalogue_tells_what_has_seats_and_for_which_zones(kiosk: Client) -> None:
    concert, tour = (await kiosk.get("/v1/catalogue"))["attractions"]
    assert (concert["seated"], tour["seated"]) == (True, False)
    assert [product["zones"] for product in concert["products"]] == [["Stalls"], ["Balcony"], []]


async def test_a_quote_holds_no_seats(kiosk: Client) -> None:
    line = {"product": 1, "slot": CONCERT, "seats": ["Stalls-A-2"]}
    quote = await kiosk.post("/v1/quotes", {"lines": [line], "channel": "kiosk"})
    assert (quote["total"]["amount"], await taken(kiosk)) == ("25.00", {})


async def test_tidying_changes_no_seats(kiosk: Client, clock: Clock) -> None:
    await kiosk.confirm(await book(kiosk, 1, 2))
    before = await taken(kiosk)
    clock.pass_(minutes=5)
    await kiosk.api.database.write(lambda c: tidy(c, clock()))
    assert await taken(kiosk) == before


async def test_a_seat_of_an_expired_reservation_can_be_moved_to(
    kiosk: Client, office: Client, clock: Clock
) -> None:
    await book(kiosk, 1, seats=["Stalls-C-6"])
    clock.pass_(minutes=4)
    request = await book(kiosk, 1)
    seats = {seats_of(request)[0]: "Stalls-C-6"}
    body = {"slot": CONCERT, "seats": seats, "reason": "knee"}
    await office.post(f"/v1/requests/{request['token']}/seats", body)
    assert await taken(kiosk) == {"Stalls-C-6": "held"}
