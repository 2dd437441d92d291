"""Gift vouchers: bought, made, spent in parts, given back; never more than there is."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.central import MUSEUM, NOW, Client, Clock

from admission.values import Money
from central.sale import spending, vouchers
from central.sale.states import By, Refused
from central.sale.vouchers import Cash, NewVoucher, Voucher
from central.store.database import make_engine, migrate


@pytest.fixture
def office(kiosk: Client) -> Client:
    return Client(kiosk.http, kiosk.api, kiosk.clock, "office-1")


def euro(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


async def made(office: Client, amount: str = "20.00", **told: Any) -> str:
    voucher = await office.post("/v1/vouchers", {"value": euro(amount)} | told, 201)
    code: str = voucher["code"]
    return code


async def spend(
    client: Client, request: Any, code: str, amount: str = "", status: int | None = 200
) -> Any:
    due = euro(amount) if amount else request["total"]
    body = {"payment": {"method": "voucher", "reference": code, "amount": due}}
    deed = "payments" if amount else "confirm"
    return await client.post(f"/v1/requests/{request['token']}/{deed}", body, status)


async def balance(client: Client, code: str) -> str:
    amount: str = (await client.get(f"/v1/vouchers/{code}"))["balance"]["amount"]
    return amount


async def test_a_voucher_pays_a_request_and_keeps_the_rest(kiosk: Client, office: Client) -> None:
    code = await made(office)
    request = await kiosk.reserve(1, MUSEUM)
    assert (await spend(kiosk, request, code))["status"] == "confirmed"
    assert await balance(kiosk, code) == "8.00"
    assert (await spend(kiosk, request, code))["status"] == "confirmed"
    assert await balance(kiosk, code) == "8.00"


async def test_a_voucher_pays_a_part_and_a_card_the_rest(kiosk: Client, office: Client) -> None:
    code = await made(office, "5.00")
    request = await kiosk.reserve(1, MUSEUM)
    refused = await spend(kiosk, request, code, status=409)
    assert (refused["code"], refused["balance"]) == ("voucher_balance", euro("5.00"))
    assert (await spend(kiosk, request, code, "5.00"))["status"] == "reserved"
    assert await balance(kiosk, code) == "0.00"
    done = await kiosk.confirm(request | {"total": euro("7.00")})
    assert done["status"] == "confirmed"


async def test_a_voucher_spent_at_two_kiosks_at_once_is_refused_at_one(
    kiosk: Client, office: Client
) -> None:
    code = await made(office, "12.00")
    other = Client(kiosk.http, kiosk.api, kiosk.clock, "kiosk-2")
    wanted = [await client.reserve(1, MUSEUM) for client in (kiosk, other)]
    answers = await asyncio.gather(
        spend(kiosk, wanted[0], code, status=None), spend(other, wanted[1], code, status=None)
    )
    assert sorted(str(a["status"]) for a in answers) == ["409", "confirmed"]
    assert {a.get("code") for a in answers} == {None, "voucher_balance"}
    assert await balance(kiosk, code) == "0.00"


async def test_the_last_piece_of_a_voucher_is_spent_at_one_of_two_kiosks(
    kiosk: Client, office: Client
) -> None:
    made = await office.post("/v1/vouchers", {"product": 1}, 201)
    clients = (kiosk, kiosk.as_("kiosk-2"))
    wanted = [await client.reserve(1, MUSEUM) for client in clients]
    answers = await asyncio.gather(
        *(
            spend(client, request, made["code"], status=None)
            for client, request in zip(clients, wanted, strict=True)
        )
    )
    assert sorted(str(a["status"]) for a in answers) == ["409", "confirmed"]
    assert {a.get("code") for a in answers} == {None, "voucher_balance"}
    [voucher] = (await office.get("/v1/vouchers?state=spent"))["vouchers"]
    assert voucher["goods"] == {"product": 1, "quantity": 1, "left": 0}


async def test_a_payment_that_is_refused_spends_nothing(
    kiosk: Client, office: Client, clock: Clock
) -> None:
    code = await made(office, "500.00")
    late = await kiosk.reserve(4, "tour-20261121T1330Z", 12)
    clock.pass_(minutes=5)
    await kiosk.reserve(4, "tour-20261121T1330Z", 12)
    assert (await spend(kiosk, late, code, status=409))["code"] == "no_room"
    assert await balance(kiosk, code) == "500.00"


async def test_a_refund_goes_back_on_the_voucher_and_no_more_than_was_spent(
    kiosk: Client, office: Client
) -> None:
    code, other = await made(office), await made(office)
    request = await kiosk.reserve(1, MUSEUM)
    await spend(kiosk, request, code)
    path = f"/v1/requests/{request['token']}/refund"
    wrong = {"method": "voucher", "reference": other, "reason": "rain"}
    assert (await office.post(path, wrong, 409))["code"] == "voucher_not_spent"
    assert await balance(office, code) == "8.00"
    await office.post(path, wrong | {"reference": code})
    assert (await balance(office, code), await balance(office, other)) == ("20.00", "20.00")


async def test_what_a_request_spent_goes_back_for_nothing_else(
    kiosk: Client, office: Client
) -> None:
    """A coat's fee on top of it would make the voucher worth more than it was."""
    code = await made(office)
    await spend(kiosk, await kiosk.reserve(1, MUSEUM), code)
    fee, by = Money(Decimal("2.50"), "EUR"), By("anna", office.clock())
    back = await office.api.database.write(lambda c: spending.give_back(c, code, fee, by))
    assert isinstance(back, Refused)
    assert (back.code, back.detail) == ("voucher_not_spent", "0 EUR were spent of it")
    assert await balance(office, code) == "8.00"


