"""The office finds a request by whatever the visitor can tell."""

from __future__ import annotations

from typing import Any

import pytest
from support.central import MUSEUM, Client

ADA = {"name": "Ada Lovelace-Kühn", "email": "Ada.L@Example.org", "phone": "+49 (0)40 / 123 45 67"}


@pytest.fixture
def office(kiosk: Client) -> Client:
    return kiosk.as_("office-1")


async def ordered(office: Client, order: str = "", **holder: str) -> Any:
    """A request that waits to be found, among others."""
    told = {"name": "Grace Hopper", "email": "grace@example.org", "phone": "0170 9999999"}
    await office.reserve(1, MUSEUM, holder=told, references={"external_order": "SHOP-1"})
    request = await office.reserve(
        1, MUSEUM, holder=holder or ADA, references={"external_order": order}
    )
    await office.reserve(1, MUSEUM)
    return request


async def found_by(office: Client, query: str) -> list[str]:
    page = await office.get(f"/v1/requests?{query}")
    return [request["token"] for request in page["requests"]]


@pytest.mark.parametrize(
    "query",
    [
        "name=ada",
        "name=KUHN",
        "name=love+ada",
        "name=Kühn",
        "email=ada.l@example.ORG",
        "phone=1234567",
        "phone=4567",
        "phone=040+1234567",
        "phone=0049401234567",
        "phone=%2B4940-1234567",
        "order=A/1%20x",
        "order=A/1%20x&name=ada&phone=4567",
    ],
)
async def test_a_request_is_found_by_what_was_told(office: Client, query: str) -> None:
    request = await ordered(office, order="A/1 x")
    assert await found_by(office, query) == [request["token"]]


@pytest.mark.parametrize(
    "query",
    [
        "name=velace",
        "name=ada+hopper",
        "email=ada",
        "phone=12345",
        "phone=9991234567",
        "order=A/1",
        "order=a/1%20x",
        "name=ada&phone=9999999",
        "token=nothing",
        "code=0000-0000",
        "code=%2D%2D",
        "ticket=TK-0000-0000",
        "ticket=NFC:04A1B2C3",
        "ticket=hello",
        "customer=C-000001",
        "customer=me",
    ],
)
async def test_what_does_not_fit_is_not_found(office: Client, query: str) -> None:
    await ordered(office, order="A/1 x")
    assert await found_by(office, query) == []


async def test_a_request_is_found_by_its_codes(office: Client) -> None:
    request = await ordered(office)
    await office.confirm(request)
    [ticket] = (await office.issue(request))["tickets"]
    code = request["authorisation"]
    codes = [code, code.lower(), code.replace("-", ""), code.replace("-", " ")]
    queries = [f"code={one}" for one in codes]
    queries += [f"code={code.replace('0', 'o').replace('1', 'l')}", f"token={request['token']}"]
    tickets = [ticket["code"], ticket["human_code"], ticket["human_code"].lower()]
    queries += [f"ticket={one}" for one in tickets]
    for query in queries:
        assert await found_by(office, query) == [request["token"]], query


async def test_a_request_is_found_by_its_customer(office: Client) -> None:
    number = (await office.post("/v1/customers", {"name": "Ada"}, 201))["number"]
    await ordered(office)
    request = await office.reserve(1, MUSEUM, references={"customer": number})
    assert await found_by(office, f"customer={number}") == [request["token"]]


async def test_a_phone_number_is_found_however_it_was_told(office: Client) -> None:
    request = await ordered(office, phone="040 1234567")
    for spelt in ("%2B49401234567", "0049-40-1234567", "1234567", "040/1234567"):
        assert await found_by(office, f"phone={spelt}") == [request["token"]], spelt


async def test_what_is_found_tells_whose_it_is(office: Client) -> None:
    request = await ordered(office, order="A-2")
    page = await office.get("/v1/requests?name=ada")
    assert page == {
        "requests": [
            request
            | {
                "created_at": "2026-11-21T13:05:00+00:00",
                "channel": "kiosk",
                "device": "office-1",
                "language": "en",
                "holder": ADA,
                "references": {"external_order": "A-2", "customer": "", "pass_ticket": ""},
            }
        ],
        "next": None,
    }


async def test_a_holder_who_is_told_anew_is_found_by_the_new_name_only(office: Client) -> None:
    request = await ordered(office)
    path = f"/v1/requests/{request['token']}/references"
    await office.post(path, {"holder": {"name": "Ada King"}})
    assert await found_by(office, "name=lovelace") == []
    assert await found_by(office, "name=king") == [request["token"]]


async def test_requests_are_listed_newest_first_in_pages(office: Client) -> None:
    tokens = [(await office.reserve(1, MUSEUM))["token"] for _ in range(5)]
    seen: list[str] = []
    query = "limit=2"
    while query:
        page = await office.get(f"/v1/requests?{query}")
        seen += [request["token"] for request in page["requests"]]
        query = f"limit=2&after={page['next']}" if page["next"] else ""
    assert seen == tokens[::-1]


@pytest.mark.parametrize(
    "query",
    [
        "phone=123",
        "phone=call+me",
        "name=%20-",
        "name=%00",
        "limit=201",
        "limit=-1",
        "after=x",
        f"order={'x' * 201}",
    ],
)
async def test_what_nobody_can_look_for_is_refused(office: Client, query: str) -> None:
    assert (await office.get(f"/v1/requests?{query}", 400))["code"] == "invalid"


@pytest.mark.parametrize("text", ["%27%20OR%201=1", "%25", "_", "%F4%8F%BF%BF", "%ED%A0%80", "%FF"])
async def test_hostile_texts_find_nothing(office: Client, text: str) -> None:
    await ordered(office)
    for name in ("token", "code", "order", "customer", "ticket", "email"):
        assert await found_by(office, f"{name}={text}") in ([], await found_by(office, "")), name


@pytest.mark.parametrize("client", ["kiosk-1", "web-1", "gate-1"])
async def test_only_the_office_looks_for_requests(kiosk: Client, client: str) -> None:
    await kiosk.as_(client).get("/v1/requests?name=ada", 403)
