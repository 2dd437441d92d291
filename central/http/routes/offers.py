"""What a cart costs; promo codes."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web
from sqlalchemy import Connection

from central.http import answers_offers as answers
from central.http.access import Scope, client_of, needs
from central.http.api import Api
from central.http.bodies import MAX_PAGE, Nothing, query_number, read_body
from central.http.bodies_offers import NewPromoCode, NewQuote
from central.http.idempotency import Answer
from central.http.web import json
from central.money import dues
from central.sale import cart, promotions
from central.sale.promotions import Promo
from central.sale.states import By, Refused
from central.sale.wishes import Wish

PAGE = 200
MAX_ID = 2**31 - 1
PROMO_CODE = "/v1/promo-codes/{code:[A-Za-z0-9-]{1,40}}"


def routes(api: Api) -> list[web.RouteDef]:
    def currency() -> str:
        return api.venue.currency

    async def quote(request: web.Request) -> web.Response:
        body = await read_body(request, NewQuote)
        wish = Wish(body.lines, body.channel.value, "", timedelta(0), body.promo_codes)
        by = By(client_of(request), api.clock())
        return await api.look(lambda c: _quoted(cart.quote(c, api.venue, wish, by), currency()))

    async def make_promo_code(request: web.Request) -> web.Response:
        body = await read_body(request, NewPromoCode)
        return await api.once(
            request,
            lambda c, by: _coded(c, _made(c, body, currency(), by), currency(), by, status=201),
        )

    async def list_promo_codes(request: web.Request) -> web.Response:
        after = query_number(request, "after", 0, MAX_ID)
        limit, now = query_number(request, "limit", PAGE, MAX_PAGE), api.clock()
        page = await api.database.read(lambda c: promotions.page(c, after, limit, now))
        return json(answers.promo_codes(page, currency()))

    async def block_promo_code(request: web.Request) -> web.Response:
        _, code = await read_body(request, Nothing), request.match_info["code"]
        return await api.once(
            request, lambda c, by: _coded(c, promotions.block(c, code), currency(), by)
        )

    return [
        web.post("/v1/quotes", needs(Scope.SHOP, quote)),
        web.post("/v1/promo-codes", needs(Scope.OFFICE, make_promo_code)),
        web.get("/v1/promo-codes", needs(Scope.OFFICE, list_promo_codes)),
        web.post(f"{PROMO_CODE}/block", needs(Scope.OFFICE, block_promo_code)),
    ]


def _quoted(applied: promotions.Applied | Refused, currency: str) -> Answer | Refused:
    if isinstance(applied, Refused):
        return applied
    return Answer(200, answers.quote(applied, currency))


def _coded(
    connection: Connection, promo: Promo | Refused, currency: str, by: By, status: int = 200
) -> Answer | Refused:
    if isinstance(promo, Refused):
        return promo
    uses = promotions.uses_of(connection, promo.id, by.at)
    return Answer(status, answers.promo_code(promo, uses, currency))


def _made(connection: Connection, body: NewPromoCode, currency: str, by: By) -> Promo | Refused:
    if body.amount and (refused := dues.foreign(body.amount, currency)):
        return refused
    amount = body.amount.amount if body.amount else None
    return promotions.create(connection, Promo(**vars(body) | {"amount": amount}), by)
