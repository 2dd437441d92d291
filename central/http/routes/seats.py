"""Seats: the plan of a time slot, blocking, moving somebody."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aiohttp import web
from sqlalchemy import Connection

from central.http import answers_seats
from central.http.access import Scope, needs
from central.http.api import Api
from central.http.bodies import read_body
from central.http.bodies_seats import MoveAsked, SeatsNamed
from central.http.idempotency import Answer
from central.http.routes.capacity import SLOT
from central.http.routes.requests import ONE, told
from central.sale.states import By, Refused
from central.seats import places, staff
from central.seats.places import Hall
from central.seats.staff import Blocked, Move

Act = Callable[[Connection, str, Sequence[str], str, By], list[Blocked] | Refused]


def routes(api: Api) -> list[web.RouteDef]:
    async def plan(request: web.Request) -> web.Response:
        slot, now = request.match_info["id"], api.clock()
        return await api.look(lambda c: _shown(places.hall(c, slot, now)))

    async def change(request: web.Request, act: Act) -> web.Response:
        slot, body = request.match_info["id"], await read_body(request, SeatsNamed)
        return await api.once(
            request, lambda c, by: _blocked(slot, act(c, slot, body.seats, body.reason, by))
        )

    async def block(request: web.Request) -> web.Response:
        return await change(request, staff.block)

    async def unblock(request: web.Request) -> web.Response:
        return await change(request, staff.unblock)

    async def move(request: web.Request) -> web.Response:
        body, token = await read_body(request, MoveAsked), request.match_info["token"]
        wanted = Move(body.slot, body.seats, body.reason)
        return await api.once(request, lambda c, by: told(staff.move(c, token, wanted, by), by.at))

    return [
        web.get(f"{SLOT}/seats", needs(Scope.SHOP, plan)),
        web.post(f"{SLOT}/seats/block", needs(Scope.OFFICE, block)),
        web.post(f"{SLOT}/seats/unblock", needs(Scope.OFFICE, unblock)),
        web.post(f"{ONE}/seats", needs(Scope.OFFICE, move)),
    ]


def _shown(found: Hall | Refused) -> Answer | Refused:
    return found if isinstance(found, Refused) else Answer(200, answers_seats.plan(found))


def _blocked(slot: str, done: list[Blocked] | Refused) -> Answer | Refused:
    return done if isinstance(done, Refused) else Answer(200, answers_seats.blocked(slot, done))
