"""The client of central against a real HTTP server that also misbehaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from support.kiosk_sample import euro

from admission.booking import SaleBlocked
from hal.ports import Slip, SlipCode, SlipImage, SlipRule, SlipText
from kiosk.centre import HttpCentre
from kiosk.goods import Day, Holder, Kind, Line, Order, Refusal
from runtime.centre import CentreFault, CentreSettings

LANGUAGES = {"en": "Adult", "de": "Erwachsene", "fr": "Adulte"}
MONEY = {"amount": "12.00", "currency": "EUR"}
CATALOGUE = {
    "site": "sample",
    "venue": "Harbour Museum",
    "timezone": "Europe/Berlin",
    "currency": "EUR",
    "motto": "a newer central says more",
    "attractions": [
        {
            "id": "museum",
            "kind": "location",
            "name": LANGUAGES,
            "text": LANGUAGES,
            "products": [
                {
                    "id": 1,
                    "name": LANGUAGES,
                    "text": LANGUAGES,
                    "price": MONEY,
                    "persons": 1,
                    "colour": "red",
                }
            ],
        }
    ],
}
SLOT = {
    "id": "tour-20261121T1330Z",
    "start": "2026-11-21T13:30:00+00:00",
    "end": "2026-11-21T14:15:00Z",
    "description": "Sat 21 Nov - 14:30",
    "left": 7,
    "blocked": None,
}
TICKET = {
    "id": "4611686018427387905",
    "code": "W17KQ4",
    "human_code": "TK-7KQ4-M2XD",
    "product": 1,
    "product_name": LANGUAGES,
    "attraction": "museum",
    "attraction_name": LANGUAGES,
    "description": "Sat 21 Nov - 14:30",
    "valid_from": "2026-11-21T08:00:00+00:00",
    "valid_until": "2026-11-21T18:00:00+00:00",
    "persons": 1,
    "price": MONEY,
}
RESERVED = {
    "token": "tok",
    "authorisation": "7KQ4-M2XD",
    "status": "reserved",
    "expires_at": "2026-11-21T08:04:00+00:00",
    "total": MONEY,
    "lines": [],
}
ORDER = Order((Line(1, "tour-20261121T1330Z", 2),), "de", "Harbour Museum", "Europe/Berlin")


@dataclass
class Central:
    """Answers what it is told to, and remembers what it was asked."""

    status: int = 200
    body: Any = None
    raw: bytes | None = None
    hang: bool = False
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        self.asked.append((request.method, str(request.rel_url), dict(request.headers), body))
        if self.hang:
            await asyncio.Event().wait()
        payload = self.raw if self.raw is not None else json.dumps(self.body).encode()
        return web.Response(status=self.status, body=payload)


@pytest.fixture
def central() -> Central:
    return Central()


@pytest.fixture
async def address(central: Central) -> AsyncIterator[CentreSettings]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", central.answer)
    server = TestServer(app)
    await server.start_server()
    yield CentreSettings(f"http://127.0.0.1:{server.port}", "secret")
    await server.close()


@pytest.fixture
async def client(address: CentreSettings) -> AsyncIterator[HttpCentre]:
    async with HttpCentre(address) as client:
        yield client


def entitled(*told: tuple[str, str, bool]) -> list[dict[str, Any]]:
    return [
        {"attraction": attraction, "slot": slot, "required": required}
        for attraction, slot, required in told
    ]


@pytest.mark.parametrize(
    ("told", "sold"),
    [
        (entitled(("museum", "chosen", True)), True),
        (entitled(("museum", "chosen", True), ("tour", "same", True)), True),
        (entitled(("museum", "chosen", True), ("tour", "chosen", False)), True),
        (entitled(("museum", "chosen", True), ("tour", "next", True)), True),
        (entitled(("museum", "chosen", True), ("tour", "chosen", True)), False),
        (entitled(("museum", "open", True), ("tour", "chosen", True)), False),
        (entitled(("museum", "today", True)), False),
        (entitled(("museum", "open", True)), False),
        (entitled(), False),
    ],
)
async def test_only_what_needs_one_slot_of_its_own_attraction_is_sold(
    central: Central, client: HttpCentre, told: Any, sold: bool
) -> None:
    [attraction] = CATALOGUE["attractions"]
    other = attraction["products"][0] | {"id": 2, "entitlements": told}
    central.body = CATALOGUE | {
        "attractions": [
            attraction | {"products": [*attraction["products"], other]},
            attraction | {"id": "boat", "products": [other | {"entitlements": entitled()}]},
        ]
    }
    [museum] = (await client.catalogue()).attractions
    assert [product.id for product in museum.products] == ([1, 2] if sold else [1])


async def test_the_catalogue_is_read_and_unknown_keys_are_left_out(
    central: Central, client: HttpCentre
) -> None:
    central.body = CATALOGUE
    catalogue = await client.catalogue()
    assert catalogue.attractions[0].kind is Kind.LOCATION
    assert catalogue.attractions[0].products[0].price == euro("12.00")
    method, path, headers, _ = central.asked[0]
    assert (method, path) == ("GET", "/v1/catalogue")
    assert headers["Authorization"] == "Bearer secret"


async def test_days_and_slots_are_read(central: Central, client: HttpCentre) -> None:
    central.body = {"dates": [{"date": "2026-11-21", "open": True}]}
    assert await client.days("a b/c") == (Day(date(2026, 11, 21), open=True),)
    central.body = {"slots": [SLOT, SLOT | {"left": None, "blocked": "sold_out"}]}
    first, second = await client.slots("tour", date(2026, 11, 21))
    assert (first.left, first.blocked) == (7, None)
    assert (second.left, second.blocked) == (None, SaleBlocked.SOLD_OUT)
    assert first.end == datetime(2026, 11, 21, 14, 15, tzinfo=UTC)
    assert [path for _, path, _, _ in central.asked] == [
        "/v1/attractions/a%20b%2Fc/dates",
        "/v1/attractions/tour/slots?date=2026-11-21",
    ]


async def test_a_reservation_carries_its_lines_and_its_key(
    central: Central, client: HttpCentre
) -> None:
    central.status, central.body = 201, RESERVED
    made = await client.reserve(ORDER, "sale-1-reserve")
    assert not isinstance(made, Refusal)
    assert (made.token, made.total) == ("tok", euro("12.00"))
    method, path, headers, body = central.asked[0]
    assert (method, path, headers["Idempotency-Key"]) == ("POST", "/v1/requests", "sale-1-reserve")
    assert body == {
        "lines": [{"product": 1, "slot": "tour-20261121T1330Z", "quantity": 2}],
        "channel": "kiosk",
        "language": "de",
    }


async def test_confirm_issue_and_cancel_speak_the_contract(
    central: Central, client: HttpCentre
) -> None:
    central.body = {"token": "tok", "status": "confirmed"}
    holder = Holder("Zoë", "+49")
    assert await client.confirm("tok", "SIM-17", euro("12.00"), holder, "k1") is None
    central.body = {"tickets": [TICKET]}
    tickets = await client.issue("tok", "k2")
    assert not isinstance(tickets, Refusal)
    assert tickets[0].id == 4611686018427387905
    assert await client.cancel("tok", "visitor", "k3") is None
    assert [(path, body) for _, path, _, body in central.asked] == [
        (
            "/v1/requests/tok/confirm",
            {
                "payment": {"method": "card", "reference": "SIM-17", "amount": MONEY},
                "holder": {"name": "Zoë", "email": "", "phone": "+49"},
            },
        ),
        ("/v1/requests/tok/issue", {}),
        ("/v1/requests/tok/cancel", {"reason": "visitor"}),
    ]


@pytest.mark.parametrize(
    ("status", "body", "refusal"),
    [
        (409, {"code": "no_room", "left": 3, "slot": "x"}, Refusal("no_room", left=3)),
        (
            409,
            {"code": "sale_blocked", "blocked": "sale_ended"},
            Refusal("sale_blocked", blocked=SaleBlocked.ENDED),
        ),
        (404, {"code": "unknown_slot"}, Refusal("unknown_slot")),
        (400, {"title": "bad"}, Refusal("http_400")),
        (409, ["odd"], Refusal("http_409")),
        (409, {"code": 7, "left": "many", "blocked": {}}, Refusal("http_409")),
    ],
)
async def test_a_refusal_is_a_value(
    central: Central, client: HttpCentre, status: int, body: Any, refusal: Refusal
) -> None:
    central.status, central.body = status, body
    assert await client.reserve(ORDER, "k") == refusal
    assert await client.issue("tok", "k") == refusal
    assert await client.cancel("tok", "r", "k") == refusal


@pytest.mark.parametrize(
    ("status", "raw", "told"),
    [
        (500, b"{}", "see central's log"),
        (503, b"", "see central's log"),
        (429, b"{}", "see central's log"),
        (401, b"{}", r"\[central\] token"),
        (200, b"<html>captive portal</html>", "lead to central"),
        (200, b"\xff\xfe\x00", "lead to central"),
        (200, b"[]", "same version"),
        (200, b"null", "same version"),
        (200, b'{"tickets": []}', "same version"),
        (200, b'{"attractions": [{}], "dates": [{"date": "x"}]}', "same version"),
        (200, b"[" * 100_000, "lead to central"),
        (200, b'"' + b"x" * (1024 * 1024 + 1) + b'"', "bytes"),
    ],
)
async def test_anything_else_is_a_fault_with_a_hint(
    central: Central, client: HttpCentre, status: int, raw: bytes, told: str
) -> None:
    central.status, central.raw = status, raw
    for call in (
        client.catalogue(),
        client.days("tour"),
        client.slots("tour", date(2026, 11, 21)),
        client.reserve(ORDER, "k"),
        client.issue("tok", "k"),
    ):
        with pytest.raises(CentreFault, match=told):
            await call


async def test_a_get_that_is_refused_is_a_fault(central: Central, client: HttpCentre) -> None:
    central.status, central.body = 404, {"code": "unknown_attraction"}
    with pytest.raises(CentreFault, match="unknown_attraction"):
        await client.days("nowhere")


async def test_a_central_that_hangs_is_given_up(central: Central, address: CentreSettings) -> None:
    central.hang = True
    async with HttpCentre(address, timeout_s=0.05) as client:
        with pytest.raises(CentreFault, match="no answer within"):
            await client.catalogue()


async def test_a_central_that_is_not_there_is_a_fault() -> None:
    async with HttpCentre(CentreSettings("http://127.0.0.1:1", "secret")) as client:
        with pytest.raises(CentreFault, match="is central running"):
            await client.cancel("tok", "r", "k")


async def test_a_slip_is_as_central_says_and_none_where_it_knows_none(
    central: Central, client: HttpCentre
) -> None:
    central.body = {
        "parts": [
            {"text": "Harbour Museum", "large": False, "bold": True, "font": "a newer central"},
            {"code": "W17KQ4", "caption": "TK-7KQ4-M2XD"},
            {"rule": True},
            {"image": "iVBORw=="},
        ]
    }
    assert await client.slip("tok/", 7) == Slip(
        (
            SlipText("Harbour Museum", bold=True),
            SlipCode("W17KQ4", "TK-7KQ4-M2XD"),
            SlipRule(),
            SlipImage(b"\x89PNG"),
        )
    )
    assert central.asked[0][:2] == ("GET", "/v1/requests/tok%2F/slips/7")
    central.status = 404
    assert await client.slip("tok", 7) is None


@pytest.mark.parametrize(
    "body",
    [
        *(None, [], {}, {"parts": []}, {"parts": [7]}, {"parts": [{"text": 7}]}),
        *({"parts": [{"song": "la"}]}, {"parts": [{"image": "~"}]}, {"parts": [{"code": "x"}]}),
        {"parts": [{"rule": True}] * 101},
        *({"parts": [{"code": code, "caption": ""}]} for code in ("", "ß" * 1200, "x" * 2332)),
    ],
)
async def test_what_is_no_slip_is_a_fault(central: Central, client: HttpCentre, body: Any) -> None:
    central.body = body
    with pytest.raises(CentreFault):
        await client.slip("tok", 7)
