"""Money back over HTTP: refund, void and exchange."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.central import CONFIG, MUSEUM, TOUR, Client, Clock, central_in
from support.money import LATER, act, balances, euro, let_in, pay, refund, shown, sold


async def test_refunds_at_once_do_not_pay_twice(kiosk: Client, office: Client) -> None:
    request = await kiosk.reserve(4, TOUR, 2)
    await kiosk.confirm(request)
    answers = await asyncio.gather(*(refund(office, request, None) for _ in range(6)))
    assert [a["status"] for a in answers if "token" in a] == ["cancelled"]
    assert {a["code"] for a in answers if "token" not in a} == {"nothing_paid"}
    assert await balances(office) == {"paid:card:kiosk-1": 16, "paid:cash:office-1": -16}
    assert await kiosk.left(TOUR) == 12


async def test_a_part_refund_is_an_allowance_and_never_more_than_is_left(
    kiosk: Client, office: Client
) -> None:
    request = await kiosk.reserve(4, TOUR, 2)
    await kiosk.confirm(request)
    assert (await refund(office, request, amount=euro("10.00")))["status"] == "confirmed"
    more = await refund(office, request, 409, amount=euro("6.01"))
    assert (more["code"], more["refundable"]) == ("too_much", euro("6.00"))
    assert (await balances(office))["allowance"] == 10
    assert (await refund(office, request))["status"] == "cancelled"
    assert (await balances(office)).keys() == {"paid:card:kiosk-1", "paid:cash:office-1"}
    what = [entry["what"] for entry in (await shown(office, request))["history"]]
    assert "refunded 10.00: cash B-1, rain" in what


async def test_one_ticket_of_two_is_given_back(kiosk: Client, office: Client) -> None:
    request = await kiosk.reserve(4, TOUR, 2)
    await kiosk.confirm(request)
    [one, other] = (await kiosk.issue(request))["tickets"]
    assert (await refund(office, request, tickets=[one["id"]]))["status"] == "confirmed"
    assert await kiosk.left(TOUR) == 11
    states = {ticket["id"]: ticket["state"] for ticket in (await shown(office, request))["tickets"]}
    assert states == {one["id"]: "cancelled", other["id"]: "valid"}
    assert (await balances(office))["sales:4"] == -8
    again = await refund(office, request, 404, tickets=[one["id"]])
    assert again["code"] == "unknown_ticket"
    assert (await refund(office, request, tickets=[other["id"]]))["status"] == "cancelled"
    assert await kiosk.left(TOUR) == 12


async def test_a_used_ticket_is_not_taken_back(kiosk: Client, office: Client) -> None:
    request = await kiosk.reserve(4, TOUR, 2)
    await kiosk.confirm(request)
    [one, other] = (await kiosk.issue(request))["tickets"]
    await let_in(kiosk, one)
    gone = await refund(office, request, 409, tickets=[one["id"], other["id"]])
    assert (gone["code"], gone["tickets"]) == ("used", [one["id"]])
    assert (await refund(office, request))["status"] == "confirmed"
    states = {ticket["id"]: ticket["state"] for ticket in (await shown(office, request))["tickets"]}
    assert states == {one["id"]: "valid", other["id"]: "cancelled"}
    assert await kiosk.left(TOUR) == 11


async def test_who_was_let_in_and_never_walked_has_not_used_the_ticket(
    kiosk: Client, office: Client
) -> None:
    request = await kiosk.reserve(4, TOUR)
    await kiosk.confirm(request)
    [ticket] = (await kiosk.issue(request))["tickets"]
    await let_in(kiosk, ticket, lapsed=True)
    assert (await refund(office, request, tickets=[ticket["id"]]))["status"] == "cancelled"


async def test_a_void_leaves_nothing_on_any_account_and_is_kept(
    kiosk: Client, office: Client
) -> None:
    request = await office.reserve(4, TOUR, 2)
    await pay(office, request, "10.00")
    await pay(office, request, "6.00", method="card")
    voided = await act(office, request, "void", {"reason": "wrong day"})
    assert voided["status"] == "cancelled"
    assert await balances(office) == {}
    told = await shown(office, request)
    assert [(r["kind"], r["number"]) for r in told["receipts"]] == [
        ("payment", 1),
        ("payment", 2),
        ("void", 3),
    ]
    assert told["receipts"][2]["amount"] == euro("-16.00")
    assert (await act(office, request, "void", {"reason": "again"}, 409))["code"] == "nothing_paid"


@pytest.mark.parametrize(
    "code", ["other_device", "other_day", "day_closed", "used", "nothing_paid"]
)
async def test_not_everything_can_be_voided(
    kiosk: Client, office: Client, clock: Clock, code: str
) -> None:
    request = await office.reserve(4, TOUR)
    if code != "nothing_paid":
        await (kiosk if code == "other_device" else office).confirm(request)
        [ticket] = (await office.issue(request))["tickets"]
    match code:
        case "other_day":
            clock.pass_(hours=10)
        case "day_closed":
            await office.post("/v1/day-ends", {}, 201)
        case "used":
            await let_in(office, ticket)
    before = await balances(office)
    assert (await act(office, request, "void", {"reason": "x"}, 409))["code"] == code
    assert await balances(office) == before


async def test_old_tickets_and_the_difference_pay_for_new_ones(
    kiosk: Client, office: Client
) -> None:
    old = await sold(kiosk, 5, TOUR, 2)
    new = await office.reserve(4, LATER, 2)
    wanted: dict[str, Any] = {"request": old["token"]}
    refused = await act(office, new, "exchange", wanted, 409)
    assert (refused["code"], refused["due"]) == ("wrong_amount", euro("8.00"))
    wanted["payment"] = {"method": "cash", "reference": "1", "amount": euro("8.00")}
    assert (await act(office, new, "exchange", wanted))["status"] == "confirmed"
    assert (await shown(office, old))["status"] == "cancelled"
    assert await kiosk.left(TOUR) == 12
    assert await balances(office) == {
        "paid:card:kiosk-1": 8,
        "paid:cash:office-1": 8,
        "sales:4": -16,
    }
    again = await office.reserve(4, LATER)
    assert (await act(office, again, "exchange", wanted, 409))["code"] == "not_confirmed"


async def test_what_new_tickets_cost_less_is_credited_and_refunded(
    kiosk: Client, office: Client
) -> None:
    old = await sold(kiosk, 4, TOUR, 2)
    new = await office.reserve(5, LATER)
    ids = [ticket["id"] for ticket in old["tickets"]]
    await act(office, new, "exchange", {"request": old["token"], "tickets": ids[:1]})
    assert (await balances(office))["receivable"] == -4
    assert (await refund(office, old, amount=euro("4.00")))["status"] == "confirmed"
    assert await balances(office) == {
        "paid:card:kiosk-1": 16,
        "paid:cash:office-1": -4,
        "sales:4": -8,
        "sales:5": -4,
    }


async def test_a_refused_exchange_leaves_nothing(kiosk: Client, office: Client) -> None:
    old = await sold(kiosk, 4, TOUR)
    before = await balances(office)
    new = await office.reserve(4, LATER)
    await let_in(kiosk, old["tickets"][0])
    answer = await act(office, new, "exchange", {"request": old["token"]}, 409)
    assert answer["code"] == "used"
    same = await act(office, old, "exchange", {"request": old["token"]}, 409)
    assert same["code"] == "not_reserved"
    assert await balances(office) == before


@pytest.fixture
async def strict(tmp_path: Path, clock: Clock) -> AsyncIterator[Client]:
    """The office of a venue where children's tours stay, and adults' go until 24 h before."""
    text = (CONFIG / "venue.toml").read_text()
    text = text.replace("id = 5\n", 'id = 5\nexchange = "never"\n')
    text = text.replace("id = 4\n", 'id = 4\nexchange = "24h"\ntax_percent = "7"\n')
    (tmp_path / "strict.toml").write_text(text)
    async with central_in(tmp_path / "x", clock, venue=tmp_path / "strict.toml") as client:
        yield Client(client.http, client.api, clock, "office-1")


@pytest.mark.parametrize(
    ("product", "slot", "code"),
    [
        (5, TOUR, "not_exchangeable"),
        (4, TOUR, "too_late"),
        (4, "tour-20261123T1330Z", None),
        (1, MUSEUM, None),
    ],
)
async def test_a_product_says_until_when_it_is_exchanged(
    strict: Client, product: int, slot: str, code: str | None
) -> None:
    old = await sold(strict, product, slot, 2 if product == 4 else 1)
    new = await strict.reserve(5, LATER)
    answer = await act(strict, new, "exchange", {"request": old["token"]}, None)
    assert answer.get("code") == code


async def test_tax_is_on_an_account_of_its_own_and_goes_back_with_the_price(
    strict: Client,
) -> None:
    request = await sold(strict, 4, TOUR, 3)
    assert (await balances(strict))["tax:7"] == -1.57
    await refund(strict, request, amount=euro("12.00"))
    assert await balances(strict) == {
        "paid:card:office-1": 24,
        "paid:cash:office-1": -12,
        "sales:4": -22.43,
        "tax:7": -0.79,
        "allowance": 11.22,
    }
    await refund(strict, request, tickets=[request["tickets"][0]["id"]])
    await refund(strict, request)
    assert set(await balances(strict)) == {"paid:card:office-1", "paid:cash:office-1"}


@pytest.mark.parametrize("what", ["payment-option", "refund", "void", "exchange"])
async def test_only_the_office_leaves_money_open_or_gives_it_back(kiosk: Client, what: str) -> None:
    request = await kiosk.reserve(4, TOUR)
    assert (await act(kiosk, request, what, {}, 403))["code"] == "forbidden"


async def test_money_of_a_cancelled_request_is_owed_until_it_is_refunded(
    kiosk: Client, office: Client
) -> None:
    request = await kiosk.reserve(4, TOUR)
    await kiosk.confirm(request)
    await kiosk.cancel(request)
    assert await balances(office) == {"paid:card:kiosk-1": 8, "receivable": -8}
    assert (await pay(kiosk, request, "8.00", 409))["code"] == "cancelled"
    await refund(office, request)
    assert "receivable" not in await balances(office)


async def test_a_voucher_gets_back_what_it_paid(kiosk: Client, office: Client) -> None:
    made = await office.post("/v1/vouchers", {"value": euro("20.00")}, None)
    assert "code" in made
    for what, body in (
        ("refund", {"method": "voucher", "reference": made["code"], "reason": "rain"}),
        ("void", {"reason": "rain"}),
    ):
        request = await office.reserve(4, TOUR)
        payment = {"method": "voucher", "reference": made["code"], "amount": euro("8.00")}
        await act(office, request, "payments", {"payment": payment})
        assert (await office.get(f"/v1/vouchers/{made['code']}"))["balance"] == euro("12.00")
        await act(office, request, what, body)
        assert (await office.get(f"/v1/vouchers/{made['code']}"))["balance"] == euro("20.00")


async def test_a_ticket_that_is_left_is_good_once_nothing_is_due_of_it(office: Client) -> None:
    request = await office.reserve(4, TOUR, 2)
    await act(office, request, "payment-option", {"option": "not_paid", "reason": "at the door"})
    await pay(office, request, "8.00")
    first = (await office.issue(request))["tickets"][0]
    await refund(office, request, tickets=[first["id"]])
    told = await shown(office, request)
    assert told["due"] == euro("0.00")
    assert [ticket["state"] for ticket in told["tickets"]] == ["cancelled", "valid"]


async def test_an_invitation_leaves_the_visitor_what_is_owed_to_him(office: Client) -> None:
    old = await office.reserve(4, TOUR, 2)
    await act(office, old, "payment-option", {"option": "postpaid", "reason": "a school"})
    await pay(office, old, "16.00")
    first = (await office.issue(old))["tickets"][0]
    new = await office.reserve(5, TOUR)
    await act(office, new, "exchange", {"request": old["token"], "tickets": [first["id"]]})
    before = await balances(office)
    await act(office, old, "payment-option", {"option": "invitation", "reason": "the mayor"})
    assert (await balances(office), before["receivable"]) == (before, -4)
