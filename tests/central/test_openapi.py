"""docs/openapi.yaml says what central does: the same routes, and answers of the same shape."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import hdrs
from support.central import DEVICES, MUSEUM, NOW, TOUR, Client

from central import ingest
from central.routes import application

DOCUMENT = yaml.safe_load(
    (Path(__file__).parent.parent.parent / "docs" / "openapi.yaml").read_text(encoding="utf-8")
)
KINDS = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
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
    [content] = response["content"].values()
    assert list(misfits(data, content["schema"])) == []


async def test_every_route_is_documented_and_nothing_else(kiosk: Client) -> None:
    app = application(kiosk.api)
    served = {
        (route.method.lower(), route.resource.canonical)
        for route in app.router.routes()
        if route.resource and route.method != hdrs.METH_HEAD
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
        ("/v1/catalogue", ""),
        ("/v1/attractions/{id}/dates", ""),
        ("/v1/attractions/{id}/slots", "?date=2026-11-21"),
        ("/v1/feed", "?after=2&limit=3"),
        ("/v1/snapshot", ""),
        ("/v1/activity", ""),
        ("/v1/quarantine", ""),
    ],
)
async def test_what_can_be_read_is_as_documented(kiosk: Client, path: str, query: str) -> None:
    await kiosk.api.database.write(lambda c: ingest.take(c, "gate-1", b"?", DEVICES, NOW))
    answer = await kiosk.get(path.replace("{id}", "tour") + query)
    assert any(answer.values())
    assert_documented("get", path, "200", answer)


async def test_a_refusal_is_as_documented(kiosk: Client) -> None:
    full = await kiosk.reserve(4, TOUR, 12)
    refused = await kiosk.reserve(4, TOUR, status=409)
    assert_documented("post", "/v1/requests", "default", refused)
    wrong = full | {"total": {"amount": "1.00", "currency": "EUR"}}
    refused = await kiosk.confirm(wrong, 409)
    assert_documented("post", "/v1/requests/{token}/confirm", "default", refused)


@pytest.mark.parametrize(
    "data", [{}, {"amount": 1, "currency": "EUR"}, {"amount": "1", "currency": "EUR", "x": 1}, 1]
)
def test_a_misfit_is_found(data: Any) -> None:
    assert list(misfits(data, {"$ref": "#/components/schemas/Money"}))
