"""Gift vouchers: made by the office, found, blocked; what happened to each."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web
from sqlalchemy import Connection

from central.catalogue.offers import ProductKind
from central.catalogue.venue import Venue
from central.http import answers, answers_offers
from central.http.access import Scope, needs
from central.http.api import Api
from central.http.bodies import MAX_PAGE, Nothing, query_number, read_body
from central.http.bodies_offers import NewGiftVoucher, vouchers_sought
from central.http.idempotency import Answer
from central.http.web import json
from central.money import dues
from central.sale import voucher_list, vouchers
from central.sale.states import By, Refused
from central.sale.vouchers import Bundle, NewVoucher, Voucher
from runtime.convert import Invalid

PAGE = 200
MAX_ID = 2**31 - 1
ONE = "/v1/vouchers/{code:[A-Za-z0-9-]{1,40}}"


def routes(api: Api) -> list[web.RouteDef]:
    async def make(request: web.Request) -> web.Response:
        body = await read_body(request, NewGiftVoucher)
        if body.valid_until and body.valid_until <= api.clock():
            raise Invalid([("valid_until", "a time to come")])
        return await api.once(request, lambda c, by: _told(_made(c, api.venue, body, by), by, 201))

    async def listed(request: web.Request) -> web.Response:
        sought, now = vouchers_sought(request), api.clock()
        after = query_number(request, "after", 0, MAX_ID)
        limit = query_number(request, "limit", PAGE, MAX_PAGE)
        page = await api.database.read(lambda c: voucher_list.page(c, sought, after, limit, now))
        return json(answers_offers.vouchers(page, now))

    async def show(request: web.Request) -> web.Response:
        code, by = request.match_info["code"], By("", api.clock())
        return await api.look(lambda c: _told(vouchers.find(c, code), by))

    async def history(request: web.Request) -> web.Response:
        code = request.match_info["code"]
        return await api.look(lambda c: _history(c, code))

    async def change(
        request: web.Request, act: Callable[[Connection, str, By], Voucher | Refused]
    ) -> web.Response:
        _, code = await read_body(request, Nothing), request.match_info["code"]
        return await api.once(request, lambda c, by: _told(act(c, code, by), by))

    async def block(request: web.Request) -> web.Response:
        return await change(request, vouchers.block)

    async def unblock(request: web.Request) -> web.Response:
        return await change(request, vouchers.unblock)

    return [
        web.post("/v1/vouchers", needs(Scope.OFFICE, make)),
        web.get("/v1/vouchers", needs(Scope.OFFICE, listed)),
        web.get(ONE, needs(Scope.SELL, show)),
        web.get(f"{ONE}/history", needs(Scope.OFFICE, history)),
        web.post(f"{ONE}/block", needs(Scope.OFFICE, block)),
        web.post(f"{ONE}/unblock", needs(Scope.OFFICE, unblock)),
    ]


def _made(connection: Connection, venue: Venue, body: NewGiftVoucher, by: By) -> Voucher | Refused:
    until = body.valid_until or by.at + vouchers.DEFAULT_LIFE
    if body.value:
        if refused := dues.foreign(body.value, venue.currency):
            return refused
        new = NewVoucher(body.value, by.at, until, body.note)
        return vouchers.create(connection, new, venue.currency, by)
    assert body.product is not None
    found = venue.offer(body.product)
    if found is None:
        return Refused("unknown_product", f"there is no product {body.product}")
    if found[1].kind is ProductKind.VOUCHER:
        return Refused("no_ticket", "a voucher is for tickets or passes")
    new = NewVoucher(Bundle(body.product, body.quantity), by.at, until, body.note)
    return vouchers.create(connection, new, venue.currency, by)


def _told(voucher: Voucher | Refused, by: By, status: int = 200) -> Answer | Refused:
    if isinstance(voucher, Refused):
        return voucher
    return Answer(status, answers_offers.voucher(voucher, by.at))


def _history(connection: Connection, code: str) -> Answer | Refused:
    found = vouchers.find(connection, code)
    if isinstance(found, Refused):
        return found
    return Answer(200, {"history": answers.told(vouchers.history(connection, found.id))})
