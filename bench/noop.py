"""As a program an aiohttp server that answers every POST the same, `python -m bench.noop PORT`;
what central's answers are compared with."""

from __future__ import annotations

import sys
from typing import Any

from aiohttp import web

ANSWER: dict[str, Any] = {
    "token": "x" * 32,
    "authorisation": "XXXX-XXXX",
    "status": "reserved",
    "expires_at": "2026-11-21T13:09:00+00:00",
    "total": {"amount": "8.00", "currency": "EUR"},
}


def application() -> web.Application:
    async def answer(request: web.Request) -> web.Response:
        await request.json()
        return web.json_response(ANSWER)

    app = web.Application()
    app.add_routes([web.post("/{path:.*}", answer)])
    return app


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=int(sys.argv[1]), print=None)
