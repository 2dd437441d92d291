"""Ticket requests: reserve, confirm, issue, cancel, show."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web
from sqlalchemy import Connection

from central import answers, requests, tickets
from central.access import Scope, needs
from central.api import Api
from central.bodies import Cancellation, Confirmation, NewRequest, Nothing, read_body
from central.idempotency import Answer
from central.request_rows import find, history, payments
from central.requests import Wish
from central.states import IssuedTicket, Refused, TicketRequest

ONE = "/v1/requests/{token:[A-Za-z0-9_-]{1,64}}"


def routes(api: Api) -> list[web.RouteDef]:
    async def reserve(request: web.Request) -> web.Response:
        body = await read_body(request, NewRequest)
        hold = api.settings.reservation_min.of(body.channel)
        wish = Wish(body.lines, body.channel.value, body.language, hold)
        return await api.once(
            request,
            lambda c, by: _told(requests.reserve(c, api.venue, wish, by), by.at, status=201),
        )

    async def confirm(request: web.Request) -> web.Response:
        body, token = await read_body(request, Confirmation), request.match_info["token"]
        return await api.once(
            request,
            lambda c, by: _told(requests.confirm(c, token, body.payment, body.holder, by), by.at),
        )

    async def issue(request: web.Request) -> web.Response:
        _, token = await read_body(request, Nothing), request.match_info["token"]
        return await api.once(
            request, lambda c, by: _handed_over(tickets.issue(c, token, api.key, by))
        )

    async def cancel(request: web.Request) -> web.Response:
        body, token = await read_body(request, Cancellation), request.match_info["token"]
        return await api.once(
            request, lambda c, by: _told(requests.cancel(c, token, body.reason, by), by.at)
        )

    async def show(request: web.Request) -> web.Response:
        token, now = request.match_info["token"], api.clock()
        return await api.look(lambda c: _shown(c, token, now))

    return [
        web.post("/v1/requests", needs(Scope.SELL, reserve)),
        web.get(ONE, needs(Scope.SELL, show)),
        web.post(f"{ONE}/confirm", needs(Scope.SELL, confirm)),
        web.post(f"{ONE}/issue", needs(Scope.SELL, issue)),
        web.post(f"{ONE}/cancel", needs(Scope.SELL, cancel)),
    ]


def _told(made: TicketRequest | Refused, now: datetime, status: int = 200) -> Answer | Refused:
    if isinstance(made, Refused):
        return made
    return Answer(status, answers.ticket_request(made, now))


def _handed_over(issued: list[IssuedTicket] | Refused) -> Answer | Refused:
    return issued if isinstance(issued, Refused) else Answer(200, answers.tickets(issued))


def _shown(connection: Connection, token: str, now: datetime) -> Answer | Refused:
    request = find(connection, token)
    if isinstance(request, Refused):
        return request
    body = answers.full_request(
        request,
        tickets.of_request(connection, request),
        payments(connection, request.id),
        history(connection, request.id),
        now,
    )
    return Answer(200, body)
