"""Ticket requests: reserve, confirm, issue, cancel, show."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web
from sqlalchemy import Connection

from central.catalogue.venue import Venue
from central.delivery import notices
from central.http import answers, answers_money, answers_offers
from central.http.access import Scope, needs
from central.http.api import Api
from central.http.bodies import Cancellation, Confirmation, NewRequest, Nothing, read_body
from central.http.idempotency import Answer
from central.money import dues, ledger
from central.office import customers, lookup
from central.sale import promotions, references, requests, tickets, vouchers
from central.sale.request_rows import find, history, payments, set_holder
from central.sale.states import By, IssuedTicket, Refused, TicketRequest
from central.sale.wishes import Wish

ONE = "/v1/requests/{token:[A-Za-z0-9_-]{1,64}}"


def routes(api: Api) -> list[web.RouteDef]:
    async def reserve(request: web.Request) -> web.Response:
        body = await read_body(request, NewRequest)
        hold = api.settings.reservation_min.of(body.channel)
        offer_min = api.settings.waiting_offer_min if body.waiting else 0
        channel = body.channel.value
        wish = Wish(body.lines, channel, body.language, hold, body.promo_codes, offer_min)
        return await api.once(
            request,
            lambda c, by: _suggesting(c, _reserved(c, api.venue, wish, body, by), body, by),
        )

    async def confirm(request: web.Request) -> web.Response:
        body, token = await read_body(request, Confirmation), request.match_info["token"]
        return await api.once(
            request,
            lambda c, by: told(_confirmed(c, token, body, by), by.at),
        )

    async def issue(request: web.Request) -> web.Response:
        _, token = await read_body(request, Nothing), request.match_info["token"]
        return await api.once(
            request, lambda c, by: _handed_over(c, token, tickets.issue(c, token, api.key, by), by)
        )

    async def cancel(request: web.Request) -> web.Response:
        body, token = await read_body(request, Cancellation), request.match_info["token"]
        return await api.once(
            request, lambda c, by: told(requests.cancel(c, token, body.reason, by), by.at)
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


def told(made: TicketRequest | Refused, now: datetime, status: int = 200) -> Answer | Refused:
    if isinstance(made, Refused):
        return made
    return Answer(status, answers.ticket_request(made, now))


def _suggesting(
    connection: Connection, made: TicketRequest | Refused, body: NewRequest, by: By
) -> Answer | Refused:
    """No more than the number: answers to writes are kept, and a customer may be erased."""
    answer = told(made, by.at, status=201)
    ticket = lookup.id_of(connection, body.references.pass_ticket)
    if isinstance(answer, Refused) or ticket is None:
        return answer
    suggests = {"suggested_customer": customers.suggested(connection, ticket).customer}
    return Answer(answer.status, answer.body | suggests)


def _reserved(
    connection: Connection, venue: Venue, wish: Wish, body: NewRequest, by: By
) -> TicketRequest | Refused:
    if refused := references.unknown(connection, body.references):
        return refused
    made = requests.reserve(connection, venue, wish, by)
    if isinstance(made, TicketRequest):
        references.refer(connection, made.id, body.references, by)
        if body.holder:
            set_holder(connection, made.id, body.holder, by)
    return made


def _confirmed(
    connection: Connection, token: str, body: Confirmation, by: By
) -> TicketRequest | Refused:
    if refused := references.unknown(connection, body.references):
        return refused
    made = requests.confirm(connection, token, body.payment, body.holder, by)
    if isinstance(made, TicketRequest):
        references.refer(connection, made.id, body.references, by)
        notices.send_tickets(connection, made, by)
    return made


def _handed_over(
    connection: Connection, token: str, issued: list[IssuedTicket] | Refused, by: By
) -> Answer | Refused:
    request = find(connection, token)
    if isinstance(issued, Refused):
        return issued
    if isinstance(request, Refused):
        return request
    bought = [answers_offers.voucher(one, by.at) for one in vouchers.issue(connection, request, by)]
    notices.send_tickets(connection, request, by)
    return Answer(200, answers.tickets(issued) | {"vouchers": bought})


def _shown(connection: Connection, token: str, now: datetime) -> Answer | Refused:
    request = find(connection, token)
    if isinstance(request, Refused):
        return request
    return Answer(200, all_of(connection, request, now))


def all_of(connection: Connection, request: TicketRequest, now: datetime) -> answers.Json:
    """The request and all that happened to it."""
    body = answers.full_request(
        request,
        tickets.of_request(connection, request),
        payments(connection, request.id),
        history(connection, request.id),
        now,
    )
    uses = promotions.used_by(connection, request.id)
    bought = vouchers.of_request(connection, request.id)
    return (
        body
        | answers_money.account_of(
            dues.terms(connection, request.id),
            dues.due(connection, request),
            ledger.receipts(connection, request.id),
        )
        | {
            "references": vars(references.of_request(connection, request.id)),
            "discounts": answers_offers.discounts(uses, request.currency),
            "vouchers": [answers_offers.voucher(one, now) for one in bought],
        }
    )
