"""docs/openapi.yaml says what central does: the same routes, and answers of the same shape."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import hdrs
from support.central import DEVICES, MUSEUM, NOW, TOUR, Client, Clock
from support.hall import book, hall_in

from admission.facts import Counted, Fact, HeadCount, Passed
from central.delivery import outbox
from central.delivery.outbox import Draft, Kind
from central.http.routes import application
from central.sale.states import By
from central.sync import feed, ingest
from central.watch import devices
from central.watch.devices import Heard, Status
from runtime.wire import encode

PAGES = ("/office", "/static/", "/t/", "/c/", "/coats")
"""What browsers ask for is no interface of programs."""
CONCERT = "concert-20261121T1900Z"
DOCUMENT = yaml.safe_load(
    (Path(__file__).parent.parent.parent / "docs" / "openapi.yaml").read_text(encoding="utf-8")
)
KINDS = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "null": type(None),
}


def resolved(node: Any) -> Any:
    while "$ref" in node:
        found = DOCUMENT
        for name in node["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        node = found
    return node


def misfits(data: Any, schema: Any, where: str = "$") -> Iterator[str]:
    """Where the data is not what the schema says; what the schema does not name misfits too."""
    schema = resolved(schema)
    if "oneOf" in schema:
        tried = [list(misfits(data, one, where)) for one in schema["oneOf"]]
        yield from () if [] in tried else tried[0]
        return
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if type(data) not in [KINDS[kind] for kind in kinds]:
        yield f"{where}: {data!r} is no {schema['type']}"
    elif "enum" in schema and data not in schema["enum"]:
        yield f"{where}: {data!r} is not one of {schema['enum']}"
    elif isinstance(data, dict):
        known, more = schema.get("properties", {}), schema.get("additionalProperties", False)
        yield from (
            f"{where}.{key} is missing" for key in schema.get("required", ()) if key not in data
        )
        for key, value in data.items():
            if key in known:
                yield from misfits(value, known[key], f"{where}.{key}")
            elif isinstance(more, dict):
                yield from misfits(value, more, f"{where}.{key}")
            elif not more:
                yield f"{where}.{key} is not documented"
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from misfits(value, schema["items"], f"{where}[{number}]")


def assert_documented(method: str, path: str, status: str, data: Any) -> None:
    response = resolved(DOCUMENT["paths"][path][method]["responses"][status])
    [content] = [content for kind, content in response["content"].items() if "json" in kind]
    assert list(misfits(data, content["schema"])) == []


async def test_every_route_is_documented_and_nothing_else(kiosk: Client) -> None:
    app = application(kiosk.api)
    served = {
        (route.method.lower(), route.resource.canonical)
        for route in app.router.routes()
        if route.resource and route.method != hdrs.METH_HEAD
        if route.resource.canonical != "/" and not route.resource.canonical.startswith(PAGES)
    }
    documented = {
        (method, path)
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
        if method != "parameters"
    }
    assert served == documented


async def test_the_answers_of_a_sale_are_as_documented(kiosk: Client) -> None:
    line = {"product": 3, "slot": MUSEUM, "quantity": 2}
    request = await kiosk.post("/v1/requests", {"lines": [line], "channel": "kiosk"}, 201)
    assert_documented("post", "/v1/requests", "201", request)
    path = f"/v1/requests/{request['token']}"
    paid = {"method": "card", "reference": "1", "amount": request["total"]}
    body = {"payment": paid, "holder": {"name": "Ada", "email": "", "phone": ""}}
    confirmed = await kiosk.post(f"{path}/confirm", body)
    assert_documented("post", "/v1/requests/{token}/confirm", "200", confirmed)
    issued = await kiosk.post(f"{path}/issue", {})
    assert_documented("post", "/v1/requests/{token}/issue", "200", issued)
    assert_documented("get", "/v1/requests/{token}", "200", await kiosk.get(path))
    cancelled = await kiosk.post(f"{path}/cancel", {"reason": "rain"})
    assert_documented("post", "/v1/requests/{token}/cancel", "200", cancelled)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/health", ""),
        ("/ready", ""),
        ("/v1/catalogue", ""),
        ("/v1/attractions/{id}/dates", ""),
        ("/v1/attractions/{id}/slots", "?date=2026-11-21"),
        ("/v1/feed", "?after=2&limit=3"),
        ("/v1/snapshot", ""),
        ("/v1/activity", ""),
        ("/v1/quarantine", ""),
        ("/v1/clashes", ""),
        ("/v1/device", ""),
    ],
)
async def test_what_can_be_read_is_as_documented(kiosk: Client, path: str, query: str) -> None:
    late = {"device": "gate-1", "number": 1, "at": "2026-11-22T00:00:00+00:00", "kind": "opened"}
    told = encode({"facts": [late | {"lane": "1", "direction": "in", "by": "a"}]})
    for payload in (b"?", told):
        await kiosk.api.database.write(
            lambda c, told=payload: ingest.take(c, "gate-1", told, DEVICES, NOW)
        )
    answer = await kiosk.get(path.replace("{id}", "tour") + query)
    assert any(answer.values())
    assert_documented("get", path, "200", answer)


async def test_the_answers_about_what_went_wrong_are_as_documented(kiosk: Client) -> None:
    office = Client(kiosk.http, kiosk.api, kiosk.clock, "office-1")
    late = {"device": "gate-1", "number": 1, "at": "2026-11-22T00:00:00+00:00", "kind": "opened"}
    told = encode({"facts": [late | {"lane": "1", "direction": "in", "by": "a"}, {"kind": "?"}]})
    for _ in range(2):
        await kiosk.api.database.write(lambda c: ingest.take(c, "gate-1", told, DEVICES, NOW))
    [clash] = (await office.get("/v1/clashes"))["clashes"]
    [bad] = (await office.get("/v1/quarantine"))["bad"]
    for path, name, value, what in (
        ("/v1/clashes/{n}/settle", "n", clash["n"], {"why": "set right"}),
        ("/v1/quarantine/{id}/dismiss", "id", bad["id"], {"why": "nonsense"}),
    ):
        where = path.replace(f"{{{name}}}", str(value))
        assert_documented("post", path, "200", await office.post(where, what))
        assert_documented("post", path, "default", await office.post(where, what, 409))
    where = f"/v1/quarantine/{bad['id']}/replay"
    refused = await office.post(where, {}, 409)
    assert_documented("post", "/v1/quarantine/{id}/replay", "default", refused)


async def test_the_answers_about_money_are_as_documented(kiosk: Client) -> None:
    office = Client(kiosk.http, kiosk.api, kiosk.clock, "office-1")

    async def assert_act(request: Any, what: str, body: Any, status: int = 200) -> None:
        answer = await office.post(f"/v1/requests/{request['token']}/{what}", body, status)
        told = "200" if status == 200 else "default"
        assert_documented("post", "/v1/requests/{token}/" + what, told, answer)

    amount = {"amount": "10.00", "currency": "EUR"}
    paid = {"method": "cash", "reference": "1", "amount": amount}
    back = {"method": "cash", "reference": "1", "reason": "rain"}
    request = await office.reserve(4, TOUR, 2)
    await assert_act(request, "payments", {"payment": paid})
    await assert_act(request, "payments", {"payment": paid}, 409)
    await assert_act(request, "payment-option", {"option": "postpaid"})
    await assert_act(request, "refund", back | {"amount": amount | {"amount": "9.00"}})
    await assert_act(request, "refund", back | {"amount": amount}, 409)
    old, new = await kiosk.reserve(4, TOUR), await office.reserve(4, TOUR)
    await kiosk.confirm(old)
    await kiosk.issue(old)
    await assert_act(new, "exchange", {"request": old["token"]})
    await assert_act(request, "void", {"reason": "wrong day"})
    told = await kiosk.get(f"/v1/requests/{request['token']}")
    assert len(told["receipts"]) == 3
    assert_documented("get", "/v1/requests/{token}", "200", told)
    end = await office.post("/v1/day-ends", {}, 201)
    assert_documented("post", "/v1/day-ends", "201", end)
    for path in ("/v1/day-ends/{id}", "/v1/day-ends", "/v1/ledger"):
        answer = await office.get(path.replace("{id}", str(end["id"])))
        assert any(answer.values())
        assert_documented("get", path, "200", answer)


async def test_the_answers_about_prices_are_as_documented(kiosk: Client) -> None:
    office = Client(kiosk.http, kiosk.api, kiosk.clock, "office-1")
    euro = {"amount": "1.00", "currency": "EUR"}
    code = await office.post("/v1/promo-codes", {"amount": euro, "max_uses": 1}, 201)
    assert_documented("post", "/v1/promo-codes", "201", code)
    twice = await office.post("/v1/promo-codes", {"percent": "1", "code": code["code"]}, 409)
    assert_documented("post", "/v1/promo-codes", "default", twice)
    lines = [{"product": 9}, {"product": 1, "slot": MUSEUM}]
    cart = {"lines": lines, "channel": "office", "promo_codes": [code["code"]]}
    assert_documented("post", "/v1/quotes", "200", await office.post("/v1/quotes", cart))
    request = await office.post("/v1/requests", cart, 201)
    gone = await office.post("/v1/quotes", cart, 409)
    assert_documented("post", "/v1/quotes", "default", gone)
    assert_documented("get", "/v1/promo-codes", "200", await office.get("/v1/promo-codes"))
    blocked = await office.post(f"/v1/promo-codes/{code['code']}/block", {})
    assert_documented("post", "/v1/promo-codes/{code}/block", "200", blocked)
    assert_documented("post", "/v1/quotes", "default", await office.post("/v1/quotes", cart, 409))
    await office.confirm(request)
    issued = await office.issue(request)
    assert_documented("post", "/v1/requests/{token}/issue", "200", issued)
    told = await office.get(f"/v1/requests/{request['token']}")
    assert [len(told["discounts"]), len(told["vouchers"])] == [1, 1]
    assert_documented("get", "/v1/requests/{token}", "200", told)


async def test_the_answers_about_vouchers_are_as_documented(kiosk: Client) -> None:
    office = Client(kiosk.http, kiosk.api, kiosk.clock, "office-1")
    euro = {"amount": "1.00", "currency": "EUR"}
    made = await office.post("/v1/vouchers", {"value": euro}, 201)
    assert_documented("post", "/v1/vouchers", "201", made)
    path = f"/v1/vouchers/{made['code']}"
    assert_documented("get", "/v1/vouchers/{code}", "200", await kiosk.get(path))
    blocked = await office.post(f"{path}/block", {})
    assert_documented("post", "/v1/vouchers/{code}/block", "200", blocked)
    request = await kiosk.reserve(1, MUSEUM)
    paid = {"method": "voucher", "reference": made["code"], "amount": request["total"]}
    refused = await kiosk.post(f"/v1/requests/{request['token']}/confirm", {"payment": paid}, 409)
    assert_documented("post", "/v1/requests/{token}/confirm", "default", refused)


async def test_the_answers_for_the_office_are_as_documented(kiosk: Client) -> None:
    office = kiosk.as_("office-1")
    told = {"name": "Ada", "email": "ada@example.org", "phone": "040 123456"}
    numbers = [
        await office.post("/v1/customers", told | {"note": "regular"}, 201) for _ in range(2)
    ]
    assert_documented("post", "/v1/customers", "201", numbers[0])
    number, path = numbers[0]["number"], "/v1/customers/{number}"
    refers = {"references": {"external_order": "A-1", "customer": number}}
    request = await office.reserve(4, TOUR, holder=told, **refers)
    found = await office.get("/v1/requests?limit=0&name=ada")
    assert found == {"requests": [], "next": None}
    found = await office.get("/v1/requests?name=ada")
    assert_documented("get", "/v1/requests", "200", found)
    told_more = await office.post(f"/v1/requests/{request['token']}/references", refers)
    assert_documented("post", "/v1/requests/{token}/references", "200", told_more)
    for what in ("", "/export"):
        answer = await office.get(f"/v1/customers/{number}{what}")
        assert_documented("get", path + what, "200", answer)
    assert_documented("get", "/v1/customers", "200", await office.get("/v1/customers"))
    into = {"into": numbers[1]["number"]}
    for what, body, whom in (
        ("change", told, number),
        ("merge", into, number),
        ("erase", {}, into["into"]),
    ):
        answer = await office.post(f"/v1/customers/{whom}/{what}", body)
        assert_documented("post", f"{path}/{what}", "200", answer)
    refused = await office.post(f"/v1/customers/{numbers[0]['number']}/erase", {}, 409)
    assert_documented("post", f"{path}/erase", "default", refused)
    wanted = {"product": 4, "slot": TOUR, "quantity": 2, "payment_option": "postpaid"}
    batch = await office.post("/v1/batches", wanted, 201)
    assert_documented("post", "/v1/batches", "201", batch)
    one = f"/v1/batches/{batch['id']}"
    assert_documented("get", "/v1/batches", "200", await office.get("/v1/batches"))
    assert_documented("get", "/v1/batches/{id}", "200", await office.get(one))
    cancelled = await office.post(f"{one}/cancel", {"reason": "rain"})
    assert_documented("post", "/v1/batches/{id}/cancel", "200", cancelled)


async def test_a_refusal_is_as_documented(kiosk: Client) -> None:
    full = await kiosk.reserve(4, TOUR, 12)
    refused = await kiosk.reserve(4, TOUR, status=409)
    assert_documented("post", "/v1/requests", "default", refused)
    wrong = full | {"total": {"amount": "1.00", "currency": "EUR"}}
    refused = await kiosk.confirm(wrong, 409)
    assert_documented("post", "/v1/requests/{token}/confirm", "default", refused)


async def test_the_answers_about_slots_and_leases_are_as_documented(kiosk: Client) -> None:
    office = Client(kiosk.http, kiosk.api, kiosk.clock, "office-1")
    slot, why = f"/v1/slots/{CONCERT}", {"reason": "rain"}
    wanted = {"slot": CONCERT, "places": 5, "minutes": 5}
    lease = await kiosk.post("/v1/leases", wanted, 201)
    assert_documented("post", "/v1/leases", "201", lease)
    refused = await kiosk.post("/v1/leases", wanted | {"places": 80}, 409)
    assert_documented("post", "/v1/leases", "default", refused)
    assert_documented("get", "/v1/leases", "200", await kiosk.get("/v1/leases"))
    for what, body in (("use", {"tickets": [{"id": "7"}]}), ("return", {})):
        answer = await kiosk.post(f"/v1/leases/{lease['id']}/{what}", body)
        assert_documented("post", "/v1/leases/{id}/" + what, "200", answer)
    for what in ("close", "reopen"):
        answer = await office.post(f"{slot}/{what}", why)
        assert_documented("post", "/v1/slots/{id}/" + what, "200", answer)
    refused = await office.post(f"{slot}/capacity", why | {"capacity": 0}, 409)
    assert_documented("post", "/v1/slots/{id}/capacity", "default", refused)
    forced = await office.post(f"{slot}/capacity", why | {"capacity": 0, "force": True})
    assert_documented("post", "/v1/slots/{id}/capacity", "200", forced)
    assert_documented("get", "/v1/slots/{id}", "200", await office.get(slot))
    found = await office.get("/v1/conflicts")
    assert found["conflicts"]
    assert_documented("get", "/v1/conflicts", "200", found)


async def test_the_answers_about_devices_and_zones_are_as_documented(kiosk: Client) -> None:
    office = Client(kiosk.http, kiosk.api, kiosk.clock, "office-1")
    told = (Passed(None, None, "North", 2, zone="museum"), Counted((HeadCount("museum", 3),)))
    facts = [Fact("gate-1", n, NOW, event) for n, event in enumerate(told, 1)]
    await kiosk.api.database.write(lambda c: feed.accept(c, facts, NOW))
    heard = Heard("gate-1", online=True, since=NOW, heard_at=NOW, status=Status(online=True))
    await kiosk.api.database.write(lambda c: devices.keep(c, [heard], []))
    assert_documented("get", "/v1/devices", "200", await office.get("/v1/devices"))
    body = {"persons": 4, "why": "looked"}
    answer = await office.post("/v1/zones/museum/count", body)
    assert_documented("post", "/v1/zones/{zone}/count", "200", answer)
    assert_documented("get", "/v1/zones", "200", await office.get("/v1/zones"))
    refused = await office.post("/v1/zones/tower/count", body, 404)
    assert_documented("post", "/v1/zones/{zone}/count", "default", refused)


async def test_the_answers_about_seats_are_as_documented(tmp_path: Path, clock: Clock) -> None:
    async with hall_in(tmp_path, clock) as kiosk:
        office, slot = kiosk.as_("office-1"), f"/v1/slots/{CONCERT}/seats"
        assert_documented("get", "/v1/catalogue", "200", await kiosk.get("/v1/catalogue"))
        request = await book(kiosk, 1, seats=["Stalls-B-3"])
        assert_documented("post", "/v1/requests", "201", request)
        assert_documented("get", "/v1/slots/{id}/seats", "200", await kiosk.get(slot))
        for what in ("block", "unblock"):
            why = {"seats": ["Stalls-B-4"], "reason": "camera"}
            answer = await office.post(f"{slot}/{what}", why)
            assert_documented("post", "/v1/slots/{id}/seats/" + what, "200", answer)
        refused = await office.post(f"{slot}/block", why | {"seats": ["Stalls-B-3"]}, 409)
        assert_documented("post", "/v1/slots/{id}/seats/block", "default", refused)
        body = {"slot": CONCERT, "seats": {"Stalls-B-3": "Stalls-B-4"}, "reason": "knee"}
        moved = await office.post(f"/v1/requests/{request['token']}/seats", body)
        assert_documented("post", "/v1/requests/{token}/seats", "200", moved)
        for want in ({"seats": ["Balcony-1-1"]}, {"wheelchair": 1, "quantity": 17}):
            refused = await book(kiosk, 1, status=409, **want)
            assert_documented("post", "/v1/requests", "default", refused)
        await kiosk.confirm(request)
        issued = await kiosk.issue(request)
        assert_documented("post", "/v1/requests/{token}/issue", "200", issued)


@pytest.mark.parametrize(
    "data", [{}, {"amount": 1, "currency": "EUR"}, {"amount": "1", "currency": "EUR", "x": 1}, 1]
)
def test_a_misfit_is_found(data: Any) -> None:
    assert list(misfits(data, {"$ref": "#/components/schemas/Money"}))


async def test_the_jobs_of_a_desk_are_as_documented(kiosk: Client) -> None:
    desk = kiosk.as_("desk-1")
    for path, body, status in (
        ("/v1/desk/scans", {"code": "W1"}, 201),
        ("/v1/desk/status", {"prints": True, "faults": ["no paper"]}, 200),
    ):
        assert_documented("post", path, str(status), await desk.post(path, body, status))
    [ticket] = await kiosk.sell(1, MUSEUM)
    print_ = Draft(Kind.PRINT, "desk-1", "", "de", {"copy": "1"}, request=1, attach="tickets")
    by = By("office-1", NOW)
    id_ = await kiosk.api.database.write(lambda c: outbox.put(c, print_, by))
    jobs = await desk.get("/v1/desk/jobs")
    assert_documented("get", "/v1/desk/jobs", "200", jobs)
    [slip] = jobs["jobs"][0]["slips"]
    assert slip["parts"][0]["text"].startswith("Schon einmal gedruckt")
    assert ticket["human_code"] in [part.get("caption") for part in slip["parts"]]
    ended = await desk.post(f"/v1/desk/jobs/{id_}", {"fault": ""})
    assert_documented("post", "/v1/desk/jobs/{id}", "200", ended)
