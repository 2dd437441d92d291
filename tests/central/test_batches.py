"""Batches of prepaid and postpaid tickets: made, exported, cancelled."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from support.central import MUSEUM, TOUR, Client
from support.money import balances, euro, let_in

POSTPAID = {"product": 4, "slot": TOUR, "quantity": 3, "payment_option": "postpaid"}
PREPAID = POSTPAID | {"payment_option": "prepaid"}
PASS = {"product": 8, "quantity": 2, "payment_option": "postpaid"}


@pytest.fixture
def office(kiosk: Client) -> Client:
    return kiosk.as_("office-1")


async def made(office: Client, **told: Any) -> Any:
    return await office.post("/v1/batches", POSTPAID | told, 201)


async def rows_of(office: Client, batch: Any) -> list[dict[str, str]]:
    """The batch's tickets as the CSV tells them."""
    headers = {"Authorization": f"Bearer {office.api.settings.devices['office-1'].token}"}
    async with office.http.get(f"/v1/batches/{batch['id']}.csv", headers=headers) as response:
        assert (response.status, response.content_type, response.charset) == (
            *(200, "text/csv"),
            "utf-8",
        )
        text = await response.text()
    assert text.count("\r\n") == text.count("\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def test_a_postpaid_batch_is_good_at_once_and_due(office: Client) -> None:
    batch = await made(office, references={"external_order": "R-7"})
    assert (batch["status"], batch["quantity"], batch["slot"]) == ("confirmed", 3, TOUR)
    assert (batch["payment_option"], batch["total"]) == ("postpaid", euro("24.00"))
    assert batch["due"] == euro("24.00")
    assert batch["references"]["external_order"] == "R-7"
    request = await office.get(f"/v1/requests/{batch['request']}")
    assert [ticket["state"] for ticket in request["tickets"]] == ["valid"] * 3
    assert await office.left(TOUR) == 9
    assert await office.get(f"/v1/batches/{batch['id']}") == batch
    assert await office.get("/v1/batches") == {"batches": [batch]}
    assert await office.get(f"/v1/batches?after={batch['id']}") == {"batches": []}


async def test_a_prepaid_batch_is_paid_when_it_is_made(office: Client) -> None:
    paid = {"method": "transfer", "reference": "T-1", "amount": euro("24.00")}
    batch = await office.post("/v1/batches", PREPAID | {"payment": paid}, 201)
    assert (batch["payment_option"], batch["due"]) == ("prepaid", euro("0.00"))
    assert (await balances(office))["paid:transfer:office-1"] == 24


async def test_a_batch_that_cannot_be_made_leaves_nothing(office: Client) -> None:
    paid = {"method": "transfer", "reference": "T-1", "amount": euro("23.00")}
    refused = await office.post("/v1/batches", PREPAID | {"payment": paid}, 409)
    assert (refused["code"], refused["total"]) == ("wrong_amount", euro("24.00"))
    refused = await office.post("/v1/batches", POSTPAID | {"quantity": 13}, 409)
    assert (refused["code"], refused["left"]) == ("no_room", 12)
    nobody = {"references": {"customer": "C-000001"}}
    assert (await office.post("/v1/batches", POSTPAID | nobody, 404))["code"] == "unknown_customer"
    voucher = {"product": 9, "slot": ""}
    assert (await office.post("/v1/batches", POSTPAID | voucher, 409))["code"] == "no_ticket"
    assert await office.left(TOUR) == 12
    assert await office.get("/v1/batches") == {"batches": []}
    assert (await office.get("/v1/requests"))["requests"] == []
    assert await balances(office) == {}


async def test_a_batch_of_passes_has_a_window(office: Client) -> None:
    window = {"day": "2026-12-01", "until": "2026-12-24"}
    batch = await office.post("/v1/batches", PASS | window, 201)
    assert batch["description"] == "01 Dec 2026 - 24 Dec 2026"
    rows = await rows_of(office, batch)
    assert {(row["valid_from"], row["valid_until"]) for row in rows} == {
        ("2026-11-30T23:00:00+00:00", "2026-12-24T23:00:00+00:00")
    }


@pytest.mark.parametrize(
    "body",
    [
        PASS | {"day": "2026-12-01", "until": "2026-11-30"},
        PASS | {"day": "2026-12-01", "until": "2999-01-01"},
        POSTPAID | {"until": "2026-11-30"},
    ],
)
async def test_a_window_that_is_none_is_refused(office: Client, body: Any) -> None:
    assert (await office.post("/v1/batches", body, 409))["code"] == "wrong_day"
    assert await office.get("/v1/batches") == {"batches": []}


async def test_the_export_tells_the_codes_and_who_used_them(office: Client) -> None:
    batch = await made(office)
    tickets = (await office.get(f"/v1/requests/{batch['request']}"))["tickets"]
    office.clock.pass_(minutes=20)
    await let_in(office, tickets[1])
    rows = await rows_of(office, batch)
    assert [(row["human_code"], row["code"]) for row in rows] == [
        (ticket["human_code"], ticket["code"]) for ticket in tickets
    ]
    assert {row["valid_from"] for row in rows} == {"2026-11-21T13:15:00+00:00"}
    assert [row["used_at"] for row in rows] == ["", "2026-11-21T13:25:00+00:00", ""]
    assert {row["state"] for row in rows} == {"valid"}


async def test_an_entry_that_nobody_walked_is_no_use(office: Client) -> None:
    batch = await made(office, quantity=1)
    [ticket] = (await office.get(f"/v1/requests/{batch['request']}"))["tickets"]
    await let_in(office, ticket, lapsed=True)
    assert [row["used_at"] for row in await rows_of(office, batch)] == [""]


async def test_a_cancelled_batch_frees_its_places(office: Client) -> None:
    batch = await made(office)
    path = f"/v1/batches/{batch['id']}/cancel"
    cancelled = await office.post(path, {"reason": "no bus"})
    assert (cancelled["status"], cancelled["due"]) == ("cancelled", euro("0.00"))
    assert await office.post(path, {"reason": "again"}) == cancelled
    assert await office.left(TOUR) == 12
    assert {row["state"] for row in await rows_of(office, batch)} == {"cancelled"}
    assert await balances(office) == {}


async def test_what_was_used_of_a_cancelled_batch_is_due(office: Client) -> None:
    batch = await made(office)
    tickets = (await office.get(f"/v1/requests/{batch['request']}"))["tickets"]
    await let_in(office, tickets[0])
    path = f"/v1/batches/{batch['id']}/cancel"
    cancelled = await office.post(path, {"reason": "the season is over"})
    assert (cancelled["status"], cancelled["due"]) == ("confirmed", euro("8.00"))
    assert [row["state"] for row in await rows_of(office, batch)] == [
        *("valid", "cancelled", "cancelled")
    ]
    assert await office.left(TOUR) == 11
    assert await office.post(path, {"reason": "again"}) == cancelled


async def test_five_thousand_tickets_are_one_batch(office: Client) -> None:
    batch = await made(office, product=1, slot=MUSEUM, quantity=5000)
    assert batch["total"] == euro("60000.00")
    rows = await rows_of(office, batch)
    assert len({row["human_code"] for row in rows}) == 5000


@pytest.mark.parametrize(
    "told",
    [
        {"quantity": 0},
        {"quantity": 5001},
        {"payment_option": "direct"},
        {"payment_option": "prepaid"},
        {"payment": {"method": "cash", "reference": "1", "amount": euro("24.00")}},
        {"reason": "x" * 201},
        {"language": ""},
        {"slot": "x" * 65},
        {"references": {"external_order": "x" * 101}},
        {"references": {"customer": "x" * 12}},
        {"holder": {"name": "x" * 201}},
    ],
)
async def test_what_no_batch_is_makes_none(office: Client, told: Any) -> None:
    assert (await office.post("/v1/batches", POSTPAID | told, 400))["code"] == "invalid"


async def test_batches_are_for_the_office(kiosk: Client, office: Client) -> None:
    await kiosk.post("/v1/batches", POSTPAID, 403)
    await kiosk.get("/v1/batches", 403)
    for path in ("/v1/batches/1", "/v1/batches/1.csv"):
        await kiosk.get(path, 403)
        assert (await office.get(path, 404))["code"] == "unknown_batch"
    await office.post("/v1/batches/1/cancel", {"reason": ""}, 404)
