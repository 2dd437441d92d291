"""Paying over HTTP: at once, in parts, later or not at all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.central import TOUR, Client, Clock
from support.money import act, balances, euro, pay, refund, shown


async def test_a_sale_stands_in_the_ledger(kiosk: Client, office: Client) -> None:
    await kiosk.sell(4, TOUR, 2)
    assert await balances(office) == {"paid:card:kiosk-1": 16, "sales:4": -16}


async def test_a_request_is_confirmed_when_its_parts_are_paid(kiosk: Client) -> None:
    request = await kiosk.reserve(4, TOUR, 2)
    part = await pay(kiosk, request, "10.00")
    assert part["status"] == "reserved"
    assert (await shown(kiosk, request))["due"] == euro("6.00")
    over = await pay(kiosk, request, "6.01", 409)
    assert (over["code"], over["due"]) == ("overpaid", euro("6.00"))
    assert (await pay(kiosk, request, "6.00", method="card"))["status"] == "confirmed"
    told = await shown(kiosk, request)
    assert [(r["number"], r["method"], r["amount"]["amount"]) for r in told["receipts"]] == [
        (1, "cash", "10.00"),
        (2, "card", "6.00"),
    ]
    assert (told["due"], told["payment_option"]) == (euro("0.00"), "direct")
    assert (await pay(kiosk, request, "0.01", 409))["code"] == "overpaid"


async def test_a_reservation_is_picked_up_for_what_is_open(kiosk: Client, office: Client) -> None:
    request = await office.reserve(4, TOUR, 2, channel="office")
    await pay(office, request, "10.00")
    assert (await kiosk.confirm(request, 409))["total"] == euro("6.00")
    assert (await kiosk.confirm(request | {"total": euro("6.00")}))["status"] == "confirmed"


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (euro("0"), "wrong_amount"),
        (euro("0.001"), "wrong_amount"),
        ({"amount": "1.00", "currency": "CHF"}, "wrong_currency"),
        (euro("1e5"), "invalid"),
        (euro("-1"), "invalid"),
        (euro("9" * 30), "invalid"),
    ],
)
async def test_no_odd_amount_is_taken(kiosk: Client, amount: Any, code: str) -> None:
    request = await kiosk.reserve(4, TOUR)
    payment = {"method": "cash", "reference": "1", "amount": amount}
    assert (await act(kiosk, request, "payments", {"payment": payment}, None))["code"] == code
    assert (await shown(kiosk, request))["payments"] == []


async def test_an_expired_reservation_is_paid_whole_or_not_at_all(
    kiosk: Client, clock: Clock
) -> None:
    request = await kiosk.reserve(4, TOUR, 2)
    await pay(kiosk, request, "1.00")
    clock.pass_(minutes=5)
    assert (await pay(kiosk, request, "1.00", 409))["code"] == "expired"
    assert (await pay(kiosk, request, "15.00"))["status"] == "confirmed"


async def test_two_payments_at_once_do_not_overpay(kiosk: Client) -> None:
    request = await kiosk.reserve(4, TOUR, 2)
    answers = await asyncio.gather(*(pay(kiosk, request, "10.00", None) for _ in range(6)))
    assert sorted(answer["status"] for answer in answers if "token" in answer) == ["reserved"]
    assert {answer["code"] for answer in answers if "token" not in answer} == {"overpaid"}
    assert (await shown(kiosk, request))["due"] == euro("6.00")


async def test_an_invoice_is_paid_after_the_tickets(kiosk: Client, office: Client) -> None:
    request = await office.reserve(4, TOUR, 2)
    told = {"option": "postpaid", "reason": "school 17"}
    assert (await act(office, request, "payment-option", told))["status"] == "confirmed"
    assert (await office.issue(request))["tickets"][0]["state"] == "valid"
    assert (await balances(office))["receivable"] == 16
    await pay(office, request, "16.00", method="transfer")
    assert (await shown(office, request))["due"] == euro("0.00")


async def test_tickets_that_are_not_paid_are_good_once_they_are(
    kiosk: Client, office: Client
) -> None:
    request = await office.reserve(4, TOUR)
    await act(office, request, "payment-option", {"option": "not_paid", "reason": "at the door"})
    assert (await kiosk.issue(request))["tickets"][0]["state"] == "unpaid"
    await pay(kiosk, request, "8.00")
    told = await shown(kiosk, request)
    assert (told["tickets"][0]["state"], told["payment_option"]) == ("valid", "not_paid")
    assert told["history"][2]["what"] == "confirmed: not_paid: at the door"


async def test_the_venue_pays_for_who_is_invited(kiosk: Client, office: Client) -> None:
    request = await office.reserve(4, TOUR)
    told = {"option": "invitation", "reason": ""}
    assert (await act(office, request, "payment-option", told, 400))["code"] == "invalid"
    await act(office, request, "payment-option", told | {"reason": "the mayor"})
    assert (await office.issue(request))["tickets"][0]["state"] == "valid"
    assert await balances(office) == {"invitation": 8, "sales:4": -8}
    assert (await refund(office, request, 409))["code"] == "nothing_paid"
    await office.cancel(request)
    assert await balances(office) == {}
