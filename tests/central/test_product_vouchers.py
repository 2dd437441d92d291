"""Gift vouchers for a product: they pay for it whatever it costs then, and for nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from support.central import MUSEUM, TOUR, Client, Clock
from support.money import balances, euro, refund

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

CONCERT = "concert-20261121T1900Z"
EARLY = "concert-20261210T1900Z"
"""Its adults pay 20.00 in place of 25.00."""
ADULT, CHILD, TWO_CONCERTS = 6, 7, 10


async def bought(office: Client) -> str:
    """Two concerts for 45.00."""
    body = {"lines": [{"product": TWO_CONCERTS}], "channel": "office"}
    request = await office.post("/v1/requests", body, 201)
    assert request["total"] == euro("45.00")
    await office.confirm(request)
    [voucher] = (await office.issue(request))["vouchers"]
    assert (voucher["value"], voucher["balance"]) == (None, None)
    assert voucher["goods"] == {"product": ADULT, "quantity": 2, "left": 2}
    code: str = voucher["code"]
    return code


async def spend(
    client: Client, request: Any, code: str, amount: str, status: int | None = 200
) -> Any:
    payment = {"method": "voucher", "reference": code, "amount": euro(amount)}
    path = f"/v1/requests/{request['token']}/payments"
    return await client.post(path, {"payment": payment}, status)


async def left(client: Client, code: str) -> int:
    count: int = (await client.get(f"/v1/vouchers/{code}"))["goods"]["left"]
    return count


async def still_to_be_spent(office: Client) -> float:
    told = await balances(office)
    paid = sum(a for name, a in told.items() if name.startswith("paid:voucher:"))
    return -told.get("vouchers", 0) - paid


async def test_a_voucher_pays_for_its_product_whatever_it_costs_then(
    kiosk: Client, office: Client
) -> None:
    code = await bought(office)
    assert await still_to_be_spent(office) == 45
    dear, cheap = await kiosk.reserve(ADULT, CONCERT), await kiosk.reserve(ADULT, EARLY)
    assert (dear["total"], cheap["total"]) == (euro("25.00"), euro("20.00"))
    assert (await spend(kiosk, dear, code, "25.00"))["status"] == "confirmed"
    assert (await left(kiosk, code), await still_to_be_spent(office)) == (1, 22.5)
    assert (await balances(office))["voucher_difference"] == 2.5
    assert (await spend(kiosk, cheap, code, "20.00"))["status"] == "confirmed"
    assert (await left(kiosk, code), await still_to_be_spent(office)) == (0, 0)
    assert "voucher_difference" not in await balances(office)


async def test_a_voucher_pays_at_most_what_its_product_costs(kiosk: Client, office: Client) -> None:
    code = await bought(office)
    lines = [{"product": p, "slot": CONCERT} for p in (CHILD, ADULT)]
    request = await kiosk.post("/v1/requests", {"lines": lines, "channel": "kiosk"}, 201)
    refused = await spend(kiosk, request, code, "37.50", 409)
    assert (refused["code"], refused["most"]) == ("voucher_balance", euro("25.00"))
    assert (await spend(kiosk, request, code, "25.00"))["status"] == "reserved"
    refused = await spend(kiosk, request, code, "12.50", 409)
    assert (refused["code"], refused["most"]) == ("voucher_balance", euro("0"))
    assert await left(kiosk, code) == 1
    other = await kiosk.reserve(1, MUSEUM)
    refused = await spend(kiosk, other, code, "12.00", 409)
    assert (refused["code"], refused["left"]) == ("voucher_balance", 1)


async def test_several_tickets_take_as_many_pieces_of_several_vouchers(
    kiosk: Client, office: Client
) -> None:
    one, other = await bought(office), await bought(office)
    request = await kiosk.reserve(ADULT, CONCERT, 3)
    refused = await spend(kiosk, request, one, "75.00", 409)
    assert (refused["code"], refused["most"]) == ("voucher_balance", euro("50.00"))
    await spend(kiosk, request, one, "50.00")
    assert (await spend(kiosk, request, other, "25.00"))["status"] == "confirmed"
    assert (await left(kiosk, one), await left(kiosk, other)) == (0, 1)


async def test_whole_pieces_go_back_on_a_voucher(kiosk: Client, office: Client) -> None:
    code = await bought(office)
    request = await kiosk.reserve(ADULT, CONCERT, 2)
    await spend(kiosk, request, code, "50.00")
    tickets = (await kiosk.issue(request))["tickets"]
    how: Any = {"method": "voucher", "reference": code}
    refused = await refund(office, request, 409, **how, amount=euro("10.00"))
    assert (refused["code"], refused["left"]) == ("voucher_pieces", 0)
    await refund(office, request, **how, tickets=[tickets[0]["id"]])
    assert (await left(kiosk, code), await still_to_be_spent(office)) == (1, 22.5)
    await refund(office, request, **how)
    assert (await left(kiosk, code), await still_to_be_spent(office)) == (2, 45)
    assert "voucher_difference" not in await balances(office)
    refused = await refund(office, request, 409, **how)
    assert refused["code"] == "nothing_paid"


async def test_a_void_gives_the_pieces_back(office: Client) -> None:
    code = await bought(office)
    request = await office.reserve(ADULT, CONCERT, 2, channel="office")
    await spend(office, request, code, "50.00")
    await office.post(f"/v1/requests/{request['token']}/void", {"reason": "wrong day"})
    assert (await left(office, code), await still_to_be_spent(office)) == (2, 45)


async def test_a_voucher_that_the_office_makes_costs_the_venue_what_it_pays(
    kiosk: Client, office: Client
) -> None:
    made = await office.post("/v1/vouchers", {"product": 4, "quantity": 3, "note": "raffle"}, 201)
    assert made["goods"] == {"product": 4, "quantity": 3, "left": 3}
    request = await kiosk.reserve(4, TOUR, 2)
    await spend(kiosk, request, made["code"], "16.00")
    assert (await left(kiosk, made["code"]), await still_to_be_spent(office)) == (1, 0)
    assert (await balances(office))["voucher_difference"] == 16


async def test_a_voucher_is_for_a_product_that_is_sold(office: Client) -> None:
    assert (await office.post("/v1/vouchers", {"product": 99}, 404))["code"] == "unknown_product"
    assert (await office.post("/v1/vouchers", {"product": 9}, 409))["code"] == "no_ticket"


async def test_vouchers_are_found_by_code_request_customer_and_state(
    kiosk: Client, office: Client, clock: Clock
) -> None:
    async def found(query: str) -> list[str]:
        page = (await office.get(f"/v1/vouchers?{query}"))["vouchers"]
        return [one["code"] for one in page]

    number = (await office.post("/v1/customers", {"name": "Ada"}, 201))["number"]
    lines = [{"product": 9}, {"product": TWO_CONCERTS}]
    sale = {"lines": lines, "channel": "office", "references": {"customer": number}}
    request = await office.post("/v1/requests", sale, 201)
    await office.confirm(request)
    fifty, concerts = [one["code"] for one in (await office.issue(request))["vouchers"]]
    short = (await office.post("/v1/vouchers", {"product": 4, "valid_until": SOON}, 201))["code"]
    paid = await kiosk.reserve(ADULT, CONCERT, 2)
    await spend(kiosk, paid, concerts, "50.00")
    assert await found("") == [fifty, concerts, short]
    assert await found("limit=1") == [fifty]
    assert await found(f"after={(await office.get(f'/v1/vouchers/{fifty}'))['id']}") == [
        *(concerts, short)
    ]
    assert await found(f"code={short[:8].lower()}") == [short]
    assert await found("code=%25") == [fifty, concerts, short]
    assert await found(f"request={request['token']}") == [fifty, concerts]
    assert await found(f"request={paid['token']}") == [concerts]
    assert await found(f"customer={number}") == [fifty, concerts]
    assert await found("customer=C-000099") == await found("request=x") == []
    assert (await found("state=open"), await found("state=spent")) == ([fifty, short], [concerts])
    clock.pass_(minutes=10)
    await office.post(f"/v1/vouchers/{fifty}/block", {})
    for state, codes in {"open": [], "expired": [short], "blocked": [fifty]}.items():
        assert await found(f"state={state}") == codes
        for code in codes:
            assert (await kiosk.get(f"/v1/vouchers/{code}"))["state"] == state
    assert (await office.get("/v1/vouchers?state=new", 400))["code"] == "invalid"


SOON = "2026-11-21T13:10:00Z"


async def test_a_blocked_voucher_can_be_spent_again_unless_its_purchase_was_cancelled(
    kiosk: Client, office: Client
) -> None:
    code = await bought(office)
    path, request = f"/v1/vouchers/{code}", await kiosk.reserve(ADULT, CONCERT)
    assert (await office.post(f"{path}/block", {}))["state"] == "blocked"
    assert (await spend(kiosk, request, code, "25.00", 409))["code"] == "voucher_blocked"
    assert (await office.post(f"{path}/unblock", {}))["state"] == "open"
    await spend(kiosk, request, code, "25.00")
    await refund(office, request, method="voucher", reference=code)
    sold = (await office.get("/v1/requests?channel=office"))["requests"][0]
    await office.cancel(sold)
    refused = await office.post(f"{path}/unblock", {}, 409)
    assert refused["code"] == "voucher_withdrawn"
    told = (await office.get(f"{path}/history"))["history"]
    assert [(one["who"], one["what"]) for one in told] == [
        ("office-1", "sold"),
        ("office-1", "blocked"),
        ("office-1", "unblocked"),
        ("kiosk-1", f"spent 25.00 for {request['authorisation']}"),
        ("office-1", f"given back 25.00 for {request['authorisation']}"),
        ("office-1", "blocked"),
    ]
    assert {one["from"] for one in told} == {"127.0.0.1"}


async def test_only_the_office_lists_and_unblocks_vouchers(kiosk: Client, office: Client) -> None:
    code = await bought(office)
    for path in ("/v1/vouchers", f"/v1/vouchers/{code}/history"):
        assert (await kiosk.get(path, 403))["code"] == "forbidden"
    assert (await kiosk.post(f"/v1/vouchers/{code}/unblock", {}, 403))["code"] == "forbidden"
    unknown = await office.post("/v1/vouchers/GV-1/unblock", {}, 404)
    assert unknown["code"] == "unknown_voucher"
    assert (await office.get("/v1/vouchers/GV-1/history", 404))["code"] == "unknown_voucher"
