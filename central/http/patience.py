"""How long central waits for a request to come whole, so that slow ones hold no connection."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from aiohttp import StreamReader, web

from central.http.web import Handler, TooSlow


@dataclass(frozen=True)
class Patience:
    """`head_s`: from the connection, or from the last answer on it, to the end of a request's
    headers; longer than a web server before central keeps a connection it does not use (60 s).
    `body_s`: from there to the end of its body, for a photograph over a slow line."""

    head_s: float = 75.0
    body_s: float = 60.0


PATIENCE = Patience()


def in_time(seconds: float) -> Any:
    """Middleware: who still reads the body then gets TooSlow."""

    @web.middleware
    async def limited(request: web.Request, handler: Handler) -> web.StreamResponse:
        late = asyncio.get_running_loop().call_later(seconds, _give_up, request.content)
        try:
            return await handler(request)
        finally:
            late.cancel()

    return limited


def _give_up(body: StreamReader) -> None:
    if not body.is_eof():
        body.set_exception(TooSlow())
