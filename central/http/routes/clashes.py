"""What people look into: facts that do not fit together, and what was set aside."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from central.http import answers_clashes as answers
from central.http.access import Scope, needs
from central.http.api import Api
from central.http.bodies import MAX_PAGE, Nothing, query_number, read_body
from central.http.bodies_clashes import Why
from central.http.idempotency import Answer
from central.http.web import json
from central.sale.states import Refused
from central.sync import ingest, quarantine
from central.watch import clash_list

SHOWN = 200
MAX_N = 2**63 - 1
MAX_ID = 2**31 - 1
CLASH = r"/v1/clashes/{n:\d{1,18}}"
ASIDE = r"/v1/quarantine/{id:\d{1,9}}"


def routes(api: Api) -> list[web.RouteDef]:
    async def found(request: web.Request) -> web.Response:
        before = query_number(request, "before", MAX_N, MAX_N)
        limit, zone = query_number(request, "limit", SHOWN, SHOWN), api.venue.zone
        page = await api.database.read(lambda c: clash_list.listed(c, before, limit, zone))
        return json({"clashes": [answers.clash(one, zone) for one in page]})

    async def settle(request: web.Request) -> web.Response:
        why, n = (await read_body(request, Why)).why, int(request.match_info["n"])
        zone = api.venue.zone

        def settled(done: clash_list.Found | Refused) -> Answer | Refused:
            return done if isinstance(done, Refused) else Answer(200, answers.clash(done, zone))

        return await api.once(
            request, lambda c, by: settled(clash_list.settle(c, n, why, by, zone))
        )

    async def aside(request: web.Request) -> web.Response:
        after = query_number(request, "after", 0, MAX_ID)
        limit = query_number(request, "limit", MAX_PAGE, MAX_PAGE)
        rows = await api.database.read(lambda c: quarantine.listed(c, after, limit))
        return json({"bad": [answers.set_aside(row) for row in rows]})

    async def replay(request: web.Request) -> web.Response:
        _, id_ = await read_body(request, Nothing), int(request.match_info["id"])
        known, zone = api.settings.devices, api.venue.zone
        return await api.once(
            request, lambda c, by: _row(ingest.replay(c, id_, known, by, zone=zone))
        )

    async def dismiss(request: web.Request) -> web.Response:
        why, id_ = (await read_body(request, Why)).why, int(request.match_info["id"])
        return await api.once(request, lambda c, by: _row(quarantine.dismiss(c, id_, why, by)))

    return [
        web.get("/v1/clashes", needs(Scope.FEED, found)),
        web.post(f"{CLASH}/settle", needs(Scope.OFFICE, settle)),
        web.get("/v1/quarantine", needs(Scope.FEED, aside)),
        web.post(f"{ASIDE}/replay", needs(Scope.OFFICE, replay)),
        web.post(f"{ASIDE}/dismiss", needs(Scope.OFFICE, dismiss)),
    ]


def _row(done: dict[str, Any] | Refused) -> Answer | Refused:
    return done if isinstance(done, Refused) else Answer(200, answers.set_aside(done))
