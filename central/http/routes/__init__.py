"""The HTTP interface (docs/openapi.yaml). Routes only translate; the rules are elsewhere."""

from __future__ import annotations

import time

from aiohttp import web

from central.http import streams
from central.http.access import authorised
from central.http.api import Api
from central.http.patience import PATIENCE, Patience, in_time
from central.http.routes import (
    capacity,
    clashes,
    desk,
    facts,
    foreign,
    health,
    keys,
    money,
    offers,
    office,
    requests,
    seats,
    shop,
    slips,
    snapshots,
    tickets,
    venue,
    vouchers,
    watch,
)
from central.http.web import problems
from central.metrics import measured
from central.pages.desk import DESKS
from central.pages.routes import routes as pages
from runtime.wire import MAX_PAYLOAD

PARTS = (
    *(shop, offers, vouchers, requests, slips, tickets, foreign, money, office),
    *(capacity, seats, venue, facts, snapshots, clashes, health, keys, watch),
    desk,
)


def application(api: Api, patience: Patience = PATIENCE) -> web.Application:
    settings = api.settings
    middlewares = [
        measured(api.metrics, time.perf_counter),
        problems,
        in_time(patience.body_s),
        authorised(settings.devices, settings.http.rate, proxy=settings.public.proxy),
    ]
    app = web.Application(client_max_size=MAX_PAYLOAD, middlewares=middlewares)
    app[DESKS] = settings.desks
    streams.set_up(app)
    for part in PARTS:
        app.add_routes(part.routes(api))
    app.add_routes(pages(api))
    return app
