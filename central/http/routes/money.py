"""Money: pay in parts, pay later, refund, void, exchange; the ledger and day-ends."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import Connection

from central.delivery import notices
from central.http import answers, answers_money
from central.http.access import Scope, client_of, needs
from central.http.api import Api
from central.http.bodies import MAX_PAGE, query_days, query_number, read_body
from central.http.bodies_money import (
    DayEndAsked,
    ExchangeAsked,
    OptionChosen,
    PartPayment,
    RefundAsked,
    VoidAsked,
)
from central.http.idempotency import Answer
from central.http.routes.requests import ONE, told
from central.http.web import answered, json
from central.money import days, exchange, invitations, ledger, payments, returns
from central.money.dues import Terms
from central.sale.states import By, Refused, TicketRequest
from runtime.convert import Invalid

MAX_ID = 2**31 - 1
MAX_REPORT_DAYS = 366


def routes(api: Api) -> list[web.RouteDef]:
    async def pay(request: web.Request) -> web.Response:
        body, token = await read_body(request, PartPayment), request.match_info["token"]
        return await api.once(
            request,
            lambda c, by: _paid(c, payments.pay(c, token, body.payment, body.holder, by), by),
        )

    async def choose(request: web.Request) -> web.Response:
        body, token = await read_body(request, OptionChosen), request.match_info["token"]
        terms = Terms(body.option, body.reason)
        return await api.once(
            request, lambda c, by: _paid(c, payments.choose(c, token, terms, by), by)
        )

    async def refund(request: web.Request) -> web.Response:
        body, token = await read_body(request, RefundAsked), request.match_info["token"]
        ids = tuple(int(id_) for id_ in body.tickets)
        wanted = returns.Refund(body.method, body.reference, body.reason, body.amount, ids)
        return await api.once(
            request, lambda c, by: told(returns.refund(c, token, wanted, by), by.at)
        )

    async def void(request: web.Request) -> web.Response:
        body, token = await read_body(request, VoidAsked), request.match_info["token"]
        return await api.once(
            request,
            lambda c, by: told(returns.void(c, api.venue.zone, token, body.reason, by), by.at),
        )

    async def change(request: web.Request) -> web.Response:
        body, token = await read_body(request, ExchangeAsked), request.match_info["token"]
        ids = tuple(int(id_) for id_ in body.tickets)
        wanted = exchange.Exchange(body.request, ids, body.payment)
        return await api.once(
            request, lambda c, by: told(exchange.exchange(c, api.venue, token, wanted, by), by.at)
        )

    async def close(request: web.Request) -> web.Response:
        body = await read_body(request, DayEndAsked)
        device = body.device or client_of(request)
        if device not in api.settings.devices:
            return answered(answers.refusal(Refused("unknown_device", f"no device {device!r}")))
        return await api.once(
            request, lambda c, by: Answer(201, answers_money.day_end(days.close(c, device, by)))
        )

    async def day_ends(request: web.Request) -> web.Response:
        after, limit = _page(request)
        found = await api.database.read(lambda c: days.page(c, after, limit))
        return json(answers_money.day_ends(found))

    async def day_end(request: web.Request) -> web.Response:
        wants_csv, id_ = _wants_csv(request), int(request.match_info["id"])
        found = await api.database.read(lambda c: days.find(c, id_))
        if isinstance(found, Refused):
            return answered(answers.refusal(found))
        if wants_csv:
            return _csv(answers_money.day_end_csv(found))
        return json(answers_money.day_end(found))

    async def entries(request: web.Request) -> web.Response:
        wants_csv, (after, limit) = _wants_csv(request), _page(request)
        found = await api.database.write(lambda c: ledger.page(c, after, limit))
        if wants_csv:
            return _csv(answers_money.ledger_csv(found))
        return json(answers_money.ledger(found))

    async def invited(request: web.Request) -> web.Response:
        wants_csv, span = _wants_csv(request), query_days(request, MAX_REPORT_DAYS)
        zone = api.venue.zone
        found = await api.database.read(lambda c: invitations.report(c, *span, zone))
        if wants_csv:
            return _csv(answers_money.invitations_csv(found))
        return json(answers_money.invitations(found))

    return [
        web.post(f"{ONE}/payments", needs(Scope.SELL, pay)),
        web.post(f"{ONE}/payment-option", needs(Scope.OFFICE, choose)),
        web.post(f"{ONE}/refund", needs(Scope.OFFICE, refund)),
        web.post(f"{ONE}/void", needs(Scope.OFFICE, void)),
        web.post(f"{ONE}/exchange", needs(Scope.OFFICE, change)),
        web.post("/v1/day-ends", needs(Scope.OFFICE, close)),
        web.get("/v1/day-ends", needs(Scope.OFFICE, day_ends)),
        web.get("/v1/day-ends/{id:[0-9]{1,9}}", needs(Scope.OFFICE, day_end)),
        web.get("/v1/invitations", needs(Scope.OFFICE, invited)),
        web.get("/v1/ledger", needs(Scope.OFFICE, entries)),
    ]


def _page(request: web.Request) -> tuple[int, int]:
    """(after, limit) as the query asks."""
    after = query_number(request, "after", 0, MAX_ID)
    return after, query_number(request, "limit", MAX_PAGE, MAX_PAGE)


def _wants_csv(request: web.Request) -> bool:
    """What ?format=… asks. Raises Invalid."""
    told = request.query.get("format", "json")
    if told not in ("json", "csv"):
        raise Invalid([("format", "json or csv")])
    return told == "csv"


def _csv(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/csv", charset="utf-8")


def _paid(connection: Connection, made: TicketRequest | Refused, by: By) -> Answer | Refused:
    """Tickets that were made before are good now."""
    if isinstance(made, TicketRequest):
        notices.send_tickets(connection, made, by)
    return told(made, by.at)
