"""What the ticket office needs besides selling: a ticket by its code, whose it is, the text on it,
free tickets and invitations, references, and who did what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from support.central import MUSEUM, TOUR, Client
from support.money import LATER, act, balances, euro, let_in, pay, refund, shown, sold
from support.sheets import table

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
pytestmark = ON_SQLITE
ADA = {"name": "Ada", "email": "ada@example.org", "phone": ""}


async def annual_pass(office: Client, **told: Any) -> Any:
    body = {"lines": [{"product": 8}], "channel": "office"} | told
    request = await office.post("/v1/requests", body, 201)
    await office.confirm(request)
    [ticket] = (await office.issue(request))["tickets"]
    return ticket | {"request": request}


async def test_a_ticket_tells_whose_it_is_and_who_used_it(kiosk: Client, office: Client) -> None:
    request = await sold(kiosk, 4, TOUR, 2)
    ticket = request["tickets"][1]
    office.clock.pass_(minutes=20)
    await let_in(office, ticket)
    for code in (ticket["code"], ticket["human_code"], ticket["human_code"].lower()):
        told = await office.get(f"/v1/tickets/{code}")
        assert (told["ticket"], told["request"]) == (ticket, request["token"])
        assert told["authorisation"] == request["authorisation"]
        assert told["uses"] == [
            {
                "at": "2026-11-21T13:25:00+00:00",
                "attraction": "tour",
                "device": "gate-1",
                "lane": "1",
                "persons": 1,
            }
        ]
        assert told["suggested"] == {"customer": "", "holder": None}
    for code in ("TK-0000-0000", "hello"):
        assert (await office.get(f"/v1/tickets/{code}", 404))["code"] == "unknown_ticket"
    assert (await kiosk.get(f"/v1/tickets/{ticket['code']}", 403))["code"] == "forbidden"


async def test_a_pass_suggests_its_customer(office: Client) -> None:
    number = (await office.post("/v1/customers", ADA, 201))["number"]
    by_mail = await annual_pass(office, holder=ADA)
    by_number = await annual_pass(office, references={"customer": number})
    nobodys = await annual_pass(office)
    for ticket, customer, holder in (
        (by_mail, number, ADA),
        (by_number, number, ADA),
        (nobodys, "", None),
    ):
        told = await office.get(f"/v1/tickets/{ticket['human_code']}")
        assert told["suggested"] == {"customer": customer, "holder": holder}
        request = await office.reserve(4, TOUR, references={"pass_ticket": ticket["code"]})
        assert request["suggested_customer"] == customer
        refers = (await shown(office, request))["references"]
        assert refers["pass_ticket"] == ticket["human_code"]
        found = await office.get(f"/v1/requests?pass_ticket={ticket['human_code']}")
        assert [one["token"] for one in found["requests"]] == [request["token"]]
    assert "suggested_customer" not in await office.reserve(4, TOUR)


async def test_an_email_of_two_customers_suggests_none(office: Client) -> None:
    for _ in range(2):
        await office.post("/v1/customers", ADA, 201)
    ticket = await annual_pass(office, holder=ADA)
    told = await office.get(f"/v1/tickets/{ticket['human_code']}")
    assert told["suggested"] == {"customer": "", "holder": ADA}


async def test_a_pass_that_nobody_has_is_refused(office: Client) -> None:
    nobodys = {"pass_ticket": "TK-0000-0000"}
    refused = await office.reserve(4, TOUR, status=404, references=nobodys)
    assert refused["code"] == "unknown_ticket"


async def test_a_text_is_on_the_tickets_of_its_line(office: Client) -> None:
    text = "Happy birthday, Ça va, 生日快乐"
    lines = [{"product": 4, "slot": TOUR, "text": text}, {"product": 5, "slot": TOUR}]
    request = await office.post("/v1/requests", {"lines": lines, "channel": "office"}, 201)
    assert [line["text"] for line in request["lines"]] == [text, ""]
    await office.confirm(request)
    tickets = (await office.issue(request))["tickets"]
    assert [ticket["text"] for ticket in tickets] == [text, ""]
    batch = {"product": 4, "slot": LATER, "quantity": 2, "payment_option": "postpaid"}
    made = await office.post("/v1/batches", batch | {"text": text}, 201)
    rows = await table(office, f"/v1/batches/{made['id']}.csv")
    assert {(row["text"], row["seats"], row["description"]) for row in rows} == {
        (text, "", "Sat 21 Nov - 17:00")
    }


@pytest.mark.parametrize("payment", [None, ("free", "free"), ("card", "free")])
async def test_what_costs_nothing_is_confirmed_without_money(
    kiosk: Client, office: Client, payment: tuple[str, str] | None
) -> None:
    await office.post("/v1/promo-codes", {"code": "GIFT", "percent": "100"}, 201)
    request = await kiosk.reserve(4, TOUR, 2, promo_codes=["gift"])
    told = payment and {"method": payment[0], "reference": payment[1], "amount": euro("0.00")}
    for _ in range(2):
        done = await act(kiosk, request, "confirm", {"payment": told})
        assert done["status"] == "confirmed"
    assert len((await kiosk.issue(request))["tickets"]) == 2
    [receipt] = (await shown(kiosk, request))["receipts"]
    assert (receipt["method"], receipt["amount"]) == ("free", euro("0"))
    [sale, paid] = (await office.get("/v1/ledger"))["entries"]
    assert (sale["kind"], paid["kind"], paid["method"]) == ("sale", "payment", "free")
    end = await office.post("/v1/day-ends", {"device": "kiosk-1"}, 201)
    [method] = end["methods"]
    assert (method["method"], method["payments"], method["taken"]) == ("free", 1, "0")


async def test_what_costs_something_is_not_free(kiosk: Client) -> None:
    request = await kiosk.reserve(4, TOUR)
    refused = await act(kiosk, request, "confirm", {}, 409)
    assert (refused["code"], refused["total"]) == ("wrong_amount", euro("8.00"))
    free = {"method": "free", "reference": "x", "amount": euro("8.00")}
    for deed in ("confirm", "payments"):
        assert (await act(kiosk, request, deed, {"payment": free}, 400))["code"] == "invalid"
    franc = {"method": "card", "reference": "x", "amount": {"amount": "8.00", "currency": "CHF"}}
    for deed in ("confirm", "payments"):
        refused = await act(kiosk, request, deed, {"payment": franc}, 409)
        assert refused["code"] == "wrong_currency"


async def test_invitations_are_told_by_reason(office: Client) -> None:
    async def invited(reason: str, quantity: int, status: int = 200) -> Any:
        request = await office.reserve(1, MUSEUM, quantity)
        told = {"option": "invitation", "reason": reason}
        await act(office, request, "payment-option", told, status)
        return request

    await invited("press", 2)
    gone = await invited("press", 1)
    await invited("mayor", 1)
    await invited(" ", 1, 400)
    end = await office.post("/v1/day-ends", {}, 201)
    assert [(one["reason"], one["count"], one["amount"]) for one in end["invitations"]] == [
        ("mayor", 1, "12.00"),
        ("press", 2, "36.00"),
    ]
    rows = await table(office, f"/v1/day-ends/{end['id']}?format=csv")
    told = [(row["name"], row["count"]) for row in rows if row["what"] == "invitation"]
    assert told == [("mayor", "1"), ("press", "2")]
    await office.cancel(gone)
    query = "/v1/invitations?from=2026-11-21&until=2026-11-21"
    report = (await office.get(query))["invitations"]
    net = {"mayor": "11.21", "press": "22.43"}
    assert [
        (one["reason"], one["requests"], one["cancelled"], one["amount"]) for one in report
    ] == [("mayor", 1, 0, net["mayor"]), ("press", 2, 1, net["press"])]
    rows = await table(office, query + "&format=csv")
    assert [(row["reason"], row["amount"]) for row in rows] == list(net.items())
    other = "/v1/invitations?from=2026-11-22&until=2026-12-22"
    assert (await office.get(other))["invitations"] == []
    for wrong in ("", "?from=2026-11-22&until=2026-11-21", "?from=2026-01-01&until=2028-01-01"):
        assert (await office.get(f"/v1/invitations{wrong}", 400))["code"] == "invalid"
    assert (await office.as_("kiosk-1").get(query, 403))["code"] == "forbidden"


async def test_money_goes_back_by_another_way_from_the_office_only(
    kiosk: Client, office: Client
) -> None:
    request = await sold(kiosk, 4, TOUR)
    body = {"method": "cash", "reference": "B-7", "reason": "card is lost"}
    assert (await act(kiosk, request, "refund", body, 403))["code"] == "forbidden"
    assert (await act(office, request, "refund", body | {"reason": ""}, 400))["code"] == "invalid"
    await act(office, request, "refund", body)
    entry = (await office.get("/v1/ledger"))["entries"][-1]
    assert (entry["kind"], entry["method"], entry["reason"]) == ("refund", "cash", "card is lost")
    told = await balances(office)
    assert told == {"paid:card:kiosk-1": 8, "paid:cash:office-1": -8}
    ends = [
        await office.post("/v1/day-ends", {"device": device}, 201)
        for device in ("kiosk-1", "office-1")
    ]
    assert [(e["methods"][0]["method"], e["methods"][0]["total"]) for e in ends] == [
        ("card", "8.00"),
        ("cash", "-8.00"),
    ]
    what = (await shown(office, request))["history"][-1]["what"]
    assert what == "refunded 8.00: cash B-7, card is lost"


async def test_an_unpaid_batch_is_good_when_it_is_paid(office: Client) -> None:
    wanted = {"product": 4, "slot": TOUR, "quantity": 3, "payment_option": "not_paid"}
    batch = await office.post("/v1/batches", wanted, 201)
    assert (batch["payment_option"], batch["due"]) == ("not_paid", euro("24.00"))
    path = f"/v1/batches/{batch['id']}.csv"
    assert {row["state"] for row in await table(office, path)} == {"unpaid"}
    await pay(office, {"token": batch["request"]}, "24.00", method="transfer")
    assert {row["state"] for row in await table(office, path)} == {"valid"}
    assert (await office.get(f"/v1/batches/{batch['id']}"))["due"] == euro("0.00")


async def test_the_invoice_of_a_postpaid_batch_is_paid_later(office: Client) -> None:
    wanted = {"product": 4, "slot": TOUR, "quantity": 3, "payment_option": "postpaid"}
    batch = await office.post("/v1/batches", wanted, 201)
    office.clock.now += timedelta(days=30)
    await pay(office, {"token": batch["request"]}, "20.00", method="transfer")
    assert (await office.get(f"/v1/batches/{batch['id']}"))["due"] == euro("4.00")
    await pay(office, {"token": batch["request"]}, "4.00", method="transfer")
    assert (await office.get(f"/v1/batches/{batch['id']}"))["due"] == euro("0.00")


async def test_a_request_is_found_by_every_reference(kiosk: Client, office: Client) -> None:
    number = (await office.post("/v1/customers", {"name": "Grace"}, 201))["number"]
    for language in ("en", "de"):
        other = await office.reserve(1, MUSEUM, channel="office", language=language)
        await act(office, other, "payment-option", {"option": "postpaid"})
    wanted = await kiosk.reserve(
        1,
        MUSEUM,
        language="fr",
        holder={"name": "Ada", "email": "ada@example.org", "phone": "0401234567"},
        references={"customer": number, "external_order": "SHOP-9"},
    )
    await pay(kiosk, wanted, "2.00")
    await kiosk.confirm(wanted | {"total": euro("10.00")}, reference="T-0815")
    queries = [
        *("name=ada", "email=ada@example.org", "phone=1234567", "language=fr"),
        *(f"customer={number}", "order=SHOP-9", "channel=kiosk", "device=kiosk-1"),
        *("receipt=2", "receipt=kiosk-1/2", "receipt=kiosk-1/1", "payment=T-0815"),
        "language=fr&channel=kiosk&receipt=1&payment=R-1&name=ada",
    ]
    for query in queries:
        found = await office.get(f"/v1/requests?{query}")
        assert [one["token"] for one in found["requests"]] == [wanted["token"]], query
    for query in ("receipt=3", "receipt=office-1/2", "receipt=x", "receipt=-1", "payment=T"):
        assert (await office.get(f"/v1/requests?{query}"))["requests"] == [], query


async def test_every_change_is_kept_with_who_when_and_from_where(
    kiosk: Client, office: Client
) -> None:
    """One walk through all that can happen to a request."""
    number = (await office.post("/v1/customers", {"name": "Grace"}, 201))["number"]
    request = await kiosk.reserve(4, TOUR, 2)
    office.clock.pass_(minutes=1)
    told = {"holder": ADA, "references": {"customer": number, "external_order": "A"}}
    await act(office, request, "references", told | {"language": "de"})
    await act(office, request, "payment-option", {"option": "prepaid", "reason": "transfer"})
    await pay(kiosk, request, "10.00")
    await pay(kiosk, request, "6.00", method="card")
    await kiosk.issue(request)
    await refund(office, request, amount=euro("1.00"))
    tickets = (await shown(office, request))["tickets"]
    await refund(office, request, tickets=[tickets[0]["id"]])
    new = await office.reserve(4, LATER)
    rest = {"method": "cash", "reference": "R-2", "amount": euro("1.00")}
    await act(office, new, "exchange", {"request": request["token"], "payment": rest})
    history = (await shown(office, request))["history"]
    assert [(one["who"], one["what"]) for one in history] == [
        ("kiosk-1", "registered"),
        ("kiosk-1", "reserved until 2026-11-21T13:09:00+00:00"),
        ("office-1", f"refers to external order A, customer {number}"),
        ("office-1", "holder told"),
        ("office-1", "language de"),
        ("office-1", "prepaid: transfer"),
        ("kiosk-1", "paid 10.00: cash R-1"),
        ("kiosk-1", "confirmed: card R-1"),
        ("kiosk-1", "issued 2 tickets"),
        ("office-1", "refunded 1.00: cash B-1, rain"),
        ("office-1", "refunded 8.00: cash B-1, rain"),
        ("office-1", "cancelled 1 tickets: rain"),
        ("office-1", f"refunded 7.00: exchange {new['authorisation']}, exchange"),
        ("office-1", f"cancelled: exchanged for {new['authorisation']}"),
    ]
    assert {one["from"] for one in history} == {"127.0.0.1"}
    assert [one["at"][11:16] for one in history] == ["13:05"] * 2 + ["13:06"] * 12
    history = (await shown(office, new))["history"]
    assert [one["what"] for one in history][2:] == [
        f"confirmed: exchange {request['authorisation']}",
        "paid 1.00: cash R-2",
        f"paid 7.00: exchange {request['authorisation']}",
    ]
