"""The technician's page: a gate as it stands, on this computer or behind a password."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from gate.page_guard import HEADERS, SESSION_S, Guard, TooManyTries, own_page
from gate.picture import attempt_of, event_of, plan_of, state_of
from gate.service import Gate
from gate.settings import PageSettings
from gate.wishes import WISHES, Unfulfilled
from runtime.convert import Invalid, structure
from runtime.disk import DiskFault
from runtime.log import Repeats
from runtime.wire import decode

log = logging.getLogger("wicket.gate")

FILES = Path(__file__).parent / "page"
COOKIE = "wicket-gate"
LOOK_S = 0.25
"""How often the gate is looked at while somebody watches the page."""
KEEP_ALIVE_S = 15.0
SHOWN = 50
"""Scans, and events, that a page which is opened is told of."""
MAX_BODY = 16 * 1024
WATCHERS = 16
AGAIN_S = 10.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def serve_page(gate: Gate, settings: PageSettings) -> None:
    """For ever. A port that is taken keeps nobody out of the lanes: it is tried again."""
    trouble = Repeats(log)
    while True:
        runner = web.AppRunner(
            TechnicianPage(gate, settings).app(), access_log=None, shutdown_timeout=0.5
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, settings.host, settings.port).start()
            trouble.healed("the technician's page is back")
            log.info("technician's page: http://%s:%d/", settings.host, settings.port)
            await asyncio.Event().wait()
        except OSError as error:
            trouble.failed(f"no technician's page: {error}; change [page] port or host")
        finally:
            await runner.cleanup()
        await asyncio.sleep(AGAIN_S)


class TechnicianPage:
    def __init__(self, gate: Gate, settings: PageSettings) -> None:
        self._gate = gate
        self._guard = Guard(settings.password, asyncio.get_running_loop().time)
        self._watching = 0
        self._events = Events(gate)

    def app(self) -> web.Application:
        guards = [_safe, self._only_here, self._only_known]
        app = web.Application(middlewares=guards, client_max_size=MAX_BODY)
        app.router.add_get("/", _file("technician.html"))
        for name in STATIC:
            app.router.add_get(f"/{name}", _file(name))
        app.router.add_get("/live", self._live)
        app.router.add_post("/login", self._log_in)
        app.router.add_post("/logout", self._log_out)
        app.router.add_post("/{wish}", self._fulfil)
        return app

    @web.middleware
    async def _only_here(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self._guard.trusts_host(request.host):
            return _problem(403, "this page is for this computer only")
        if request.method == "POST":
            if not own_page(request.headers, request.host):
                return _problem(403, "only this page itself may ask for that")
            if request.content_type != "application/json":
                return _problem(415, "JSON only")
        return await handler(request)

    @web.middleware
    async def _only_known(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._guard.knows(request.cookies.get(COOKIE, "")) or request.path in OPEN_TO_ALL:
            return await handler(request)
        if request.path == "/":
            return web.Response(status=302, headers={"Location": "/login.html"})
        return _problem(401, "log in first")

    async def _log_in(self, request: web.Request) -> web.Response:
        match decode(await request.read()):
            case {"password": str(password)}:
                session = self._guard.log_in(password)
            case _:
                raise Invalid([("password", "a text")])
        if session is None:
            log.warning("technician's page: a wrong password from %s", request.remote)
            return _problem(403, "this is not the password")
        answer = web.json_response({"said": "welcome"})
        answer.set_cookie(
            COOKIE, session, max_age=int(SESSION_S), httponly=True, samesite="Strict", path="/"
        )
        return answer

    async def _log_out(self, request: web.Request) -> web.Response:
        self._guard.log_out(request.cookies.get(COOKIE, ""))
        return web.json_response({"said": "goodbye"})

    async def _fulfil(self, request: web.Request) -> web.Response:
        if request.match_info["wish"] not in WISHES:
            raise web.HTTPNotFound
        kind, deed = WISHES[request.match_info["wish"]]
        wish = structure(decode(await request.read()), kind)
        return web.json_response(await deed(self._gate, wish))

    async def _live(self, request: web.Request) -> web.StreamResponse:
        if self._watching >= WATCHERS:
            return _problem(503, "too many pages are open")
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", **HEADERS})
        await answer.prepare(request)
        self._watching += 1
        try:
            await self._tell(request, answer)
        except (ConnectionError, DiskFault) as error:
            log.debug("technician's page: %s", error)
        finally:
            self._watching -= 1
        return answer

    async def _tell(self, request: web.Request, answer: web.StreamResponse) -> None:
        """What is new, as long as somebody looks: who is gone is no part of the page's end, and
        would read while the ledger closes."""
        gate, zone = self._gate, self._gate.settings.zone_info
        now = asyncio.get_running_loop().time
        await _send(answer, "plan", plan_of(gate) | {"asks": self._guard.asks})
        state: Any = None
        scans = max(0, gate.recent.total - SHOWN)
        event = 0
        spoke = now()
        while request.transport is not None and not request.transport.is_closing():
            new: dict[str, Any] = {}
            if (seen := state_of(gate)) != state:
                new["state"] = state = seen
            if count := min(gate.recent.total - scans, len(gate.recent.attempts)):
                scans = gate.recent.total
                latest = list(gate.recent.attempts)[-count:]
                first = scans - count + 1
                new["scans"] = [attempt_of(one, first + n, zone) for n, one in enumerate(latest)]
            if events := self._events.after(event):
                event, new["events"] = events[-1]["number"], events
            for name, data in new.items():
                await _send(answer, name, data)
            if new:
                spoke = now()
            elif now() - spoke > KEEP_ALIVE_S:
                await answer.write(b":\n\n")
                spoke = now()
            await asyncio.sleep(LOOK_S)


class Events:
    """The last things that staff want to know of, as the journal has them."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._number = max(0, gate.outbox.acknowledged + gate.outbox.waiting - 500)
        self._kept: deque[dict[str, Any]] = deque(maxlen=SHOWN)

    def after(self, number: int) -> list[dict[str, Any]]:
        zone = self._gate.settings.zone_info
        for fact in self._gate.outbox.after(self._number):
            self._number = fact.number
            if event := event_of(fact, zone):
                self._kept.append(event)
        return [event for event in self._kept if event["number"] > number]


STATIC = ("login.html", "login.js", "technician.css", "technician.js", "lanes.js", "parts.js")
OPEN_TO_ALL = {"/login", "/login.html", "/login.js", "/technician.css"}


def _file(name: str) -> Handler:
    async def send(request: web.Request) -> web.FileResponse:
        return web.FileResponse(FILES / name)

    return send


async def _send(answer: web.StreamResponse, kind: str, data: Any) -> None:
    await answer.write(f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode())


def _problem(status: int, text: str) -> web.Response:
    return web.json_response({"problem": text}, status=status)


@web.middleware
async def _safe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong is answered in a sentence."""
    try:
        answer = await handler(request)
    except Invalid as error:
        answer = _problem(400, str(error).encode(errors="replace").decode())
    except TooManyTries as error:
        answer = _problem(429, str(error))
    except Unfulfilled as why:
        answer = _problem(409, str(why))
    except DiskFault as fault:
        answer = _problem(503, str(fault))
    except web.HTTPException as error:
        answer = _problem(error.status, error.reason)
    if not answer.prepared:
        answer.headers.update(HEADERS)
    return answer
