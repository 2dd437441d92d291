"""Answers that wait for news: they end when central does, or they would keep it from ending."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiohttp import web

LOOK_S = 0.25
"""How often the database is looked at for somebody who waits: another worker may have written."""
_ENDING = web.AppKey("ending", asyncio.Event)


def set_up(app: web.Application) -> None:
    app[_ENDING] = asyncio.Event()

    async def end(app: web.Application) -> None:
        app[_ENDING].set()

    app.on_shutdown.append(end)


async def look_again(request: web.Request) -> bool:
    """Wait for LOOK_S. False when nobody waits for the answer any more, or central ends."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LOOK_S):
            await request.app[_ENDING].wait()
    gone = request.transport is None or request.transport.is_closing()
    return not gone and not request.app[_ENDING].is_set()
