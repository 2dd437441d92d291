"""Counters: what is read there comes in, what is to be printed there goes out."""

from __future__ import annotations

import asyncio
from functools import partial

from aiohttp import web
from sqlalchemy import Connection

from central.desks import printing, scans, standing
from central.desks.printing import Look, NoPaper
from central.http.access import Scope, client_of, needs
from central.http.api import Api
from central.http.bodies import query_number, read_body
from central.http.bodies_desk import DeskTold, JobEnded, Scanned
from central.http.idempotency import Answer
from central.http.streams import look_again
from central.http.web import json
from central.sale.states import By, Refused

LONGEST_WAIT_S = 25


def routes(api: Api) -> list[web.RouteDef]:
    async def scan(request: web.Request) -> web.Response:
        body = await read_body(request, Scanned)

        def act(connection: Connection, by: By) -> Answer:
            return Answer(201, {"id": scans.put(connection, by.who, body.code, by.at)})

        return await api.once(request, act)

    async def status(request: web.Request) -> web.Response:
        body = await read_body(request, DeskTold)

        def act(connection: Connection, by: By) -> Answer:
            standing.tell(connection, by, prints=body.prints, faults=body.faults)
            return Answer(200, {"desk": by.who})

        return await api.once(request, act)

    async def jobs(request: web.Request) -> web.Response:
        wait_s = query_number(request, "wait", 0, LONGEST_WAIT_S)
        until = asyncio.get_running_loop().time() + wait_s
        desk, url = client_of(request), api.settings.public.url
        while True:
            look = Look(desk, api.clock(), api.venue, url)
            found = await api.database.read(partial(printing.due, look=look))
            if isinstance(found, NoPaper):
                await api.database.write(partial(printing.give_up, wrong=found, now=api.clock()))
                continue
            over = asyncio.get_running_loop().time() >= until
            if found or over or not await look_again(request):
                return json({"jobs": [found] if found else []})

    async def end(request: web.Request) -> web.Response:
        body, id_ = await read_body(request, JobEnded), int(request.match_info["id"])

        def act(connection: Connection, by: By) -> Answer | Refused:
            refused = printing.end(connection, id_, body.fault, by)
            return refused or Answer(200, {"id": id_})

        return await api.once(request, act)

    return [
        web.post("/v1/desk/scans", needs(Scope.DESK, scan)),
        web.post("/v1/desk/status", needs(Scope.DESK, status)),
        web.get("/v1/desk/jobs", needs(Scope.DESK, jobs)),
        web.post("/v1/desk/jobs/{id:[1-9][0-9]{0,8}}", needs(Scope.DESK, end)),
    ]
