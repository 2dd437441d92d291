"""What a cart costs; promo codes and gift vouchers."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web
from sqlalchemy import Connection

from admission.values import Money
from central import answers_offers as answers
from central import cart, promotions, vouchers
from central.access import Scope, client_of, needs
from central.api import Api
from central.bodies import MAX_PAGE, Nothing, query_number, read_body
from central.bodies_offers import NewGiftVoucher, NewPromoCode, NewQuote
from central.cart import Wish
from central.idempotency import Answer
from central.prices import minor_unit
from central.promotions import Promo
from central.states import By, Refused
from central.vouchers import NewVoucher, Voucher
from central.web import json
from runtime.convert import Invalid

PAGE = 200
MAX_ID = 2**31 - 1
PROMO_CODE = "/v1/promo-codes/{code:[A-Za-z0-9-]{1,40}}"
VOUCHER = "/v1/vouchers/{code:[A-Za-z0-9-]{1,40}}"


def routes(api: Api) -> list[web.RouteDef]:
    currency = api.venue.currency

    async def quote(request: web.Request) -> web.Response:
        body = await read_body(request, NewQuote)
        wish = Wish(body.lines, body.channel.value, "", timedelta(0), body.promo_codes)
        by = By(client_of(request), api.clock())
        return await api.look(lambda c: _quoted(cart.quote(c, api.venue, wish, by), currency))

    async def make_promo_code(request: web.Request) -> web.Response:
        promo = _promo(await read_body(request, NewPromoCode), currency)
        return await api.once(
            request,
            lambda c, by: _coded(c, promotions.create(c, promo, by), currency, by, status=201),
        )

    async def list_promo_codes(request: web.Request) -> web.Response:
        after = query_number(request, "after", 0, MAX_ID)
        limit, now = query_number(request, "limit", PAGE, MAX_PAGE), api.clock()
        page = await api.database.read(lambda c: promotions.page(c, after, limit, now))
        return json(answers.promo_codes(page, currency))

    async def block_promo_code(request: web.Request) -> web.Response:
        _, code = await read_body(request, Nothing), request.match_info["code"]
        return await api.once(
            request, lambda c, by: _coded(c, promotions.block(c, code), currency, by)
        )

    async def make_voucher(request: web.Request) -> web.Response:
        body = await read_body(request, NewGiftVoucher)
        _check(body.value, currency)
        if body.valid_until and body.valid_until <= api.clock():
            raise Invalid([("valid_until", "a time to come")])
        return await api.once(
            request, lambda c, by: _told(vouchers.create(c, _voucher(body, by), by), status=201)
        )

    async def show_voucher(request: web.Request) -> web.Response:
        code = request.match_info["code"]
        return await api.look(lambda c: _told(vouchers.find(c, code)))

    async def block_voucher(request: web.Request) -> web.Response:
        _, code = await read_body(request, Nothing), request.match_info["code"]
        return await api.once(request, lambda c, by: _told(vouchers.block(c, code)))

    return [
        web.post("/v1/quotes", needs(Scope.SHOP, quote)),
        web.post("/v1/promo-codes", needs(Scope.OFFICE, make_promo_code)),
        web.get("/v1/promo-codes", needs(Scope.OFFICE, list_promo_codes)),
        web.post(f"{PROMO_CODE}/block", needs(Scope.OFFICE, block_promo_code)),
        web.post("/v1/vouchers", needs(Scope.OFFICE, make_voucher)),
        web.get(VOUCHER, needs(Scope.SELL, show_voucher)),
        web.post(f"{VOUCHER}/block", needs(Scope.OFFICE, block_voucher)),
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


def _told(voucher: Voucher | Refused, status: int = 200) -> Answer | Refused:
    return voucher if isinstance(voucher, Refused) else Answer(status, answers.voucher(voucher))


def _promo(body: NewPromoCode, currency: str) -> Promo:
    if body.amount:
        _check(body.amount, currency)
    amount = body.amount.amount if body.amount else None
    return Promo(**vars(body) | {"amount": amount})


def _voucher(body: NewGiftVoucher, by: By) -> NewVoucher:
    until = body.valid_until or by.at + vouchers.DEFAULT_LIFE
    return NewVoucher(body.value, by.at, until, body.note)


def _check(money: Money, currency: str) -> None:
    if money.currency != currency:
        raise Invalid([("currency", f"this venue takes {currency}")])
    if money.amount % minor_unit(currency):
        raise Invalid([("amount", f"whole {minor_unit(currency)} {currency}")])
