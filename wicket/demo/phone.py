"""A visitor's phone: stands where an SMS gateway would, and keeps what central sends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

KEPT = 20
GATEWAY = '{"to": "{to}", "text": "{text}", "id": "{id}"}'
"""What central is to send, as [sms.http] json."""


class Phone:
    """`told` is called with each SMS: its id, to whom it goes and what it says."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.got: dict[str, dict[str, str]] = {}
        self.told: Callable[[dict[str, str]], None] = lambda sms: None

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_post("/sms", self._take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self._port).start()
            yield
        finally:
            await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        """An SMS that comes again is the same one."""
        body = await request.json()
        sms = {name: str(body[name]) for name in ("id", "to", "text")}
        if sms["id"] not in self.got:
            self.got[sms["id"]] = sms
            for old in list(self.got)[:-KEPT]:
                del self.got[old]
            self.told(sms)
        return web.json_response({"status": "queued"})
