"""Tickets that others sold: lists of them, and what is revoked."""

from __future__ import annotations

import asyncio

from aiohttp import web
from sqlalchemy import Connection

from central.foreign import imports, lists
from central.foreign.list_file import checked, may_be_foreign
from central.http import answers_foreign
from central.http.access import Scope, needs
from central.http.api import Api
from central.http.bodies import read_body
from central.http.bodies_foreign import NewList, NewRevoked
from central.http.idempotency import Answer
from central.sale.states import By, Refused
from runtime.convert import Invalid


def routes(api: Api) -> list[web.RouteDef]:
    async def take(request: web.Request) -> web.Response:
        body = await read_body(request, NewList)
        venue = api.venue
        found = await asyncio.to_thread(checked, body.told(), body.reading(venue.zone))

        def act(connection: Connection, by: By) -> Answer | Refused:
            done = imports.in_one(connection, venue, body.wanted, found, by)
            if isinstance(done, Refused):
                return done
            return Answer(200, answers_foreign.done(body.name, done))

        return await api.once(request, act)

    async def listed(request: web.Request) -> web.Response:
        return await api.look(lambda c: Answer(200, answers_foreign.lists(lists.overviews(c))))

    async def revoke(request: web.Request) -> web.Response:
        codes = (await read_body(request, NewRevoked)).codes
        ours = [n for n, code in enumerate(codes) if not may_be_foreign(code)]
        if ours:
            raise Invalid([(f"codes[{n}]", "no foreign code") for n in ours])
        return await api.once(
            request,
            lambda c, by: Answer(200, {"revoked": lists.revoke(c, map(str.strip, codes), by)}),
        )

    return [
        web.post("/v1/lists", needs(Scope.OFFICE, take)),
        web.get("/v1/lists", needs(Scope.OFFICE, listed)),
        web.post("/v1/revoked", needs(Scope.OFFICE, revoke)),
    ]
