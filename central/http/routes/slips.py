"""Tickets as a printer of receipts gets them."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import Connection

from central.catalogue.venue import Venue
from central.http.access import Scope, needs
from central.http.api import Api
from central.http.idempotency import Answer
from central.office import lookup
from central.papers import sheet, slip
from central.sale.request_rows import find
from central.sale.states import Refused

ONE = r"/v1/requests/{token:[A-Za-z0-9_-]{1,64}}/slips/{ticket:\d{1,19}}"


def routes(api: Api) -> list[web.RouteDef]:
    async def show(request: web.Request) -> web.Response:
        token, ticket = request.match_info["token"], int(request.match_info["ticket"])
        return await api.look(lambda c: _slip(c, api.venue, token, ticket))

    return [web.get(ONE, needs(Scope.SELL, show))]


def _slip(connection: Connection, venue: Venue, token: str, ticket: int) -> Answer | Refused:
    request = find(connection, token)
    if isinstance(request, Refused):
        return request
    papers = sheet.of_request(connection, venue, request, only={ticket})
    return Answer(200, slip.slips(papers)[0]) if papers.sheets else lookup.UNKNOWN
