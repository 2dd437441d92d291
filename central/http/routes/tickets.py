"""One ticket by its code, ours or another's."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import Connection

from central.foreign import lookup as foreign
from central.http import answers_foreign, answers_office
from central.http.access import Scope, needs
from central.http.api import Api
from central.http.idempotency import Answer
from central.office import customers, lookup
from central.sale.states import Refused


def routes(api: Api) -> list[web.RouteDef]:
    async def show(request: web.Request) -> web.Response:
        code = request.match_info["code"]
        return await api.look(lambda c: _shown(c, code))

    return [web.get("/v1/tickets/{code:[^{}/]{1,2000}}", needs(Scope.OFFICE, show))]


def _shown(connection: Connection, code: str) -> Answer | Refused:
    found = lookup.find(connection, code)
    if isinstance(found, Refused):
        other = foreign.find(connection, code)
        if other is None:
            return found
        uses = lookup.uses(connection, other.ticket.id)
        return Answer(200, answers_foreign.ticket(other, uses))
    request, issued = found
    id_ = issued.ticket.id
    suggested = customers.suggested(connection, id_)
    return Answer(
        200, answers_office.ticket(request, issued, lookup.uses(connection, id_), suggested)
    )
