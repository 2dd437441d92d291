"""The HTTP interface (docs/openapi.yaml). Routes only translate; the rules are elsewhere."""

from __future__ import annotations

import time

from aiohttp import web

from central.http.access import authorised
from central.http.api import Api
from central.http.routes import (
    capacity,
    facts,
    health,
    money,
    offers,
    office,
    requests,
    seats,
    shop,
    tickets,
    venue,
    vouchers,
)
from central.http.web import problems
from central.metrics import measured
from runtime.wire import MAX_PAYLOAD

PARTS = (
    *(shop, offers, vouchers, requests, tickets, money, office),
    *(capacity, seats, venue, facts, health),
)


def application(api: Api) -> web.Application:
    settings = api.settings
    middlewares = [
        measured(api.metrics, time.perf_counter),
        problems,
        authorised(settings.devices, settings.http.rate),
    ]
    app = web.Application(client_max_size=MAX_PAYLOAD, middlewares=middlewares)
    for part in PARTS:
        app.add_routes(part.routes(api))
    return app
