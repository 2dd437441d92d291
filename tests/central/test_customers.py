"""Customers: made, found, changed, merged, erased; requests refer to them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Connection, text
from support.central import MUSEUM, TOUR, Client

from central.office import customers
from central.sale.states import Holder
from central.store.schema import metadata

ADA = {"name": "Ada Lovelace", "email": "ada@example.org", "phone": "+49 40 1234567"}
GRACE = {"name": "Grace Hopper", "email": "grace@example.org", "phone": "040 7654321"}


@pytest.fixture
def office(kiosk: Client) -> Client:
    return Client(kiosk.http, kiosk.api, kiosk.clock, "office-1")


async def create(office: Client, told: dict[str, str]) -> str:
    number: str = (await office.post("/v1/customers", told, 201))["number"]
    return number


async def bought_by(client: Client, number: str, **extras: Any) -> Any:
    """A paid request of a customer, who told name, address and phone number."""
    request = await client.reserve(1, MUSEUM, references={"customer": number}, **extras)
    await client.confirm(request)
    return request


async def asked(client: Client, request: Any) -> Any:
    return await client.get(f"/v1/requests/{request['token']}")


def words_in_the_database(connection: Connection) -> str:
    """Everything that any table tells."""
    return json.dumps(
        [
            [str(value) for value in row]
            for table in metadata.tables
            for row in connection.execute(text(f'SELECT * FROM "{table}"'))
        ],
        ensure_ascii=False,
    )


async def test_customers_are_numbered(office: Client) -> None:
    assert [await create(office, ADA), await create(office, GRACE)] == ["C-000001", "C-000002"]
    told = await office.get("/v1/customers/C-000002")
    assert told == GRACE | {
        "number": "C-000002",
        "created_at": "2026-11-21T13:05:00+00:00",
        "language": "",
        "note": "",
        "merged_into": None,
        "erased_at": None,
    }


@pytest.mark.parametrize(
    "query",
    ["name=love", "name=ADA+lo", "email=ADA@example.org", "phone=040/1234567", "phone=4567"],
)
async def test_a_customer_is_found(office: Client, query: str) -> None:
    await create(office, GRACE)
    number = await create(office, ADA)
    found = (await office.get(f"/v1/customers?{query}"))["customers"]
    assert [customer["number"] for customer in found] == [number]


async def test_customers_are_listed_in_pages(office: Client) -> None:
    numbers = [await create(office, ADA) for _ in range(3)]
    first = (await office.get("/v1/customers?limit=2"))["customers"]
    rest = (await office.get("/v1/customers?limit=2&after=2"))["customers"]
    assert [customer["number"] for customer in first + rest] == numbers


async def test_a_changed_customer_is_found_by_the_new_name_only(office: Client) -> None:
    number = await create(office, ADA)
    await office.post(f"/v1/customers/{number}/change", ADA | {"name": "Ada King"})
    assert (await office.get("/v1/customers?name=lovelace"))["customers"] == []
    [found] = (await office.get("/v1/customers?name=king"))["customers"]
    assert (found["number"], found["email"]) == (number, ADA["email"])


async def test_a_request_refers_to_its_customer_and_its_order(office: Client) -> None:
    number = await create(office, ADA)
    refers = {"customer": number, "external_order": "SHOP-17", "pass_ticket": ""}
    request = await office.reserve(1, MUSEUM, references=refers, holder=ADA)
    told = await asked(office, request)
    assert (told["references"], told["holder"]) == (refers, ADA)
    assert [entry["what"] for entry in told["history"]][2:] == [
        "refers to external order SHOP-17, customer C-000001",
        "holder told",
    ]
    assert {entry["from"] for entry in told["history"]} == {"127.0.0.1"}


async def test_what_a_request_refers_to_may_be_told_when_it_is_paid(office: Client) -> None:
    number = await create(office, ADA)
    request = await office.reserve(1, MUSEUM, references={"external_order": "A"})
    payment = {"method": "card", "reference": "1", "amount": request["total"]}
    body = {"payment": payment, "references": {"customer": number}}
    await office.post(f"/v1/requests/{request['token']}/confirm", body)
    told = await asked(office, request)
    refers = {"customer": number, "external_order": "A", "pass_ticket": ""}
    assert told["references"] == refers


async def test_more_is_told_of_a_request_later(office: Client) -> None:
    request = await office.reserve(1, MUSEUM, holder=GRACE)
    path = f"/v1/requests/{request['token']}/references"
    body = {"holder": ADA, "references": {"external_order": "B"}, "language": "de"}
    await office.post(path, body)
    await office.post(path, body)
    told = await asked(office, request)
    assert (told["holder"], told["language"]) == (ADA, "de")
    assert [entry["what"] for entry in told["history"]][3:] == [
        "refers to external order B",
        "holder told",
        "language de",
    ]


async def test_an_unknown_customer_leaves_nothing_done(office: Client) -> None:
    nobody = {"customer": "C-000009"}
    refused = await office.reserve(4, TOUR, 12, references=nobody, status=404)
    assert refused["code"] == "unknown_customer"
    assert await office.left(TOUR) == 12
    request = await office.reserve(1, MUSEUM)
    payment = {"method": "card", "reference": "1", "amount": request["total"]}
    path = f"/v1/requests/{request['token']}"
    await office.post(f"{path}/confirm", {"payment": payment, "references": nobody}, 404)
    await office.post(f"{path}/references", {"references": nobody}, 404)
    assert (await office.get(path))["status"] == "reserved"


async def test_requests_follow_a_merged_customer(office: Client) -> None:
    old, new, newest = [await create(office, ADA) for _ in range(3)]
    request = await bought_by(office, old)
    assert await office.post(f"/v1/customers/{old}/merge", {"into": new}) == {"number": new}
    told = await asked(office, request)
    assert told["references"]["customer"] == new
    assert told["history"][-1]["what"] == f"customer {old} merged into {new}"
    await office.post(f"/v1/customers/{new}/merge", {"into": newest})
    assert (await office.get(f"/v1/customers/{old}"))["merged_into"] == newest
    found = (await office.get("/v1/customers?name=ada"))["customers"]
    assert [customer["number"] for customer in found] == [newest]
    later = await bought_by(office, old)
    assert (await asked(office, later))["references"]["customer"] == newest


async def test_a_customer_is_merged_once_and_not_into_itself(office: Client) -> None:
    one, other = [await create(office, ADA) for _ in range(2)]
    path = f"/v1/customers/{one}/merge"
    assert (await office.post(path, {"into": one}, 409))["code"] == "same_customer"
    assert (await office.post(path, {"into": "x"}, 404))["code"] == "unknown_customer"
    await office.post(path, {"into": other})
    refused = await office.post(path, {"into": other}, 409)
    assert (refused["code"], refused["into"]) == ("customer_merged", other)
    assert (await office.post(f"/v1/customers/{one}/change", ADA, 409))["into"] == other
    assert (await office.post(f"/v1/customers/{one}/erase", {}, 409))["into"] == other


async def test_an_erased_customer_is_nowhere_and_the_sums_stay(office: Client) -> None:
    first, number = await create(office, GRACE), await create(office, ADA)
    await office.post(f"/v1/customers/{first}/merge", {"into": number})
    request = await bought_by(office, number, holder=ADA)
    reason = {"reason": "lovelace? no, ADA LOVELACE, asked at +49 40 1234567"}
    await office.post(f"/v1/requests/{request['token']}/cancel", reason)
    assert await office.post(f"/v1/customers/{number}/erase", {}) == {"number": number}
    told = await asked(office, request)
    assert (told["holder"], told["references"]["customer"]) == (None, number)
    assert [entry["what"] for entry in told["history"]][-2:] == [
        "cancelled: lovelace? no, …, asked at …",
        "personal data erased",
    ]
    assert (told["total"], len(told["payments"])) == (request["total"], 1)
    kept = (await office.api.database.read(words_in_the_database)).lower()
    assert [told for told in (*ADA.values(), *GRACE.values()) if told.lower() in kept] == []


async def test_what_is_printed_on_tickets_forgets_an_erased_customer_too(office: Client) -> None:
    number = await create(office, ADA)
    refers = {"references": {"customer": number}, "holder": ADA, "channel": "office"}
    texts = ["for Ada Lovelace", "a birthday"]
    lines = [{"product": 1, "slot": MUSEUM, "quantity": 1, "text": text} for text in texts]
    request = await office.post("/v1/requests", {"lines": lines} | refers, 201)
    await office.confirm(request)
    await office.issue(request)
    await office.post(f"/v1/customers/{number}/erase", {})
    told = await asked(office, request)
    assert [ticket["text"] for ticket in told["tickets"]] == ["for …", "a birthday"]


async def test_an_erased_customer_stays_erased(office: Client) -> None:
    number = await create(office, ADA)
    path = f"/v1/customers/{number}"
    await office.post(f"{path}/erase", {})
    erased = await office.get(path)
    assert (erased["name"], erased["erased_at"]) == ("", "2026-11-21T13:05:00+00:00")
    office.clock.pass_(days=1)
    await office.post(f"{path}/erase", {})
    assert await office.get(path) == erased
    assert (await office.post(f"{path}/change", ADA, 409))["code"] == "customer_erased"
    refused = await office.reserve(1, MUSEUM, references={"customer": number}, status=409)
    assert refused["code"] == "customer_erased"
    assert (await office.get("/v1/customers?email=ada@example.org"))["customers"] == []


async def test_the_export_tells_all_that_is_kept_of_one(office: Client) -> None:
    first, number = await create(office, GRACE), await create(office, ADA)
    request = await bought_by(office, first)
    await office.post(f"/v1/customers/{first}/merge", {"into": number})
    told = await office.get(f"/v1/customers/{number}/export")
    assert told["customer"]["name"] == ADA["name"]
    assert [merged["name"] for merged in told["merged"]] == [GRACE["name"]]
    assert told["requests"] == [await asked(office, request)]
    assert (await office.get("/v1/customers/C-000099/export", 404))["code"] == "unknown_customer"


async def test_a_pass_suggests_its_holder(office: Client) -> None:
    number = await create(office, GRACE)
    own, known, nobodys = [
        await bought_by(office, number, holder=ADA),
        await bought_by(office, number),
        await office.reserve(1, MUSEUM),
    ]
    await office.confirm(nobodys)

    async def suggested(request: Any) -> Holder | None:
        [ticket] = (await office.issue(request))["tickets"]
        return await office.api.database.read(lambda c: customers.holder_of(c, int(ticket["id"])))

    assert await suggested(own) == Holder(**ADA)
    assert await suggested(known) == Holder(**GRACE)
    assert await suggested(nobodys) is None
    assert await office.api.database.read(lambda c: customers.holder_of(c, 1)) is None


@pytest.mark.parametrize("client", ["kiosk-1", "web-1", "gate-1"])
async def test_only_the_office_sees_customers(kiosk: Client, client: str) -> None:
    other = Client(kiosk.http, kiosk.api, kiosk.clock, client)
    for path in ("", "/C-000001", "/C-000001/export"):
        await other.get(f"/v1/customers{path}", 403)
    await other.post("/v1/customers", ADA, 403)


@pytest.mark.parametrize(
    "body", [{"name": "x" * 201}, {"note": "x" * 1001}, {"nick": "x"}, {"name": None}, []]
)
async def test_what_no_customer_is_makes_none(office: Client, body: Any) -> None:
    assert (await office.post("/v1/customers", body, 400))["code"] == "invalid"
    assert (await office.get("/v1/customers"))["customers"] == []
