"""Snapshots: what a gate begins with, as a file that it can go on reading where it was cut off."""

from __future__ import annotations

from aiohttp import web

from central import keys
from central.http.access import Scope as Access
from central.http.access import client_of, needs
from central.http.api import Api
from central.http.bodies import MAX_TEXT, query_number
from central.http.web import json, problem
from central.sync import feed
from central.sync.snapshots import Snapshots
from runtime.convert import Invalid, unstructure
from runtime.image import Scope

MAX_N = 2**63 - 1
MAX_ATTRACTIONS = 64
MAX_DAYS = 3660
DAYS = Scope().days


def routes(api: Api) -> list[web.RouteDef]:
    snapshots = Snapshots(api.settings.state / "snapshots", api.database, api.settings.site)

    async def offer(request: web.Request) -> web.Response:
        """`taken`: how many facts the asking device has told, should it have forgotten."""
        device = client_of(request)
        scope, after = _scope(request), query_number(request, "after", 0, MAX_N)
        taken, told = await api.database.read(
            lambda c: (feed.last_taken(c, device), keys.told(c).values())
        )
        found = await snapshots.offer(scope, after, api.key, api.clock())
        return json(
            {
                "id": found.id,
                "epoch": found.epoch,
                "as_of": found.as_of,
                "made_at": found.made_at.isoformat(),
                "bytes": found.bytes,
                "taken": taken,
                "keys": [unstructure(key) for key in told if not key.device],
            }
        )

    async def content(request: web.Request) -> web.StreamResponse:
        path = snapshots.find(request.match_info["id"])
        if path is None:
            return problem(404, "unknown_snapshot", "no longer kept; ask for a new one")
        headers = {
            "Content-Type": "application/octet-stream",
            "Cache-Control": "private, immutable",
        }
        return web.FileResponse(path, headers=headers)

    return [
        web.get("/v1/snapshot", needs(Access.FEED, offer)),
        web.get("/v1/snapshot/{id}", needs(Access.FEED, content)),
    ]


def _scope(request: web.Request) -> Scope:
    """?attraction=…, any number of them, and ?days=…. Raises Invalid."""
    attractions = request.query.getall("attraction", [])
    if len(attractions) > MAX_ATTRACTIONS or any(not 0 < len(a) <= MAX_TEXT for a in attractions):
        raise Invalid([("attraction", f"at most {MAX_ATTRACTIONS} of {MAX_TEXT} characters")])
    days = query_number(request, "days", DAYS, MAX_DAYS)
    return Scope(tuple(sorted(set(attractions))), days)
