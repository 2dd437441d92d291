"""The HTTP interface (docs/openapi.yaml). Handlers only translate; the rules are elsewhere."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from admission.codes import SigningKey
from central import answers, feed, ingest, requests, slots, tickets
from central.bodies import (
    MAX_PAGE,
    Cancellation,
    Confirmation,
    NewRequest,
    Nothing,
    idempotency_key,
    query_date,
    query_number,
    read_body,
)
from central.database import Database, DatabaseDown
from central.feed import Entry
from central.idempotency import Answer, Call, once
from central.request_rows import find, history, payments
from central.requests import Wish
from central.settings import CentralSettings, DeviceSettings
from central.states import By, IssuedTicket, Refused, TicketRequest
from central.venue import Venue
from runtime.convert import Invalid
from runtime.wire import MAX_PAYLOAD

log = logging.getLogger("wicket.central")

Result = TicketRequest | list[IssuedTicket] | Refused
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
DAYS_SHOWN = 14
MAX_N = 2**63 - 1
ONE = "/v1/requests/{token:[A-Za-z0-9_-]{1,64}}"
_DEVICE = web.RequestKey("device", str)


@dataclass(frozen=True)
class Api:
    """`clock` gives the time of each call."""

    settings: CentralSettings
    venue: Venue
    key: SigningKey
    database: Database
    clock: Callable[[], datetime]

    def app(self) -> web.Application:
        app = web.Application(
            client_max_size=MAX_PAYLOAD,
            middlewares=[_problems, _authorised(self.settings.devices)],
        )
        app.add_routes(
            [
                web.get("/health", self.health),
                web.get("/v1/catalogue", self.catalogue),
                web.get("/v1/attractions/{id}/dates", self.dates),
                web.get("/v1/attractions/{id}/slots", self.slots),
                web.post("/v1/requests", self.reserve),
                web.get(ONE, self.show),
                web.post(f"{ONE}/confirm", self.confirm),
                web.post(f"{ONE}/issue", self.issue),
                web.post(f"{ONE}/cancel", self.cancel),
                web.get("/v1/feed", self.feed),
                web.get("/v1/snapshot", self.snapshot),
                web.get("/v1/activity", self.activity),
                web.get("/v1/quarantine", self.quarantine),
            ]
        )
        return app

    async def health(self, request: web.Request) -> web.Response:
        return _json({"status": "ok", "head": await self.database.read(feed.head)})

    async def catalogue(self, request: web.Request) -> web.Response:
        return _json(answers.catalogue(self.settings.site, self.venue))

    async def dates(self, request: web.Request) -> web.Response:
        attraction, now = self._attraction(request), self.clock()
        today = now.astimezone(self.venue.zone).date()
        days = await self.database.read(
            lambda c: slots.on_next_days(c, attraction, today, DAYS_SHOWN, now)
        )
        return _json(answers.dates(days, now))

    async def slots(self, request: web.Request) -> web.Response:
        attraction, day, now = self._attraction(request), query_date(request), self.clock()
        listed = await self.database.read(lambda c: slots.on_day(c, attraction, day, now))
        return _json(answers.slots(listed, self.venue.zone, now))

    async def reserve(self, request: web.Request) -> web.Response:
        body = await read_body(request, NewRequest)
        hold = self.settings.reservation_min.of(body.channel)
        wish = Wish(body.lines, body.channel.value, body.language, hold)
        return await self._once(
            request, lambda c, by: requests.reserve(c, self.venue, wish, by), status=201
        )

    async def confirm(self, request: web.Request) -> web.Response:
        body, token = await read_body(request, Confirmation), request.match_info["token"]
        return await self._once(
            request, lambda c, by: requests.confirm(c, token, body.payment, body.holder, by)
        )

    async def issue(self, request: web.Request) -> web.Response:
        _, token = await read_body(request, Nothing), request.match_info["token"]
        return await self._once(request, lambda c, by: tickets.issue(c, token, self.key, by))

    async def cancel(self, request: web.Request) -> web.Response:
        body, token = await read_body(request, Cancellation), request.match_info["token"]
        return await self._once(request, lambda c, by: requests.cancel(c, token, body.reason, by))

    async def show(self, request: web.Request) -> web.Response:
        token, now = request.match_info["token"], self.clock()
        answer = await self.database.read(lambda c: _shown(c, token, now))
        return _json(answer.body, answer.status)

    async def feed(self, request: web.Request) -> web.Response:
        return _json(answers.feed(*await self._page(request, MAX_PAGE)))

    async def activity(self, request: web.Request) -> web.Response:
        return _json(answers.activity(*await self._page(request, 200)))

    async def snapshot(self, request: web.Request) -> web.Response:
        """`taken`: how many facts the asking device has told, should it have forgotten."""
        now, device = self.clock(), request[_DEVICE]
        (as_of, facts), taken = await self.database.read(
            lambda c: (feed.snapshot(c, now), feed.last_taken(c, device))
        )
        return _json({"as_of": as_of, "taken": taken, "facts": facts})

    async def quarantine(self, request: web.Request) -> web.Response:
        return _json(answers.quarantine(await self.database.read(ingest.set_aside)))

    def _attraction(self, request: web.Request) -> str:
        name = request.match_info["id"]
        if self.venue.attraction(name) is None:
            raise web.HTTPNotFound(reason=f"there is no attraction {name!r}")
        return name

    async def _page(self, request: web.Request, limit: int) -> tuple[int, list[Entry]]:
        """(head, entries) as ?after=…&limit=… asks."""
        after = query_number(request, "after", 0, MAX_N)
        limit = query_number(request, "limit", limit, MAX_PAGE)
        return await self.database.read(lambda c: (feed.head(c), feed.after(c, after, limit)))

    async def _once(
        self, request: web.Request, act: Callable[[Connection, By], Result], status: int = 200
    ) -> web.Response:
        """Do it, or tell what came of it when this was asked before."""
        by = By(request[_DEVICE], self.clock())
        call = Call(by.who, request.path, idempotency_key(request))
        answer = await self.database.write(
            lambda c: once(c, call, by.at, lambda c: _answer(act(c, by), by.at, status))
        )
        return _json(answer.body, answer.status)


def _shown(connection: Connection, token: str, now: datetime) -> Answer:
    request = find(connection, token)
    if isinstance(request, Refused):
        return answers.refusal(request)
    body = answers.full_request(
        request,
        tickets.of_request(connection, request),
        payments(connection, request.id),
        history(connection, request.id),
        now,
    )
    return Answer(200, body)


def _answer(result: Result, now: datetime, status: int) -> Answer:
    match result:
        case Refused():
            return answers.refusal(result)
        case TicketRequest():
            return Answer(status, answers.ticket_request(result, now))
        case _:
            return Answer(status, answers.tickets(result))


def _json(body: Mapping[str, Any], status: int = 200) -> web.Response:
    kind = "application/json" if status < 400 else "application/problem+json"
    return web.json_response(body, status=status, content_type=kind)


def _problem(status: int, code: str, detail: str) -> web.Response:
    return _json(answers.problem(status, code, detail), status)


@web.middleware
async def _problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong is answered as a problem; what is ours to mend is logged too."""
    try:
        return await handler(request)
    except Invalid as invalid:
        return _problem(400, "invalid", str(invalid).encode(errors="replace").decode())
    except web.HTTPException as error:
        answer = _problem(error.status, f"http_{error.status}", error.reason)
        answer.headers.update({k: v for k, v in error.headers.items() if k == "Allow"})
        return answer
    except DatabaseDown as down:
        log.error("%s", down)
        return _problem(503, "database_down", "try again soon")
    except Exception:
        log.exception("a fault of central in %s %s; please report it", request.method, request.path)
        return _problem(500, "fault", "a fault of central; its log says more")


def _authorised(devices: Mapping[str, DeviceSettings]) -> Any:
    """Lets in who tells a device's token, and notes which device it is."""
    tokens = {name: f"Bearer {device.token}".encode() for name, device in devices.items()}

    @web.middleware
    async def authorise(request: web.Request, handler: Handler) -> web.StreamResponse:
        told = request.headers.get("Authorization", "").encode(errors="surrogateescape")
        fits = [name for name, token in tokens.items() if hmac.compare_digest(told, token)]
        if fits:
            request[_DEVICE] = fits[0]
        elif request.path.startswith("/v1/"):
            answer = _problem(401, "unauthorised", "tell a device's token as Authorization: Bearer")
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        return await handler(request)

    return authorise