async def test_a_voucher_is_bought_and_handed_over_once(kiosk: Client, office: Client) -> None:
    lines = [{"product": 9, "quantity": 2}, {"product": 1, "slot": MUSEUM}]
    request = await office.post("/v1/requests", {"lines": lines, "channel": "office"}, 201)
    assert request["total"] == euro("112.00")
    assert (await office.issue(request, 409))["code"] == "not_confirmed"
    await office.confirm(request)
    issued = await office.issue(request)
    assert [len(issued["tickets"]), len(issued["vouchers"])] == [1, 2]
    assert await office.issue(request) == issued
    one, two = issued["vouchers"]
    assert one["code"] != two["code"]
    assert one["balance"] == euro("50.00")
    assert one["valid_until"] == "2029-11-19T23:00:00+00:00"
    shown = await office.get(f"/v1/requests/{request['token']}")
    assert shown["vouchers"] == issued["vouchers"]
    await spend(kiosk, await kiosk.reserve(1, MUSEUM), one["code"])
    assert (await office.cancel(request, 409))["code"] == "voucher_spent"


async def test_a_cancelled_purchase_blocks_its_vouchers(office: Client) -> None:
    body = {"lines": [{"product": 9}], "channel": "office"}
    request = await office.post("/v1/requests", body, 201)
    await office.confirm(request)
    [voucher] = (await office.issue(request))["vouchers"]
    await office.cancel(request)
    wanted = await office.reserve(1, MUSEUM)
    assert (await spend(office, wanted, voucher["code"], status=409))["code"] == "voucher_blocked"


async def test_a_code_is_read_however_it_is_typed(kiosk: Client, office: Client) -> None:
    code = await made(office)
    assert len(code) == len("GV-0000-0000-0000-0000")
    typed = code.lower().replace("-", "").replace("0", "o").replace("1", "l")
    assert (await kiosk.get(f"/v1/vouchers/{typed}"))["code"] == code
    assert (await kiosk.get("/v1/vouchers/GV-1", 404))["code"] == "unknown_voucher"


async def test_a_voucher_is_good_in_its_time_and_until_it_is_blocked(
    kiosk: Client, office: Client, clock: Clock
) -> None:
    short = await made(office, valid_until="2026-11-21T13:10:00Z")
    long = await made(office)
    assert (await kiosk.get(f"/v1/vouchers/{long}"))["valid_until"].startswith("2029-11-20")
    clock.pass_(minutes=5)
    request = await kiosk.reserve(1, MUSEUM)
    assert (await spend(kiosk, request, short, status=409))["code"] == "voucher_over"
    await office.post(f"/v1/vouchers/{long}/block", {})
    assert (await spend(kiosk, request, long, status=409))["code"] == "voucher_blocked"
    assert (await spend(kiosk, request, "GV-0", status=404))["code"] == "unknown_voucher"


@pytest.mark.parametrize(
    "told",
    [
        {"value": euro("0")},
        {"value": euro("-1.00")},
        {"value": euro("1e9")},
        {},
        {"value": euro("1.00"), "product": 4},
        {"value": euro("1.00"), "quantity": 2},
        {"product": 4, "quantity": 0},
        {"product": 4, "quantity": 101},
        {"value": euro("1.00"), "valid_until": "2026-11-21T13:05:00Z"},
        {"value": euro("1.00"), "note": "x" * 201},
    ],
)
async def test_a_voucher_that_makes_no_sense_is_refused(
    office: Client, told: dict[str, Any]
) -> None:
    assert (await office.post("/v1/vouchers", told, 400))["code"] == "invalid"


async def test_a_voucher_is_worth_whole_cents_of_this_currency(office: Client) -> None:
    refused = await office.post("/v1/vouchers", {"value": euro("1.001")}, 409)
    assert refused["code"] == "wrong_amount"
    franc = {"amount": "1.00", "currency": "CHF"}
    assert (await office.post("/v1/vouchers", {"value": franc}, 409))["code"] == "wrong_currency"


async def test_who_may_make_and_who_may_look(kiosk: Client, office: Client) -> None:
    code = await made(office)
    assert (await kiosk.post("/v1/vouchers", {"value": euro("1.00")}, 403))["code"] == "forbidden"
    assert (await kiosk.post(f"/v1/vouchers/{code}/block", {}, 403))["code"] == "forbidden"
    gate = Client(kiosk.http, kiosk.api, kiosk.clock, "gate-1")
    assert (await gate.get(f"/v1/vouchers/{code}", 403))["code"] == "forbidden"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(-5, 120)), max_size=12))
def test_a_balance_is_never_below_nothing_nor_above_the_value(
    moves: list[tuple[bool, int]],
) -> None:
    engine, by = make_engine("sqlite://"), By("kiosk-1", NOW)
    migrate(engine)
    with engine.connect() as connection:
        value = Money(Decimal(100), "EUR")
        new = NewVoucher(value, NOW, NOW + vouchers.DEFAULT_LIFE)
        code, left = vouchers.create(connection, new, "EUR", by).code, value.amount
        for spends, whole in moves:
            amount = Money(Decimal(whole), "EUR")
            fits = 0 < amount.amount <= (left if spends else value.amount - left)
            act = spending.redeem if spends else spending.give_back
            done = act(connection, code, amount, by)
            assert isinstance(done, Voucher if fits else Refused)
            if fits:
                left += -amount.amount if spends else amount.amount
            now = vouchers.find(connection, code)
            assert isinstance(now, Voucher)
            assert now.worth == Cash(value, Money(left, "EUR"))
            assert 0 <= left <= value.amount
    engine.dispose()
