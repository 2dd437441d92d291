"""A browser at a counter: which desk it works with, and what is read there."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from functools import partial

from aiohttp import web

from central.desks import scans, standing
from central.http.address import is_secure
from central.http.bodies_desk import MAX_CODE
from central.http.streams import look_again
from central.pages.desk import COOKIE, DESKS, desk_of
from central.pages.forms import asked, posted
from central.pages.guard import HEADERS
from central.pages.site import Site, to
from central.store.database import DatabaseDown

DESK = "/office/desk"
LONGEST_S = 300.0
"""A stream ends then, so that who has been signed out hears nothing more; browsers come again."""
KEEP_ALIVE_LOOKS = 60
MAX_ID = 2**31 - 1
YEAR_S = 365 * 24 * 3600


def routes(site: Site) -> list[web.RouteDef]:
    api = site.api

    async def show(request: web.Request) -> web.Response:
        now, known = api.clock(), request.app[DESKS]
        form = asked(request)
        trial = form.text("trial", MAX_CODE)
        form.check()
        desks = await api.database.read(lambda c: standing.listed(c, known, now))
        return site.page(request, "desk.html", desks=desks, trial=trial)

    async def choose(request: web.Request) -> web.Response:
        form = await posted(request)
        chosen = form.text("desk", 40)
        form.check()
        if not chosen:
            answer = to(f"{DESK}?said=desk-left")
            answer.del_cookie(COOKIE, path="/office")
            return answer
        if chosen not in request.app[DESKS]:
            return site.problem(request, 404, "There is no such desk.")
        answer = to(f"{DESK}?said=desk-chosen")
        secure = is_secure(request, proxy=api.settings.public.proxy)
        answer.set_cookie(
            COOKIE,
            chosen,
            max_age=YEAR_S,
            path="/office",
            httponly=True,
            samesite="Strict",
            secure=secure,
        )
        return answer

    async def read(request: web.Request) -> web.StreamResponse:
        desk, form = desk_of(request), asked(request)
        after = _came_last(request) or form.number("after", 0, MAX_ID, MAX_ID)
        form.check()
        if not desk:
            return site.problem(request, 409, "Choose a desk first.")
        after = min(after, await api.database.read(lambda c: scans.newest(c, desk)))
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", **HEADERS})
        await answer.prepare(request)
        with suppress(ConnectionError, DatabaseDown):
            await tell(request, answer, desk, after)
        return answer

    async def tell(request: web.Request, answer: web.StreamResponse, desk: str, after: int) -> None:
        """Every scan of the desk, until the stream is old or nobody listens."""
        await answer.write(f"event: begin\ndata: {after}\n\n".encode())
        time = asyncio.get_running_loop().time
        until, looks = time() + LONGEST_S, 0
        while time() < until and await look_again(request):
            news = partial(scans.after, desk=desk, id_=after, now=api.clock())
            for one in await api.database.read(news):
                after = one.id
                data = json.dumps({"id": one.id, "code": one.code})
                await answer.write(f"id: {one.id}\nevent: scan\ndata: {data}\n\n".encode())
            looks += 1
            if looks % KEEP_ALIVE_LOOKS == 0:
                await answer.write(b":\n\n")

    return [
        web.get(DESK, site.staff(None, show)),
        web.post(DESK, site.staff(None, choose)),
        web.get(f"{DESK}/scans", site.staff(None, read, by_itself=True)),
    ]


def _came_last(request: web.Request) -> int:
    """The last scan that a browser had when its stream broke, which it tells when it comes again by
    itself (HTML, "Server-sent events"); 0 for none."""
    told = request.headers.get("Last-Event-ID", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 10 else 0
