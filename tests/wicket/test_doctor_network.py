"""The doctor at a real broker and the real central."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiomqtt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from support.broker import free_port, mosquitto
from support.central import DEVICES, NOW, Clock, central_in
from support.examined import OK, ROOT, WARNING, WRONG, Central, Check, machine, said

from runtime.mqtt import BusSettings
from wicket.doctor.finding import Examined, Level
from wicket.doctor.network import broker, central

TOKEN = DEVICES["gate-1"].token


async def ask(check: Check, it: Examined) -> list[tuple[Level, str]]:
    """In a thread: the doctor has a loop of its own."""
    return await asyncio.to_thread(said, check, it)


async def test_a_broker_that_lets_us_in_is_ok(tmp_path: Path) -> None:
    async with mosquitto(tmp_path) as settings:
        ((level, what),) = await ask(broker, machine(tmp_path, mqtt=settings))
    assert level is OK
    assert what.endswith("lets us in")


async def test_a_broker_that_refuses_us_is_wrong(tmp_path: Path) -> None:
    async with mosquitto(tmp_path, strangers=False) as settings:
        ((level, what),) = await ask(broker, machine(tmp_path, mqtt=settings))
    assert level is WRONG
    assert "ot authori" in what


async def test_a_broker_that_is_away_is_wrong(tmp_path: Path) -> None:
    it = machine(tmp_path, mqtt=BusSettings(port=free_port()))
    ((level, what),) = await ask(broker, it)
    assert level is WRONG
    assert "refused" in what


async def test_who_takes_a_connection_and_says_nothing_is_no_broker(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        it = machine(tmp_path, mqtt=BusSettings(port=mute.getsockname()[1]))
        ((level, _),) = await ask(broker, it)
    assert level is WRONG


async def test_the_daemon_keeps_its_session_meanwhile(tmp_path: Path) -> None:
    async with mosquitto(tmp_path) as settings:
        daemon = aiomqtt.Client(settings.host, settings.port, identifier="gate-1")
        async with daemon:
            await daemon.subscribe("x", qos=1)
            await ask(broker, machine(tmp_path, mqtt=settings))
            await daemon.publish("x", b"still here", qos=1)
            async with asyncio.timeout(30):
                assert (await anext(aiter(daemon.messages))).payload == b"still here"


async def test_central_lets_in_who_has_a_token_and_its_clock_is_compared(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()) as client:
        url = str(client.http.make_url("")).rstrip("/")
        known = await ask(central, machine(tmp_path, central=Central(url, TOKEN)))
        stranger = await ask(central, machine(tmp_path, central=Central(url, "x")))
    assert known[0] == (OK, f"central at {url} lets us in")
    assert known[1][0] is OK
    assert "central's" in known[1][1]
    assert stranger == [(WRONG, f"central at {url} does not know our token")]


async def test_central_away_is_wrong(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    ((level, what),) = await ask(central, machine(tmp_path, central=Central(url)))
    assert level is WRONG
    assert "refused" in what


@asynccontextmanager
async def answering(status: int, date: str) -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Date": date})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.mark.parametrize(
    ("date", "expected"),
    [(format_datetime(NOW.replace(year=2020)), [OK, WRONG]), ("yesterday", [OK]), ("", [OK])],
)
async def test_a_clock_far_from_centrals_is_wrong(
    tmp_path: Path, date: str, expected: list[Level]
) -> None:
    async with answering(200, date) as url:
        findings = await ask(central, machine(tmp_path, central=Central(url)))
    assert [level for level, _ in findings] == expected


async def test_what_is_not_central_is_wrong(tmp_path: Path) -> None:
    async with answering(404, "") as url:
        findings = await ask(central, machine(tmp_path, central=Central(url)))
    assert findings == [(WRONG, f"central at {url} answers 404")]


async def test_a_line_that_does_not_speak_http_is_wrong(tmp_path: Path) -> None:
    async with mosquitto(tmp_path) as settings:
        url = f"http://127.0.0.1:{settings.port}"
        findings = await ask(central, machine(tmp_path, central=Central(url)))
    assert [level for level, _ in findings] == [WRONG]


async def test_central_itself_is_asked_for_its_health(tmp_path: Path) -> None:
    async with central_in(tmp_path, Clock()) as client:
        (running,) = await ask(central, _central(client.http.port))
    (stopped,) = await ask(central, _central(free_port()))
    assert (running[0], stopped[0]) == (OK, WARNING)


def _central(port: Any) -> Examined:
    settings = SimpleNamespace(http=SimpleNamespace(host="127.0.0.1", port=port))
    return Examined(ROOT, "central", None, settings)
