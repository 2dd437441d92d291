"""All facts: the feed for gates, what happened lately, what was set aside."""

from __future__ import annotations

from aiohttp import web

from central.http import answers
from central.http.access import Scope, client_of, needs
from central.http.api import Api
from central.http.bodies import MAX_PAGE, query_number
from central.http.web import json
from central.sync import epochs, feed
from central.sync.feed import Entry

MAX_N = 2**63 - 1
RECENT = 200


def routes(api: Api) -> list[web.RouteDef]:
    async def page(request: web.Request, limit: int) -> tuple[int, list[Entry]]:
        """(head, entries) as ?after=…&limit=… asks."""
        after = query_number(request, "after", 0, MAX_N)
        limit = query_number(request, "limit", limit, MAX_PAGE)
        return await api.database.read(lambda c: (feed.head(c), feed.after(c, after, limit)))

    async def numbered(request: web.Request) -> web.Response:
        return json(answers.feed(*await page(request, MAX_PAGE)) | await standing(request))

    async def standing(request: web.Request) -> answers.Json:
        """Of the asking device: how many facts it has told, should it have forgotten or central."""
        name, now = client_of(request), api.clock()
        taken, epoch = await api.database.read(
            lambda c: (feed.last_taken(c, name), epochs.current(c))
        )
        return {"taken": taken, "epoch": epoch, "now": now.isoformat()}

    async def device(request: web.Request) -> web.Response:
        """Who asks, and how it stands with central."""
        name = client_of(request)
        kind = api.settings.devices[name].kind.value
        return json({"device": name, "kind": kind} | await standing(request))

    async def activity(request: web.Request) -> web.Response:
        return json(answers.activity(*await page(request, RECENT)))

    return [
        web.get("/v1/device", needs(Scope.FEED, device)),
        web.get("/v1/feed", needs(Scope.FEED, numbered)),
        web.get("/v1/activity", needs(Scope.FEED, activity)),
    ]
