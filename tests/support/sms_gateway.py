"""An SMS gateway on a real port, and what it was sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Sms:
    """`body` is JSON or a form, `query` what the address said."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: Any


@dataclass
class SmsGateway:
    """Answers each message by `answer`, a (status, text) or who makes one of the message; not
    before `held` is set."""

    port: int = 0
    got: list[Sms] = field(default_factory=list)
    held: asyncio.Event | None = None
    answer: tuple[int, str] | Callable[[Sms], tuple[int, str]] = (200, '{"status": "queued"}')

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/send"

    async def take(self, request: web.Request) -> web.Response:
        body: Any = None
        if "json" in request.content_type:
            body = json.loads(await request.text())
        elif request.method == "POST":
            body = dict(await request.post())
        sms = Sms(request.method, dict(request.headers), dict(request.query), body)
        self.got.append(sms)
        if self.held:
            await self.held.wait()
        status, text = self.answer(sms) if callable(self.answer) else self.answer
        return web.Response(status=status, text=text, headers={"Location": "/elsewhere"})


@asynccontextmanager
async def sms_gateway() -> AsyncIterator[SmsGateway]:
    gateway = SmsGateway()
    app = web.Application()
    app.router.add_route("*", "/send", gateway.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        gateway.port = runner.addresses[0][1]
        yield gateway
    finally:
        await runner.cleanup()
