"""The demo's page: what all devices show goes out on a WebSocket, what people do comes in."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from aiohttp import WSMsgType, web

from admission.codes import SignedCode, human_code, read_code
from wicket.demo import office
from wicket.demo.office import Office
from wicket.demo.venue import LANES

if TYPE_CHECKING:
    from wicket.demo.show import Show

log = logging.getLogger("wicket.demo")

PAGE = Path(__file__).parent / "page"
KEPT_FACTS = 100
LOOK_S = 0.3
_POLICY = "default-src 'self'; img-src 'self' data:; connect-src 'self'"

Started = Callable[
    [Callable[[str, str, dict[str, Any]], None], Callable[[], None]],
    AbstractAsyncContextManager["Show"],
]


async def show(started: Started, port: int) -> None:
    """Start the venue and serve its page on 127.0.0.1 until cancelled."""
    page = Page()
    async with started(page.heard, page.changed) as venue, _listening(page, venue, port):
        click.echo(f"\n  The venue is open: http://127.0.0.1:{port}/\n", err=True)
        await venue.central.ready()
        page.opened(await office.prepare(venue.demo))
        await page.watch_central(venue)


@asynccontextmanager
async def _listening(page: Page, venue: Show, port: int) -> AsyncIterator[None]:
    page.venue = venue
    venue.phone.told = page.texted
    runner = web.AppRunner(page.app(venue), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    finally:
        await runner.cleanup()


class Page:
    """Everyone who looks has a queue; what happens is put into all of them."""

    def __init__(self) -> None:
        self.venue: Show | None = None
        self._lookers: set[asyncio.Queue[dict[str, Any]]] = set()
        self._facts: list[dict[str, Any]] = []
        self._office: dict[str, Any] | None = None

    def app(self, venue: Show) -> web.Application:
        app = web.Application(middlewares=[_safe])
        app.router.add_get("/", _index)
        app.router.add_get("/live", self._live)
        app.router.add_static("/papers/kiosk", venue.demo.papers)
        app.router.add_static("/papers/desk", venue.demo.desk_papers)
        app.router.add_static("/", PAGE)
        return app

    def heard(self, daemon: str, device: str, state: dict[str, Any]) -> None:
        """A device shows something new."""
        self._tell({"type": "stage", "daemon": daemon, "device": device, "state": state})
        if device == "printer" and state.get("code"):
            paper = {name: state[name] for name in ("number", "code", "caption")}
            self._tell({"type": "paper", "printer": daemon, **paper})

    def opened(self, office: Office) -> None:
        """Staff can sign in."""
        self._office = asdict(office)
        self._tell({"type": "office", "office": self._office})

    def texted(self, sms: dict[str, str]) -> None:
        """The visitor's phone has got an SMS."""
        self._tell({"type": "sms", "sms": sms})

    def changed(self) -> None:
        """A process has come or gone."""
        self._tell({"type": "daemons", "daemons": self._daemons()})

    async def watch_central(self, venue: Show) -> None:
        """Facts, as soon as central has them. Never returns."""
        after = 0
        while True:
            entries = await venue.central.activity(after)
            if entries:
                after = entries[-1]["n"]
                told = [_with_ticket_code(entry) for entry in entries]
                products = [e for e in self._facts + told if _names_product(e)]
                recent = [e for e in self._facts + told if not _names_product(e)]
                self._facts = products + recent[-KEPT_FACTS:]
                self._tell({"type": "facts", "entries": told})
            await asyncio.sleep(LOOK_S)

    async def _live(self, request: web.Request) -> web.WebSocketResponse:
        if request.headers.get("Origin", f"http://{request.host}") != f"http://{request.host}":
            raise web.HTTPForbidden(text="this page is not yours")
        socket = web.WebSocketResponse(heartbeat=20)
        await socket.prepare(request)
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        for message in self._greeting():
            queue.put_nowait(message)
        self._lookers.add(queue)
        try:
            async with asyncio.TaskGroup() as group:
                telling = group.create_task(_send(socket, queue))
                await self._follow(socket)
                telling.cancel()
        except* ConnectionError:
            pass
        finally:
            self._lookers.discard(queue)
        return socket

    async def _follow(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                try:
                    await self._act(json.loads(message.data))
                except (ValueError, KeyError, TypeError) as error:
                    log.warning("the page said something strange: %.100r (%s)", message.data, error)

    async def _act(self, wish: dict[str, Any]) -> None:
        assert self.venue is not None
        if "kill" in wish:
            self.venue.processes[wish["kill"]].kill()
            return
        hand = self.venue.stages[wish["daemon"]]
        if wish["device"] in hand.states:
            await hand.cue(wish["device"], **wish["cue"])

    def _greeting(self) -> list[dict[str, Any]]:
        assert self.venue is not None
        demo = self.venue.demo
        papers = _papers({"kiosk": demo.papers, "desk": demo.desk_papers})
        hello: dict[str, Any] = {
            "type": "hello",
            "lanes": LANES,
            "papers": papers,
            "daemons": self._daemons(),
        }
        hello["messages"] = list(self.venue.phone.got.values())
        hello["office"] = self._office
        states = [
            {"type": "stage", "daemon": daemon, "device": device, "state": state}
            for daemon, hand in self.venue.stages.items()
            for device, state in hand.states.items()
        ]
        return [hello, *states, {"type": "facts", "entries": self._facts}]

    def _daemons(self) -> dict[str, bool]:
        processes = self.venue.processes if self.venue else {}
        return {name: process.up for name, process in processes.items()}

    def _tell(self, message: dict[str, Any]) -> None:
        for queue in self._lookers:
            queue.put_nowait(message)


async def _send(socket: web.WebSocketResponse, queue: asyncio.Queue[dict[str, Any]]) -> None:
    while True:
        await socket.send_str(json.dumps(await queue.get()))


async def _index(_: web.Request) -> web.FileResponse:
    return web.FileResponse(PAGE / "index.html")


@web.middleware
async def _safe(request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
    answer: web.StreamResponse = await handler(request)
    if not answer.prepared:
        answer.headers["Content-Security-Policy"] = _POLICY
        answer.headers["Cache-Control"] = "no-cache"
    return answer


def _papers(folders: dict[str, Path]) -> list[dict[str, Any]]:
    """What the simulated printers have printed, the oldest first: 1.png with its code in 1.txt, and
    so on."""
    found = [(file, printer) for printer, path in folders.items() for file in path.glob("*.txt")]
    found.sort(key=lambda one: (one[0].stat().st_mtime_ns, int(one[0].stem)))
    return [
        {"printer": printer} | _paper(int(file.stem), file.read_text().strip())
        for file, printer in found
    ]


def _paper(number: int, code: str) -> dict[str, Any]:
    read = read_code(code)
    caption = human_code(read.ticket.id) if isinstance(read, SignedCode) else ""
    return {"number": number, "code": code, "caption": caption}


def _names_product(entry: dict[str, Any]) -> bool:
    """What the page needs to say "Adult" instead of "product 1"."""
    return bool(entry["fact"]["kind"] == "product_published")


def _with_ticket_code(entry: dict[str, Any]) -> dict[str, Any]:
    """Ticket ids are too long for a browser's numbers: add what stands on the paper."""
    fact = entry["fact"]
    ticket = fact.get("ticket") or fact.get("issued", {}).get("id")
    if ticket is None:
        return entry
    return entry | {"fact": fact | {"ticket_code": human_code(int(ticket))}}
