"""Who is let in to the technician's page, and who is not."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from support.technician import Site, site_in

from gate.page import KEEP_ALIVE_S, WATCHERS, serve_page
from gate.page_guard import TRIES, WITHIN_S, Guard, TooManyTries, own_page
from gate.settings import PageSettings

OPEN = json.dumps({"lane": "North", "way": "in"})
JSON = {"Content-Type": "application/json"}
PASSWORD = "open sesame"


async def post(site: Site, wish: str, body: str, **headers: str) -> tuple[int, str]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with site.client() as client:
        answer = await client.post(f"/{wish}", data=body, headers=JSON | sent)
        return answer.status, (await answer.json()).get("problem", "")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://elsewhere.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Host": "elsewhere.example", "Origin": "http://elsewhere.example"},
    ],
)
async def test_another_site_cannot_open_a_lane(tmp_path: Path, headers: dict[str, str]) -> None:
    async with site_in(tmp_path) as site:
        status, _ = await post(site, "open", OPEN, **headers)
        assert status == 403
        assert site.rig.gate.lanes[0].state.grants == 0
        status, _ = await post(site, "open", OPEN, Origin=site.address)
        assert status == 200


async def test_a_form_of_another_site_is_no_wish(tmp_path: Path) -> None:
    async with site_in(tmp_path) as site:
        status, _ = await post(site, "open", OPEN, Content_Type="text/plain")
        assert status == 415


@pytest.mark.parametrize(
    ("wish", "body", "status", "problem"),
    [
        ("open", "{", 400, "not JSON"),
        ("open", '{"lane": "North"}', 400, "way"),
        ("open", '{"lane": "South", "way": "in"}', 409, "no lane 'South'"),
        ("mode", '{"lane": "North", "way": "in", "mode": "emergency"}', 400, "fire input"),
        ("test", '{"lane": "North", "way": "in", "code": "x", "at": "25:61"}', 409, "no time"),
        ("pulse", '{"lane": "North", "output": "no", "ms": 5}', 409, "no line 'no'"),
        ("pulse", '{"lane": "North", "output": "latch_in", "ms": 99999}', 400, "1 to 5000"),
        ("forgive", '{"code": "TK", "zone": "hall", "why": "x"}', 409, "no ticket"),
        ("forgive", '{"code": "TK", "zone": "hall", "why": " "}', 400, "a reason"),
        ("count", '{"zone": "cellar", "persons": 1, "why": "x"}', 409, "no zone 'cellar'"),
        ("drop", "{}", 404, "Not Found"),
        ("test", json.dumps({"code": "x" * 20_000}), 413, "Too Large"),
    ],
)
async def test_a_wish_that_makes_no_sense_is_told_so(
    tmp_path: Path, wish: str, body: str, status: int, problem: str
) -> None:
    async with site_in(tmp_path) as site:
        answered, told = await post(site, wish, body)
        assert (answered, problem in told) == (status, True), told


async def test_without_the_password_nothing_is_told(tmp_path: Path) -> None:
    async with site_in(tmp_path, password=PASSWORD) as site, site.client() as client:
        assert (await client.get("/live")).status == 401
        assert (await client.get("/technician.js")).status == 401
        assert (await client.get("/", allow_redirects=False)).headers["Location"] == "/login.html"
        assert (await post(site, "open", OPEN))[0] == 401
        wrong = await client.post("/login", json={"password": "open barley"})
        assert wrong.status == 403
        right = await client.post("/login", json={"password": PASSWORD})
        assert right.status == 200
        cookie = right.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert (await client.post("/open", data=OPEN, headers=JSON)).status == 200
        await client.post("/logout", json={})
        assert (await client.post("/open", data=OPEN, headers=JSON)).status == 401


async def test_every_answer_forbids_what_the_page_does_not_need(tmp_path: Path) -> None:
    async with site_in(tmp_path) as site, site.client() as client:
        for path in ("/", "/live", "/technician.js", "/nothing"):
            async with client.get(path) as answer:
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
                assert "unsafe" not in answer.headers["Content-Security-Policy"]
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Cache-Control"] == "no-store"


async def test_a_page_that_is_closed_is_not_told_any_more(tmp_path: Path) -> None:
    async with site_in(tmp_path) as site, site.client() as client:
        lives = [await client.get("/live") for _ in range(WATCHERS)]
        assert [live.status for live in lives] == [200] * WATCHERS
        for live in lives:
            live.close()
        async with asyncio.timeout(KEEP_ALIVE_S * 0.8):
            while (await client.get("/live")).status != 200:
                pass


async def test_a_port_that_is_taken_ends_no_gate(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with site_in(tmp_path) as site, asyncio.TaskGroup() as group:
        second = group.create_task(serve_page(site.rig.gate, PageSettings(port=site.port)))
        assert (await post(site, "open", OPEN))[0] == 200
        assert not second.done()
        assert "no technician's page" in caplog.text
        second.cancel()


def test_guessing_is_slow_and_does_not_end_sessions() -> None:
    now = [0.0]
    guard = Guard(PASSWORD, lambda: now[0])
    session = guard.log_in(PASSWORD)
    assert session
    for n in range(TRIES):
        assert guard.log_in(f"guess {n}") is None
    with pytest.raises(TooManyTries, match="60 seconds"):
        guard.log_in(PASSWORD)
    assert guard.knows(session)
    assert not guard.knows("")
    now[0] = WITHIN_S
    assert guard.log_in(PASSWORD)


def test_a_session_ends() -> None:
    now = [0.0]
    guard = Guard(PASSWORD, lambda: now[0])
    session = guard.log_in(PASSWORD) or ""
    now[0] = 13 * 3600
    assert not guard.knows(session)


def test_without_a_password_only_names_of_this_computer_are_trusted() -> None:
    guard = Guard("", lambda: 0.0)
    assert guard.knows("")
    for host in ("127.0.0.1:8811", "localhost:9000", "[::1]:8811", "LOCALHOST"):
        assert guard.trusts_host(host)
    for host in ("elsewhere.example:8811", "127.0.0.1.elsewhere.example", "", "[", "192.168.1.2"):
        assert not guard.trusts_host(host)


def test_a_request_of_no_page_is_nobodys_trick() -> None:
    assert own_page({}, "gate:8811")
    assert own_page({"Origin": "http://gate:8811", "Sec-Fetch-Site": "same-origin"}, "gate:8811")
    assert not own_page({"Origin": "http://gate:8812"}, "gate:8811")
    assert not own_page({"Origin": "http://["}, "gate:8811")
