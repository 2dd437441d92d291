"""What is on offer, and what is left of it."""

from __future__ import annotations

from aiohttp import web

from central.capacity import slots
from central.http import answers
from central.http.access import Scope, client_of, needs
from central.http.api import Api
from central.http.bodies import query_days, query_number
from central.http.web import json
from central.settings import Channel, DeviceKind

DAYS_SHOWN = 14
MAX_PERSONS = 1_000_000
CHANNELS = {
    DeviceKind.KIOSK: Channel.KIOSK,
    DeviceKind.WEB: Channel.WEB,
    DeviceKind.OFFICE: Channel.OFFICE,
}
"""Through which channel each kind of client sells."""


def routes(api: Api) -> list[web.RouteDef]:
    async def catalogue(request: web.Request) -> web.Response:
        venue, sms = api.venue.sold_by(_channel(api, request)), api.settings.sms is not None
        return json(answers.catalogue(api.settings.site, venue, sms=sms))

    async def dates(request: web.Request) -> web.Response:
        attraction, now = _attraction(api, request), api.clock()
        today, channel = now.astimezone(api.venue.zone).date(), _channel(api, request).value
        days = await api.database.read(
            lambda c: slots.on_next_days(c, attraction, today, DAYS_SHOWN, now, channel=channel)
        )
        return json(answers.dates(days, now))

    async def time_slots(request: web.Request) -> web.Response:
        attraction, days, now = _attraction(api, request), query_days(request), api.clock()
        wanted = max(1, query_number(request, "persons", 1, MAX_PERSONS))
        channel = _channel(api, request).value
        listed = await api.database.read(
            lambda c: slots.on_days(c, attraction, days, now, channel=channel)
        )
        return json(answers.slots(listed, api.venue.zone, now, wanted))

    return [
        web.get("/v1/catalogue", needs(Scope.SHOP, catalogue)),
        web.get("/v1/attractions/{id}/dates", needs(Scope.SHOP, dates)),
        web.get("/v1/attractions/{id}/slots", needs(Scope.SHOP, time_slots)),
    ]


def _channel(api: Api, request: web.Request) -> Channel:
    return CHANNELS[api.settings.devices[client_of(request)].kind]


def _attraction(api: Api, request: web.Request) -> str:
    name = request.match_info["id"]
    if api.venue.attraction(name) is None:
        raise web.HTTPNotFound(reason=f"there is no attraction {name!r}")
    return name
