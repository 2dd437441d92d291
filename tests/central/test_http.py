"""What HTTP itself promises: who is let in, what is answered to nonsense, and once is once."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.broker import free_port
from support.central import DEVICES, TOUR, Client, Clock, settings_in
from support.listening import PATIENCE_S, until

from central.http.answers import Json
from central.http.bodies import Cancellation, Confirmation, NewRequest, Nothing
from central.http.patience import Patience
from central.pages.forms import KIND
from central.service import listening, opened
from central.settings import HttpSettings
from runtime.convert import Invalid, structure
from runtime.wire import decode

PATHS = [
    "/v1/catalogue",
    "/v1/attractions/tour/dates",
    "/v1/attractions/tour/slots?date=2026-11-21",
    "/v1/requests/abc",
    "/v1/feed",
    "/v1/snapshot",
    "/v1/activity",
    "/v1/quarantine",
    "/v1/nowhere",
]
WISH: Json = {"lines": [{"product": 4, "slot": TOUR, "quantity": 1}], "channel": "kiosk"}
TOKEN = f"Bearer {DEVICES['kiosk-1'].token}"


async def problem_of(response: ClientResponse) -> Json:
    assert response.content_type == "application/problem+json"
    body: Json = await response.json()
    assert body["status"] == response.status
    assert {"type", "title", "code", "detail"} <= set(body)
    return body


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("told", ["", "Bearer", "Bearer wrong", TOKEN + "x", TOKEN[7:], "Bearer ü"])
async def test_nobody_is_let_in_without_a_devices_token(
    kiosk: Client, path: str, told: str
) -> None:
    async with kiosk.http.get(path, headers={"Authorization": told}) as response:
        assert response.status == 401
        await problem_of(response)


async def test_health_needs_no_token(kiosk: Client) -> None:
    async with kiosk.http.get("/health") as response:
        assert await response.json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/v1/nowhere", 404),
        ("GET", "/v1/attractions/zoo/dates", 404),
        ("GET", "/v1/requests/unknown", 404),
        ("DELETE", "/v1/catalogue", 405),
        ("GET", "/v1/attractions/tour/slots", 400),
        ("GET", "/v1/attractions/tour/slots?date=2026-02-30", 400),
        ("GET", "/v1/feed?after=-1", 400),
        ("GET", "/v1/feed?after=9223372036854775808", 400),
        ("GET", "/v1/feed?limit=1001", 400),
        ("GET", "/v1/activity?after=x", 400),
    ],
)
async def test_every_no_is_a_problem_document(
    kiosk: Client, method: str, path: str, status: int
) -> None:
    headers = {"Authorization": TOKEN}
    async with kiosk.http.request(method, path, headers=headers) as response:
        assert response.status == status
        await problem_of(response)


async def answer_to(kiosk: Client, path: str, body: bytes, key: str = "k") -> tuple[int, Json]:
    headers = {"Authorization": TOKEN, "Idempotency-Key": key}
    async with kiosk.http.post(path, data=body, headers=headers) as response:
        return response.status, await problem_of(response)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{",
        b"[" * 100_000,
        b'{"a":' * 500 + b"1" + b"}" * 500,
        b"1" * 5000,
        json.dumps(WISH | {"lines": []}).encode(),
        json.dumps(WISH | {"lines": WISH["lines"] * 21}).encode(),
        json.dumps(WISH | {"channel": "fax"}).encode(),
        json.dumps(WISH | {"language": "\ud800"}).encode(),
        json.dumps(WISH | {"language": "e\0n"}).encode(),
        json.dumps(WISH | {"surprise": 1}).encode(),
        *(
            json.dumps(WISH | {"lines": [WISH["lines"][0] | {"quantity": quantity}]}).encode()
            for quantity in (0, -1, 21, 10**30, "1", 1.0, True, None)
        ),
    ],
)
async def test_a_malformed_wish_is_refused_and_takes_no_place(kiosk: Client, body: bytes) -> None:
    status, _ = await answer_to(kiosk, "/v1/requests", body)
    assert status == 400
    assert await kiosk.left(TOUR) == 12


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    body=st.binary(max_size=40)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*WISH, "product", "slot", "quantity", "payment", "reason", "x"]),
                inner,
                max_size=4,
            )
        ),
    ).map(lambda data: json.dumps(data).encode())
)
def test_no_body_whatever_is_a_fault_of_central(body: bytes) -> None:
    for kind in (NewRequest, Confirmation, Cancellation, Nothing):
        try:
            assert isinstance(structure(decode(body), kind), kind)
        except Invalid as invalid:
            assert invalid.problems


async def test_a_body_of_more_than_a_mebibyte_is_not_read(kiosk: Client) -> None:
    status, _ = await answer_to(kiosk, "/v1/requests", b" " * (1024 * 1024 + 1))
    assert status == 413


async def test_every_problem_of_a_body_is_told_at_once(kiosk: Client) -> None:
    _, problem = await answer_to(kiosk, "/v1/requests", b'{"lines": 5, "chanel": "kiosk"}')
    for word in ("lines", "chanel", "channel"):
        assert word in problem["detail"]


@pytest.mark.parametrize("key", [None, "", "x" * 101])
async def test_every_post_needs_an_idempotency_key(kiosk: Client, key: str | None) -> None:
    headers = {"Authorization": TOKEN} | ({} if key is None else {"Idempotency-Key": key})
    async with kiosk.http.post("/v1/requests", json=WISH, headers=headers) as response:
        assert response.status == 400
        assert "Idempotency-Key" in (await problem_of(response))["detail"]


async def test_the_same_key_again_gives_the_same_answer_and_no_second_effect(
    kiosk: Client,
) -> None:
    first = await kiosk.post("/v1/requests", WISH, 201, key="once")
    assert await kiosk.post("/v1/requests", WISH, 201, key="once") == first
    assert await kiosk.left(TOUR) == 11


async def test_the_same_key_many_times_at_once_acts_once(kiosk: Client) -> None:
    answers = await asyncio.gather(
        *(kiosk.post("/v1/requests", WISH, 201, key="once") for _ in range(20))
    )
    assert len({answer["token"] for answer in answers}) == 1
    assert await kiosk.left(TOUR) == 11


async def test_a_refusal_is_repeated_too(kiosk: Client) -> None:
    full = await kiosk.reserve(4, TOUR, 12)
    refused: Any = await kiosk.post("/v1/requests", WISH, 409, key="late")
    await kiosk.cancel(full)
    assert await kiosk.post("/v1/requests", WISH, 409, key="late") == refused


async def test_a_key_belongs_to_one_device_and_one_path(kiosk: Client) -> None:
    other = Client(kiosk.http, kiosk.api, kiosk.clock, "kiosk-2")
    mine = await kiosk.post("/v1/requests", WISH, 201, key="k")
    theirs = await other.post("/v1/requests", WISH, 201, key="k")
    assert mine["token"] != theirs["token"]
    cancelled = await kiosk.post(
        f"/v1/requests/{mine['token']}/cancel", {"reason": ""}, 200, key="k"
    )
    assert cancelled["status"] == "cancelled"


async def test_a_key_with_another_body_is_a_mistake_of_the_client(kiosk: Client) -> None:
    await kiosk.post("/v1/requests", WISH, 201, key="once")
    other = WISH | {"language": "de"}
    assert (await kiosk.post("/v1/requests", other, 422, key="once"))["code"] == "key_reused"
    assert await kiosk.left(TOUR) == 11


@pytest.mark.parametrize(
    ("client", "path", "status"),
    [
        ("gate-1", "/v1/feed", 200),
        ("gate-1", "/v1/catalogue", 403),
        ("gate-1", "/v1/requests/abc", 403),
        ("web-1", "/v1/catalogue", 200),
        ("web-1", "/v1/feed", 403),
        ("web-1", "/v1/requests/abc", 404),
        ("office-1", "/v1/feed", 200),
        ("office-1", "/v1/quarantine", 200),
    ],
)
async def test_a_client_may_do_what_its_kind_does(
    kiosk: Client, client: str, path: str, status: int
) -> None:
    answer = await Client(kiosk.http, kiosk.api, kiosk.clock, client).get(path, status)
    assert status != 403 or answer["code"] == "forbidden"


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("", b""),
        ("POST /v1/requests HTTP/1.1\r\nHost: wick", b""),
        (f"POST /v1/requests HTTP/1.1\r\nAuthorization: {TOKEN}", b" 408 "),
        (f"POST /office/sign-in HTTP/1.1\r\nContent-Type: {KIND}", b" 408 "),
    ],
)
async def test_a_request_that_never_ends_holds_no_connection(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, sent: str, told: bytes
) -> None:
    http, patience = HttpSettings(port=free_port()), Patience(head_s=0.2)
    if told:
        patience = Patience(body_s=0.2)
        sent += "\r\nHost: wicket\r\nSec-Fetch-Site: same-origin\r\nIdempotency-Key: 1"
        sent += "\r\nContent-Length: 9\r\n\r\nhalf"
    async with opened(settings_in(tmp_path, http=http), Clock()) as api, listening(api, patience):
        reader, writer = await asyncio.open_connection("127.0.0.1", http.port)
        writer.write(sent.encode())
        async with asyncio.timeout(PATIENCE_S):
            answer = await reader.read()
        writer.close()
    assert told in answer[:20] and bool(answer) is bool(told)
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


@pytest.mark.parametrize(
    "rest",
    [b"Content-Length: 9\r\n\r\nhalf", b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nhalf"],
)
async def test_a_request_that_does_not_come_whole_is_no_fault_of_central(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, rest: bytes
) -> None:
    http, answered = HttpSettings(port=free_port()), list[tuple[str, int]]()
    kinds = {"/office/sign-in": "x-www-form-urlencoded", "/v1/requests": "json"}
    async with opened(settings_in(tmp_path, http=http), Clock()) as api, listening(api):
        object.__setattr__(api.metrics, "count", lambda *told: answered.append(told[1:3]))
        for path, kind in kinds.items():
            _, writer = await asyncio.open_connection("127.0.0.1", http.port)
            head = f"POST {path} HTTP/1.1\r\nHost: wicket\r\nSec-Fetch-Site: same-origin\r\n"
            head += f"Authorization: {TOKEN}\r\nIdempotency-Key: 1\r\n"
            writer.write(f"{head}Content-Type: application/{kind}\r\n".encode() + rest)
            await writer.drain()
            writer.close()
        await until(lambda: len(answered) == len(kinds))
    assert all(status in (400, 403) for _, status in answered)
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []
