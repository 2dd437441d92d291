"""For the office: finding requests, telling more about them, customers, batches."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web
from sqlalchemy import Connection

from central.http import answers, answers_office
from central.http.access import Scope, needs
from central.http.api import Api
from central.http.bodies import MAX_PAGE, Cancellation, Nothing, query_number, read_body
from central.http.bodies_office import (
    MAX_FOUND,
    CustomerTold,
    MergeAsked,
    NewBatch,
    RequestTold,
    criteria,
    part,
)
from central.http.idempotency import Answer
from central.http.routes.requests import ONE, all_of, told
from central.http.web import json
from central.money import dues
from central.office import batches, customers, search
from central.office.batches import Batch
from central.office.customers import Customer
from central.sale import references
from central.sale.request_rows import find, find_by_id
from central.sale.states import Refused

CUSTOMER = "/v1/customers/{number:C-[0-9]{6,9}}"
BATCH = "/v1/batches/{id:[0-9]{1,9}}"
MAX_ID = 2**31 - 1
SHOWN = 50


def routes(api: Api) -> list[web.RouteDef]:
    return [*_of_requests(api), *_of_customers(api), *_of_batches(api)]


def _of_requests(api: Api) -> list[web.RouteDef]:
    async def look_for(request: web.Request) -> web.Response:
        wanted, now = criteria(request), api.clock()
        before = query_number(request, "after", 0, MAX_ID) or None
        limit = query_number(request, "limit", SHOWN, MAX_FOUND)
        page = await api.database.read(lambda c: search.page(c, wanted, before, limit))
        return json(answers_office.found(page, limit, now))

    async def refer(request: web.Request) -> web.Response:
        body, token = await read_body(request, RequestTold), request.match_info["token"]
        return await api.once(
            request, lambda c, by: told(references.change(c, token, body, by), by.at)
        )

    return [
        web.get("/v1/requests", needs(Scope.OFFICE, look_for)),
        web.post(f"{ONE}/references", needs(Scope.SELL, refer)),
    ]


def _of_customers(api: Api) -> list[web.RouteDef]:
    async def look_for(request: web.Request) -> web.Response:
        wanted = part(request)
        after = query_number(request, "after", 0, MAX_ID)
        limit = query_number(request, "limit", SHOWN, MAX_FOUND)
        page = await api.database.read(lambda c: customers.search(c, wanted, after, limit))
        return json(answers_office.customers(page))

    async def create(request: web.Request) -> web.Response:
        new = (await read_body(request, CustomerTold)).details
        return await api.once(
            request, lambda c, by: _numbered(customers.create(c, new, by), status=201)
        )

    async def show(request: web.Request) -> web.Response:
        number = request.match_info["number"]
        return await api.look(lambda c: _shown(customers.find(c, number)))

    async def change(request: web.Request) -> web.Response:
        new, number = (await read_body(request, CustomerTold)).details, request.match_info["number"]
        return await api.once(request, lambda c, _: _numbered(customers.change(c, number, new)))

    async def merge(request: web.Request) -> web.Response:
        body, number = await read_body(request, MergeAsked), request.match_info["number"]
        return await api.once(
            request, lambda c, by: _numbered(customers.merge(c, number, body.into, by))
        )

    async def erase(request: web.Request) -> web.Response:
        _, number = await read_body(request, Nothing), request.match_info["number"]
        return await api.once(request, lambda c, by: _numbered(customers.erase(c, number, by)))

    async def export(request: web.Request) -> web.Response:
        number, now = request.match_info["number"], api.clock()
        return await api.look(lambda c: told_of(c, number, now))

    return [
        web.get("/v1/customers", needs(Scope.OFFICE, look_for)),
        web.post("/v1/customers", needs(Scope.OFFICE, create)),
        web.get(CUSTOMER, needs(Scope.OFFICE, show)),
        web.post(f"{CUSTOMER}/change", needs(Scope.OFFICE, change)),
        web.post(f"{CUSTOMER}/merge", needs(Scope.OFFICE, merge)),
        web.post(f"{CUSTOMER}/erase", needs(Scope.OFFICE, erase)),
        web.get(f"{CUSTOMER}/export", needs(Scope.OFFICE, export)),
    ]


def _of_batches(api: Api) -> list[web.RouteDef]:
    async def make(request: web.Request) -> web.Response:
        order = (await read_body(request, NewBatch)).order
        return await api.once(
            request,
            lambda c, by: _batch(c, batches.make(c, api.venue, api.key, order, by), by.at, 201),
        )

    async def listed(request: web.Request) -> web.Response:
        after, now = query_number(request, "after", 0, MAX_ID), api.clock()
        limit = query_number(request, "limit", MAX_PAGE, MAX_PAGE)
        page = await api.database.read(
            lambda c: [_batch(c, one, now) for one in batches.page(c, after, limit)]
        )
        return json(answers_office.batches(one.body for one in page if isinstance(one, Answer)))

    async def show(request: web.Request) -> web.Response:
        id_, now = int(request.match_info["id"]), api.clock()
        return await api.look(lambda c: _batch(c, batches.one(c, id_), now))

    async def export(request: web.Request) -> web.Response:
        id_ = int(request.match_info["id"])
        text = await api.database.read(lambda c: _csv(c, id_))
        if isinstance(text, Refused):
            return await api.look(lambda _: text)
        return web.Response(text=text, content_type="text/csv", charset="utf-8")

    async def cancel(request: web.Request) -> web.Response:
        body, id_ = await read_body(request, Cancellation), int(request.match_info["id"])
        return await api.once(
            request, lambda c, by: _batch(c, batches.cancel(c, id_, body.reason, by), by.at)
        )

    return [
        web.post("/v1/batches", needs(Scope.OFFICE, make)),
        web.get("/v1/batches", needs(Scope.OFFICE, listed)),
        web.get(BATCH, needs(Scope.OFFICE, show)),
        web.get(f"{BATCH}.csv", needs(Scope.OFFICE, export)),
        web.post(f"{BATCH}/cancel", needs(Scope.OFFICE, cancel)),
    ]


def _numbered(done: Customer | Refused, status: int = 200) -> Answer | Refused:
    return done if isinstance(done, Refused) else Answer(status, answers_office.number_of(done))


def _shown(found: Customer | Refused) -> Answer | Refused:
    return found if isinstance(found, Refused) else Answer(200, answers_office.customer(found))


def told_of(connection: Connection, number: str, now: datetime) -> Answer | Refused:
    """All that is known of a customer."""
    found = customers.find(connection, number)
    if isinstance(found, Refused):
        return found
    ids = customers.requests_of(connection, [customers.id_of(number)])
    requests = [all_of(connection, one, now) for one in find_by_id(connection, ids)]
    merged = customers.merged_into(connection, number)
    return Answer(200, answers_office.export(found, merged, requests))


def _batch(
    connection: Connection, found: Batch | Refused, now: datetime, status: int = 200
) -> Answer | Refused:
    if isinstance(found, Refused):
        return found
    request = find(connection, found.token)
    if isinstance(request, Refused):
        return request
    refers = references.of_request(connection, request.id)
    terms, due = dues.terms(connection, request.id), dues.due(connection, request)
    paid = {"payment_option": terms.option.value, "due": answers.money(due)}
    return Answer(status, answers_office.batch(found, request, refers, now) | paid)


def _csv(connection: Connection, id_: int) -> str | Refused:
    found = batches.one(connection, id_)
    if isinstance(found, Refused):
        return found
    request = find(connection, found.token)
    if isinstance(request, Refused):
        return request
    return answers_office.batch_csv(batches.export(connection, request))
