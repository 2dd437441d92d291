"""The venue: its text as it counts now, and another one in its place."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from central.catalogue import imports
from central.http import answers_venue
from central.http.access import Scope, needs
from central.http.answers import Json
from central.http.api import Api
from central.http.bodies import query_number
from central.http.idempotency import Answer
from central.http.web import json
from central.sale.states import Refused
from runtime.convert import Invalid
from runtime.settings import BadSettings

MAX_NUMBER = 2**31 - 1
SOURCE = "venue.toml"


def routes(api: Api) -> list[web.RouteDef]:
    gates = api.settings.gates

    async def show(_: web.Request) -> web.Response:
        return json(answers_venue.venue(api.venues.revision))

    async def change(request: web.Request) -> web.Response:
        text = _text(await request.read())
        base = query_number(request, "revision", 0, MAX_NUMBER) or None
        if "check" in request.query:
            now = api.clock()
            return await api.look(
                lambda c: _read(
                    lambda: answers_venue.compared(
                        imports.compare(c, text, SOURCE, now, gates=gates)
                    )
                )
            )
        answer = await api.once(
            request,
            lambda c, by: _read(
                lambda: answers_venue.imported(
                    imports.apply(c, text, SOURCE, by, gates=gates, base=base)
                )
            ),
        )
        await api.catch_up()
        return answer

    return [
        web.get("/v1/venue", needs(Scope.OFFICE, show)),
        web.post("/v1/venue", needs(Scope.OFFICE, change)),
    ]


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Invalid([("", "write the text of venue.toml in UTF-8")]) from error


def _read(work: Callable[[], Json | Refused]) -> Answer | Refused:
    try:
        done = work()
    except BadSettings as bad:
        told = {"problems": bad.problems}
        return Refused("venue_invalid", "; ".join(bad.problems), told)
    return done if isinstance(done, Refused) else Answer(200, done)
