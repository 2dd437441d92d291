"""Whether this worker is alive, whether it can serve, and figures for Prometheus."""

from __future__ import annotations

import asyncio

from aiohttp import web

from central import metrics
from central.http.access import Scope, unless_local
from central.http.api import Api
from central.http.web import json
from central.sync import feed


def routes(api: Api) -> list[web.RouteDef]:
    async def health(request: web.Request) -> web.Response:
        return json({"status": "ok"})

    async def ready(request: web.Request) -> web.Response:
        """The database answers, and whoever is to publish the feed does."""
        head = await api.database.read(feed.head)
        state = api.pulse.state(asyncio.get_running_loop().time())
        if state == "stuck":
            raise web.HTTPServiceUnavailable(reason="the feed is not published; read the log")
        return json({"status": "ready", "feed": state, "head": head})

    async def figures(request: web.Request) -> web.Response:
        now = api.clock()
        today, known = now.astimezone(api.venue.zone).date(), api.settings.devices
        standing = await api.database.read(lambda c: metrics.look(c, today, now, known))
        return web.Response(
            body=api.metrics.text(standing), headers={"Content-Type": metrics.CONTENT_TYPE}
        )

    return [
        web.get("/health", health),
        web.get("/ready", ready),
        web.get("/metrics", unless_local(Scope.OFFICE, figures)),
    ]
