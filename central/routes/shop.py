"""What is on offer, and what is left of it."""

from __future__ import annotations

from aiohttp import web

from central import answers, slots
from central.access import Scope, needs
from central.api import Api
from central.bodies import query_date
from central.web import json

DAYS_SHOWN = 14


def routes(api: Api) -> list[web.RouteDef]:
    async def catalogue(request: web.Request) -> web.Response:
        return json(answers.catalogue(api.settings.site, api.venue))

    async def dates(request: web.Request) -> web.Response:
        attraction, now = _attraction(api, request), api.clock()
        today = now.astimezone(api.venue.zone).date()
        days = await api.database.read(
            lambda c: slots.on_next_days(c, attraction, today, DAYS_SHOWN, now)
        )
        return json(answers.dates(days, now))

    async def time_slots(request: web.Request) -> web.Response:
        attraction, day, now = _attraction(api, request), query_date(request), api.clock()
        listed = await api.database.read(lambda c: slots.on_day(c, attraction, day, now))
        return json(answers.slots(listed, api.venue.zone, now))

    return [
        web.get("/v1/catalogue", needs(Scope.SHOP, catalogue)),
        web.get("/v1/attractions/{id}/dates", needs(Scope.SHOP, dates)),
        web.get("/v1/attractions/{id}/slots", needs(Scope.SHOP, time_slots)),
    ]


def _attraction(api: Api, request: web.Request) -> str:
    name = request.match_info["id"]
    if api.venue.attraction(name) is None:
        raise web.HTTPNotFound(reason=f"there is no attraction {name!r}")
    return name
