"""Time slots by hand, leases for offline sale, what staff must look at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from aiohttp import web
from sqlalchemy import Connection

from central.capacity import leases, slot_changes
from central.capacity.leases import Lease, LeaseWanted
from central.capacity.slot_changes import SlotChange, SlotReport
from central.http import answers_capacity
from central.http.access import Scope, client_of, needs
from central.http.api import Api
from central.http.bodies import Nothing, read_body
from central.http.bodies_capacity import LeaseUse, Resize, Why
from central.http.idempotency import Answer
from central.http.web import json
from central.sale import offline_lines
from central.sale.states import By, Refused

SLOT = "/v1/slots/{id:[A-Za-z0-9-]{1,64}}"
LEASE = "/v1/leases/{id:[1-9][0-9]{0,8}}"


def routes(api: Api) -> list[web.RouteDef]:
    return [*_of_slots(api), *_of_leases(api)]


def _of_slots(api: Api) -> list[web.RouteDef]:
    def reported(found: SlotReport | Refused, now: datetime) -> Answer | Refused:
        if isinstance(found, Refused):
            return found
        return Answer(200, answers_capacity.slot_report(found, api.venue.zone, now))

    async def show(request: web.Request) -> web.Response:
        slot, now = request.match_info["id"], api.clock()
        return await api.look(lambda c: reported(slot_changes.report(c, slot, now), now))

    async def change(
        request: web.Request, act: Callable[[Connection, str, str, By], SlotReport | Refused]
    ) -> web.Response:
        slot, body = request.match_info["id"], await read_body(request, Why)
        return await api.once(request, lambda c, by: reported(act(c, slot, body.reason, by), by.at))

    async def close(request: web.Request) -> web.Response:
        return await change(request, slot_changes.close)

    async def reopen(request: web.Request) -> web.Response:
        return await change(request, slot_changes.reopen)

    async def resize(request: web.Request) -> web.Response:
        slot, body = request.match_info["id"], await read_body(request, Resize)
        what = "capacity " + ("as planned" if body.capacity is None else str(body.capacity))

        def act(connection: Connection, by: By) -> Answer | Refused:
            told = SlotChange(by, what + (", forced" if body.force else ""), body.reason)
            done = slot_changes.resize(connection, slot, body.capacity, told, force=body.force)
            return reported(done, by.at)

        return await api.once(request, act)

    async def conflicts(request: web.Request) -> web.Response:
        zone, now = api.venue.zone, api.clock()
        today = now.astimezone(zone).date()
        found = await api.database.read(lambda c: slot_changes.conflicts(c, today, now))
        return json(answers_capacity.conflicts(found, zone))

    return [
        web.get(SLOT, needs(Scope.OFFICE, show)),
        web.post(f"{SLOT}/close", needs(Scope.OFFICE, close)),
        web.post(f"{SLOT}/reopen", needs(Scope.OFFICE, reopen)),
        web.post(f"{SLOT}/capacity", needs(Scope.OFFICE, resize)),
        web.get("/v1/conflicts", needs(Scope.OFFICE, conflicts)),
    ]


def _of_leases(api: Api) -> list[web.RouteDef]:
    async def take(request: web.Request) -> web.Response:
        body = await read_body(request, LeaseWanted)
        return await api.once(request, lambda c, by: _told(leases.take(c, body, by), 201))

    async def use(request: web.Request) -> web.Response:
        body, number = await read_body(request, LeaseUse), _number(request)
        return await api.once(request, lambda c, by: _told(leases.use(c, number, body.sold, by)))

    async def give_back(request: web.Request) -> web.Response:
        _, number = await read_body(request, Nothing), _number(request)
        return await api.once(request, lambda c, by: _told(leases.give_back(c, number, by)))

    async def current(request: web.Request) -> web.Response:
        by = By(client_of(request), api.clock())
        return json(
            answers_capacity.leases(await api.database.read(lambda c: leases.current(c, by)))
        )

    async def goods(request: web.Request) -> web.Response:
        by, venue = By(client_of(request), api.clock()), api.venue
        found = await api.database.read(lambda c: offline_lines.on_leases(c, venue, by))
        return json(answers_capacity.goods(found))

    return [
        web.post("/v1/leases", needs(Scope.SELL, take)),
        web.get("/v1/leases", needs(Scope.SELL, current)),
        web.get("/v1/leases/goods", needs(Scope.SELL, goods)),
        web.post(f"{LEASE}/use", needs(Scope.SELL, use)),
        web.post(f"{LEASE}/return", needs(Scope.SELL, give_back)),
    ]


def _number(request: web.Request) -> int:
    return int(request.match_info["id"])


def _told(made: Lease | Refused, status: int = 200) -> Answer | Refused:
    return made if isinstance(made, Refused) else Answer(status, answers_capacity.lease(made))
