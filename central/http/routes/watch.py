"""Who is connected, and who is where."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web
from sqlalchemy import Connection

from admission.presence import LONGEST_ZONE
from central.catalogue.texts import hidden
from central.http import answers_watch
from central.http.access import Scope, needs
from central.http.api import Api
from central.http.bodies import read_body
from central.http.bodies_watch import CountTold
from central.http.idempotency import Answer
from central.http.web import json, problem
from central.sale.states import By, Refused
from central.watch import standing, zones
from central.watch.zones import ZoneCount


def routes(api: Api) -> list[web.RouteDef]:
    def found(connection: Connection, now: datetime) -> list[ZoneCount]:
        standings = standing.standings(connection, api.settings.devices, now)
        return zones.listed(connection, standings, api.venue.zone, now)

    async def devices(request: web.Request) -> web.Response:
        now, known = api.clock(), api.settings.devices
        all_ = await api.database.read(lambda c: standing.standings(c, known, now))
        return json(answers_watch.devices(all_, api.venue.zone, now))

    async def counts(request: web.Request) -> web.Response:
        now = api.clock()
        return json(answers_watch.counts(await api.database.read(lambda c: found(c, now))))

    async def correct(request: web.Request) -> web.Response:
        body, zone = await read_body(request, CountTold), request.match_info["zone"]
        if len(zone) > LONGEST_ZONE or hidden(zone):
            return problem(404, "unknown_zone", "no zone is called so")

        def act(connection: Connection, by: By) -> Answer | Refused:
            done = zones.correct(connection, zone, body.persons, body.why, by)
            if isinstance(done, Refused):
                return done
            [now] = [one for one in found(connection, by.at) if one.zone == zone]
            return Answer(200, answers_watch.count(now))

        return await api.once(request, act)

    return [
        web.get("/v1/devices", needs(Scope.OFFICE, devices)),
        web.get("/v1/zones", needs(Scope.OFFICE, counts)),
        web.post("/v1/zones/{zone}/count", needs(Scope.OFFICE, correct)),
    ]
