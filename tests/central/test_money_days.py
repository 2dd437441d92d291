"""Receipts without gaps, day-ends that never change, the ledger in pages, and all of it as CSV."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.central import TOUR, Client, Clock
from support.sheets import table

from central.money.sheet import as_csv


async def receipts(office: Client) -> dict[str, list[int]]:
    """Device → its receipt numbers, in the order of the ledger."""
    told: dict[str, list[int]] = {}
    for entry in (await office.get("/v1/ledger"))["entries"]:
        if entry["receipt"]:
            told.setdefault(entry["device"], []).append(entry["receipt"])
    return told


async def refund(office: Client, request: Any, status: int | None = 200, **more: Any) -> Any:
    body = {"method": "cash", "reference": "B", "reason": "rain"} | more
    return await office.post(f"/v1/requests/{request['token']}/refund", body, status)


async def test_receipts_have_no_gap_and_no_double_whatever_happens_at_once(
    kiosk: Client, office: Client
) -> None:
    other = Client(kiosk.http, kiosk.api, kiosk.clock, "kiosk-2")

    async def sell(client: Client) -> None:
        await client.sell(1, "museum-20261120T2300Z")

    async def overpay(client: Client) -> None:
        request = await client.reserve(4, TOUR)
        body = {"payment": {"method": "cash", "reference": "1", "amount": request["total"]}}
        path = f"/v1/requests/{request['token']}/payments"
        await asyncio.gather(*(client.post(path, body, None) for _ in range(3)))
        await asyncio.gather(*(refund(office, request, None) for _ in range(3)))

    acts = [act(client) for act in (sell, overpay) for client in (kiosk, other) for _ in range(4)]
    await asyncio.gather(*acts)
    told = await receipts(office)
    assert {device: len(numbers) for device, numbers in told.items()} == {
        "kiosk-1": 8,
        "kiosk-2": 8,
        "office-1": 8,
    }
    assert all(numbers == list(range(1, 9)) for numbers in told.values())


async def test_a_day_end_tells_what_a_device_did_since_the_last(
    kiosk: Client, office: Client, clock: Clock
) -> None:
    await kiosk.sell(4, TOUR, 2)
    request = await kiosk.reserve(5, TOUR)
    await kiosk.confirm(request)
    await refund(office, request)
    first = await office.post("/v1/day-ends", {"device": "kiosk-1"}, 201)
    assert (first["device"], first["number"], first["who"]) == ("kiosk-1", 1, "office-1")
    assert first["receipts"] == {"first": 1, "last": 2, "count": 2}
    assert first["methods"] == [
        {
            "method": "card",
            "currency": "EUR",
            "payments": 2,
            "taken": "20.00",
            "refunds": 0,
            "given_back": "0",
            "total": "20.00",
        }
    ]
    clock.pass_(hours=1)
    await kiosk.sell(4, "tour-20261121T1600Z")
    second = await office.post("/v1/day-ends", {"device": "kiosk-1"}, 201)
    assert (second["number"], second["receipts"]) == (2, {"first": 3, "last": 3, "count": 1})
    mine = await office.post("/v1/day-ends", {}, 201)
    assert (mine["device"], mine["number"], mine["methods"][0]["total"]) == ("office-1", 1, "-4.00")
    empty = await office.post("/v1/day-ends", {}, 201)
    assert (empty["receipts"]["count"], empty["methods"], empty["accounts"]) == (0, [], [])
    listed = (await office.get("/v1/day-ends"))["day_ends"]
    assert listed == [first, second, mine, empty]
    assert (await office.get("/v1/day-ends?after=1&limit=1"))["day_ends"] == [second]
    assert await office.get(f"/v1/day-ends/{first['id']}") == first


async def test_every_entry_is_in_one_day_end_though_sales_go_on(
    kiosk: Client, office: Client
) -> None:
    async def close() -> Any:
        return await office.post("/v1/day-ends", {"device": "kiosk-1"}, 201)

    sales = [kiosk.sell(1, "museum-20261120T2300Z") for _ in range(10)]
    done = await asyncio.gather(*sales, *(close() for _ in range(5)))
    ends = sorted([*done[10:], await close()], key=lambda one: one["number"])
    assert [one["number"] for one in ends] == list(range(1, 7))
    full = [one["receipts"] for one in ends if one["receipts"]["count"]]
    assert sum(one["count"] for one in full) == 10
    assert [one["first"] for one in full] == [1, *(one["last"] + 1 for one in full[:-1])]


async def test_a_day_end_of_nobody_is_refused(office: Client) -> None:
    assert (await office.post("/v1/day-ends", {"device": "x"}, 404))["code"] == "unknown_device"
    assert (await office.get("/v1/day-ends/99", 404))["code"] == "unknown_day_end"


async def test_the_ledger_comes_in_pages(kiosk: Client, office: Client) -> None:
    await asyncio.gather(*(kiosk.sell(1, "museum-20261120T2300Z") for _ in range(5)))
    whole = (await office.get("/v1/ledger"))["entries"]
    assert len(whole) == 10
    paged: list[Any] = []
    while page := (await office.get(f"/v1/ledger?limit=3&after={paged[-1]['id'] if paged else 0}"))[
        "entries"
    ]:
        paged += page
    assert paged == whole
    rows = await table(office, "/v1/ledger?format=csv")
    assert sum(round(float(row["amount"]) * 100) for row in rows) == 0
    accounts = {row["account"] for row in rows}
    assert accounts == {"receivable", "sales:1", "tax:7", "paid:card:kiosk-1"}
    assert (await office.get("/v1/ledger?format=xml", 400))["code"] == "invalid"


async def test_a_hostile_reference_runs_in_no_spreadsheet(kiosk: Client, office: Client) -> None:
    request = await kiosk.reserve(4, TOUR)
    evil = '=HYPERLINK("x"),"'
    payment = {"method": "+card", "reference": evil, "amount": request["total"]}
    await kiosk.post(f"/v1/requests/{request['token']}/payments", {"payment": payment})
    rows = await table(office, "/v1/ledger?format=csv")
    assert {row["reference"] for row in rows if row["kind"] == "payment"} == {f"'{evil}"}
    end = await office.post("/v1/day-ends", {"device": "kiosk-1"}, 201)
    rows = await table(office, f"/v1/day-ends/{end['id']}?format=csv")
    assert [(row["what"], row["name"], row["amount"]) for row in rows] == [
        ("receipts", "1 to 1", ""),
        ("taken", "'+card", "8.00"),
        ("given back", "'+card", "0"),
        ("account", "paid:+card:kiosk-1", "8.00"),
        ("account", "receivable", "0.00"),
        ("account", "sales:4", "-8.00"),
    ]


@settings(max_examples=100)
@given(text=st.text(max_size=20))
def test_no_text_begins_a_formula_and_none_is_lost(text: str) -> None:
    told = as_csv(["a"], [[text]])
    [_, [cell]] = list(csv.reader(io.StringIO(told, newline=""))) if text else [[], [""]]
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell in (text.replace("\0", ""), "'" + text.replace("\0", ""))


@pytest.mark.parametrize("path", ["/v1/ledger", "/v1/day-ends", "/v1/day-ends/1"])
async def test_only_the_office_sees_the_books(kiosk: Client, path: str) -> None:
    assert (await kiosk.get(path, 403))["code"] == "forbidden"
