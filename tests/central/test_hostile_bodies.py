"""Whatever is sent in any field of any body: a clear problem, and nothing has changed. Without it,
what was asked is done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from sqlalchemy import Connection, select
from support.central import CONFIG, DEVICES, MUSEUM, NOW, TOUR, Client
from support.money import balances, euro

from admission.facts import Fact, Opened, Passed
from admission.values import Direction
from central.delivery import outbox
from central.delivery.outbox import Draft, Kind
from central.sale.states import By
from central.store.schema import idempotency, metadata
from central.sync import feed, quarantine
from central.sync.quarantine import Bad
from central.watch import clashes
from runtime.wire import fact_to_data

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

THEATRE = "theatre-20261121T1800Z"
LONG = "x" * 10**6
NOTHING: dict[str, Any] = {}
WHY = {"reason": "rain"}
PAID = {"method": "card", "reference": "T-1", "amount": euro("16.00")}
HOLDER = {"name": "Ada", "email": "ada@example.org", "phone": "0401234567"}
REFERENCES = {"external_order": "A-1", "customer": "C-000001", "pass_ticket": "{human_code}"}
LINE = {
    "product": 1,
    "slot": MUSEUM,
    "slots": {"museum": MUSEUM},
    "without": ["tour"],
    "quantity": 1,
    "seats": ["A-1"],
    "wheelchair": 1,
    "text": "Happy birthday",
}
CART = {"lines": [LINE], "channel": "office", "promo_codes": ["SPRING"]}
MANY = {
    "product": 4,
    "slot": TOUR,
    "quantity": 2,
    "payment_option": "prepaid",
    "payment": PAID,
    "text": "Happy birthday",
    "reason": "school",
    "language": "en",
    "holder": HOLDER,
    "references": REFERENCES,
}
BODIES: dict[str, dict[str, Any]] = {
    "/v1/quotes": CART,
    "/v1/promo-codes": {
        "code": "AUTUMN",
        "amount": euro("2.00"),
        "per": "ticket",
        "max_uses": 5,
        "max_per_order": 2,
        "valid_from": "2026-11-01T00:00:00Z",
        "valid_until": "2026-12-01T00:00:00Z",
        "products": [1],
        "channels": ["web"],
        "note": "flyer",
    },
    "/v1/promo-codes/SPRING/block": NOTHING,
    "/v1/vouchers": {"value": euro("20.00"), "valid_until": "2027-01-01T00:00:00Z", "note": "x"},
    "/v1/vouchers/{voucher}/block": NOTHING,
    "/v1/vouchers/{voucher}/unblock": NOTHING,
    "/v1/requests": CART
    | {"language": "en", "waiting": True, "holder": HOLDER, "references": REFERENCES},
    "/v1/requests/{reserved}/confirm": {
        "payment": PAID,
        "holder": HOLDER,
        "references": REFERENCES,
    },
    "/v1/requests/{reserved}/references": {
        "holder": HOLDER,
        "references": REFERENCES,
        "language": "de",
    },
    "/v1/requests/{sold}/issue": NOTHING,
    "/v1/requests/{sold}/cancel": WHY,
    "/v1/requests/{seated}/seats": WHY | {"slot": THEATRE, "seats": {"{seat}": "Stalls-B-1"}},
    "/v1/requests/{reserved}/payments": {"payment": PAID, "holder": HOLDER},
    "/v1/requests/{reserved}/payment-option": {"option": "postpaid"} | WHY,
    "/v1/requests/{sold}/refund": {"method": "cash", "reference": "B-1", "amount": euro("1.00")}
    | WHY,
    "/v1/requests/{sold}/void": WHY,
    "/v1/requests/{reserved}/exchange": {
        "request": "{sold}",
        "tickets": ["{ticket}"],
        "payment": PAID | {"amount": euro("8.00")},
    },
    "/v1/customers": HOLDER | {"language": "en", "note": "regular"},
    "/v1/customers/C-000001/change": HOLDER | {"language": "en", "note": "regular"},
    "/v1/customers/C-000001/merge": {"into": "C-000002"},
    "/v1/customers/C-000001/erase": NOTHING,
    "/v1/batches": MANY,
    "/v1/batches/{batch}/cancel": WHY,
    "/v1/day-ends": {"device": "office-1"},
    f"/v1/slots/{TOUR}/close": WHY,
    f"/v1/slots/{TOUR}/reopen": WHY,
    f"/v1/slots/{TOUR}/capacity": WHY | {"capacity": 20, "force": True},
    f"/v1/slots/{THEATRE}/seats/block": WHY | {"seats": ["Stalls-E-1"]},
    f"/v1/slots/{THEATRE}/seats/unblock": WHY | {"seats": ["Stalls-E-1"]},
    "/v1/leases": {"slot": TOUR, "places": 2, "minutes": 5, "channel": "kiosk"},
    "/v1/leases/{lease}/use": {"tickets": [{"id": "7", "places": 1}]},
    "/v1/leases/{lease}/return": NOTHING,
    "/v1/keys": {"public": "ab" * 32},
    "/v1/lists": {
        "name": "Partner",
        "product": 1,
        "rows": [
            {
                "code": "AB-1234",
                "valid_from": "2026-12-01T00:00:00Z",
                "valid_until": "2026-12-02T00:00:00Z",
                "persons": 2,
                "reference": "order 7",
            }
        ],
        "valid_from": "2026-12-01T00:00:00Z",
        "valid_until": "2026-12-02T00:00:00Z",
        "complete": True,
        "skip_wrong": False,
    },
    "/v1/revoked": {"codes": ["AB-1234"]},
    "/v1/desk/scans": {"code": "NFC:04A1B2C3D4E5F6"},
    "/v1/desk/status": {"prints": True, "faults": ["printer: paper out"]},
    "/v1/desk/jobs/{job}": {"fault": "cannot print that"},
    "/v1/zones/house/count": {"persons": 7, "why": "counted by hand"},
    "/v1/clashes/{clash}/settle": {"why": "let in by hand"},
    "/v1/quarantine/1/dismiss": {"why": "a test of the technician"},
    "/v1/quarantine/2/replay": NOTHING,
}
LET_IN = Fact("gate-1", 2, NOW, Opened("North", Direction.IN, "badge 7"))
NO_BODY: Any = {"requestBody": {"content": {}}}
PLAIN: dict[str, Any] = {"product": 1, "slot": MUSEUM, "quantity": 1, "text": "Happy birthday"}
GOOD = {"/v1/quotes": CART | {"lines": [PLAIN]}, "/v1/requests": CART | {"lines": [PLAIN]}}
"""Where the whole body is no cart that anybody wants."""
BY_DEVICE = dict.fromkeys(
    ("/v1/leases/{lease}/use", "/v1/leases/{lease}/return", "/v1/keys"), "kiosk-1"
) | dict.fromkeys(("/v1/desk/scans", "/v1/desk/status", "/v1/desk/jobs/{job}"), "desk-1")

HIDDEN = ["\0", "a\x1b[31m", "a\x7fb", "evil\u202egpj.exe", "\u200fa", "a\u2028b"]
TEXTS = [*HIDDEN, LONG, 7, True, ["x"], {"x": "x"}]
NUMBERS = [-1, -(2**63), 2**63, 10**30, 1e9, 1.5, "1", True, float("nan"), float("inf"), [1]]
AMOUNTS = ["-1.00", "1e9", "NaN", "-Infinity", "0.001", "99999999999.00", "١٢", "", 1.0, 8, None]
CURRENCIES = ["CHF", "eur", "", "€", "EUR\0", LONG, 7, None]
DAYS = ["2026-02-30", "0000-01-01", "9999-12-31", "2026-11-21", "today", LONG, 7]
FLAGS = ["true", 1, 0, []]
CHOICES = ["", "x", "OFFICE", "office\0", LONG, 7, None]
LISTS = ["x", 7, {"0": "x"}, None]
CHOSEN = {"channel", "option", "payment_option", "per"}
SPANS = {"valid_from", "valid_until"}
RAW = [b"", b"[]", b"null", b'"x"', b"{", b"\xff\xfe", b"[" * 100_000, b'{"x": 1}', b"7", b"{}{}"]


@dataclass
class Stock:
    """Something of everything in central; `names` stand in paths and bodies."""

    office: Client
    names: dict[str, str]
    keys: Iterator[int] = field(default_factory=count)

    def told(self, value: Any) -> Any:
        if isinstance(value, str):
            for name, real in self.names.items():
                value = value.replace(f"{{{name}}}", real)
        if isinstance(value, list):
            return [self.told(item) for item in value]
        if isinstance(value, dict):
            return {self.told(key): self.told(item) for key, item in value.items()}
        return value

    async def send(self, path: str, body: bytes) -> tuple[int, str, Any]:
        """(status, content type, body)."""
        token = DEVICES[BY_DEVICE.get(path, "office-1")].token
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"h{next(self.keys)}"}
        async with self.office.http.post(self.told(path), data=body, headers=headers) as answer:
            return answer.status, answer.content_type, await answer.json(content_type=None)

    async def state(self) -> Any:
        """All rows of all tables, but for answers that are kept."""
        kept = [table for table in metadata.sorted_tables if table is not idempotency]

        def rows(connection: Connection) -> Any:
            return {t.name: sorted(map(repr, connection.execute(select(t)))) for t in kept}

        return await self.office.api.database.read(rows)


@pytest.fixture
async def stock(kiosk: Client, office: Client) -> Stock:
    for name in ("Ada", "Grace"):
        await office.post("/v1/customers", {"name": name}, 201)
    await office.post("/v1/promo-codes", {"code": "SPRING", "percent": "10"}, 201)
    voucher = await office.post("/v1/vouchers", {"value": euro("20.00")}, 201)
    sold = await office.reserve(4, TOUR, channel="office")
    await office.confirm(sold)
    [ticket] = (await office.issue(sold))["tickets"]
    seated = await office.reserve(18, THEATRE, channel="office")
    await office.confirm(seated)
    batch = MANY | {"references": {}, "quantity": 1, "payment": PAID | {"amount": euro("8.00")}}
    made = await office.post("/v1/batches", batch, 201)
    reserved = await office.reserve(4, TOUR, 2, channel="office")
    lease = await kiosk.post("/v1/leases", {"slot": TOUR, "places": 2, "minutes": 9}, 201)
    names = {
        "voucher": voucher["code"],
        "sold": sold["token"],
        "ticket": ticket["id"],
        "human_code": ticket["human_code"],
        "seated": seated["token"],
        "seat": seated["lines"][0]["seats"][0],
        "batch": str(made["id"]),
        "reserved": reserved["token"],
        "lease": str(lease["id"]),
    }
    await office.api.database.write(_set_aside_two)
    print_ = Draft(Kind.PRINT, "desk-1", "", "en", request=1, attach="tickets")
    job = await office.api.database.write(lambda c: outbox.put(c, print_, By("office-1", NOW)))
    names["job"] = str(job)
    names["clash"] = str(await office.api.database.write(_clash))
    return Stock(office, names)


def _set_aside_two(connection: Connection) -> None:
    """Beside a body in the house."""
    walked = Passed(None, None, "North", 1, zone="house")
    feed.accept(connection, [Fact("gate-1", 3, NOW, walked)], NOW)
    told = json.dumps(fact_to_data(LET_IN))
    quarantine.set_aside(connection, "gate-1", [Bad(n, "a trial", told) for n in (1, 2)], NOW)


def _clash(connection: Connection) -> int:
    """Its number."""
    clashes.report_cloned(connection, LET_IN, NOW, NOW, ZoneInfo("Europe/Berlin"))
    return feed.head(connection)


def hostile(body: Any) -> Iterator[tuple[str, Any, Any]]:
    """(name of the field, hostile value, whole body) for each field of the body."""
    for path in _paths(body, ()):
        name = next(part for part in reversed(path) if isinstance(part, str))
        for value in _bad(name, _at(body, path)):
            changed = deepcopy(body)
            _at(changed, path[:-1])[path[-1]] = value
            yield name, value, changed
    yield "unknown", "x", body | {"unknown": "x"}


def _paths(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _paths(item, (*path, key))
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _paths(item, (*path, number))


def _at(body: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        body = body[part]
    return body


def _bad(name: str, value: Any) -> list[Any]:
    match value:
        case bool():
            return FLAGS
        case int():
            return [bad for bad in NUMBERS if name != "capacity" or bad != 10**30]
        case list():
            return [*LISTS, value * 10_000]
        case dict():
            return ["x", 7, [value]]
    if name in CHOSEN:
        return CHOICES
    if name in SPANS:
        return DAYS
    return {"amount": AMOUNTS, "currency": CURRENCIES}.get(name, TEXTS)


def test_every_write_of_json_is_tried() -> None:
    told = yaml.safe_load((CONFIG.parent / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    writes = {
        path
        for path, operations in told["paths"].items()
        if "application/json" in operations.get("post", NO_BODY)["requestBody"]["content"]
    }
    assert len(writes) == len(BODIES)


@ON_SQLITE
@pytest.mark.parametrize("path", BODIES)
async def test_a_hostile_field_is_refused_and_changes_nothing(stock: Stock, path: str) -> None:
    body, before = stock.told(BODIES[path]), await stock.state()
    owed = await balances(stock.office)
    for name, value, changed in hostile(body):
        text = json.dumps(changed).encode()
        what = f"{name} = {value!r:.80}"
        await _assert_refused(stock, path, text, what)
        if value == "CHF":
            _, _, told = await stock.send(path, text)
            assert told["code"] == "wrong_currency", what
    for raw in RAW:
        if raw != b"{}":
            await _assert_refused(stock, path, raw, repr(raw[:20]))
    assert await stock.state() == before
    assert await balances(stock.office) == owed
    status, _, told = await stock.send(path, json.dumps(GOOD.get(path, body)).encode())
    assert status in (200, 201), told


async def _assert_refused(stock: Stock, path: str, body: bytes, what: str) -> None:
    status, kind, told = await stock.send(path, body)
    assert 400 <= status < 500, (what, told)
    assert (kind, told["status"]) == ("application/problem+json", status), what
    assert told["code"], what
    assert len(str(told)) < 10_000, what
