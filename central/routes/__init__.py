"""The HTTP interface (docs/openapi.yaml). Routes only translate; the rules are elsewhere."""

from __future__ import annotations

from aiohttp import web

from central.access import authorised
from central.api import Api
from central.routes import capacity, facts, money, offers, office, requests, shop
from central.web import problems
from runtime.wire import MAX_PAYLOAD

PARTS = (shop, offers, requests, money, office, capacity, facts)


def application(api: Api) -> web.Application:
    app = web.Application(
        client_max_size=MAX_PAYLOAD, middlewares=[problems, authorised(api.settings.devices)]
    )
    for part in PARTS:
        app.add_routes(part.routes(api))
    return app
