"""All facts: the feed for gates, what happened lately, what was set aside."""

from __future__ import annotations

from aiohttp import web

from central import feed, ingest
from central.feed import Entry
from central.http import answers
from central.http.access import Scope, client_of, needs
from central.http.api import Api
from central.http.bodies import MAX_PAGE, query_number
from central.http.web import json

MAX_N = 2**63 - 1
RECENT = 200


def routes(api: Api) -> list[web.RouteDef]:
    async def page(request: web.Request, limit: int) -> tuple[int, list[Entry]]:
        """(head, entries) as ?after=…&limit=… asks."""
        after = query_number(request, "after", 0, MAX_N)
        limit = query_number(request, "limit", limit, MAX_PAGE)
        return await api.database.read(lambda c: (feed.head(c), feed.after(c, after, limit)))

    async def numbered(request: web.Request) -> web.Response:
        return json(answers.feed(*await page(request, MAX_PAGE)))

    async def activity(request: web.Request) -> web.Response:
        return json(answers.activity(*await page(request, RECENT)))

    async def snapshot(request: web.Request) -> web.Response:
        """`taken`: how many facts the asking device has told, should it have forgotten."""
        now, device = api.clock(), client_of(request)
        (as_of, facts), taken = await api.database.read(
            lambda c: (feed.snapshot(c, now), feed.last_taken(c, device))
        )
        return json({"as_of": as_of, "taken": taken, "facts": facts})

    async def quarantine(request: web.Request) -> web.Response:
        return json(answers.quarantine(await api.database.read(ingest.set_aside)))

    return [
        web.get("/v1/feed", needs(Scope.FEED, numbered)),
        web.get("/v1/snapshot", needs(Scope.FEED, snapshot)),
        web.get("/v1/activity", needs(Scope.FEED, activity)),
        web.get("/v1/quarantine", needs(Scope.FEED, quarantine)),
    ]
