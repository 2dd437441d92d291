"""Signing in and out, and the first page after it."""

from __future__ import annotations

import asyncio

from aiohttp import web
from sqlalchemy import Connection

from central.http.address import is_secure
from central.http.rate import Limiter, network_of
from central.pages.forms import asked, posted
from central.pages.guard import COOKIE, own_page
from central.pages.site import Site, to
from central.sale.states import By
from central.settings import Rate
from central.staff import audit, people

TRIES = Rate(10 / 60, 10)
"""Of one network address."""
TRIES_OF_NAME = Rate(20 / 60, 20)
"""For one name, from wherever: more than one address may, which so shuts nobody out."""
UNKNOWN = "no account that may sign in"
"""In the audit trail in place of what was typed: it may have been the password."""


def routes(site: Site) -> list[web.RouteDef]:
    api, wrong, of_name = site.api, Limiter(TRIES), Limiter(TRIES_OF_NAME)

    async def show(request: web.Request) -> web.Response:
        return site.page(request, "sign-in.html", next=_inside(asked(request).text("next")))

    async def sign_in(request: web.Request) -> web.Response:
        if not own_page(request.headers, request.host):
            return site.problem(request, 403, "Only a page of this ticket office may do that.")
        form = await posted(request)
        name, password = form.text("name", 40), form.password("password", people.MAX_PASSWORD)
        next_, by = _inside(form.text("next")), site.by(request)
        form.check()
        address = network_of(by.address)
        now = asyncio.get_running_loop().time()
        if wait := wrong.wait(address, now) or of_name.wait(name, now):
            told = f"Too many tries. Wait {wait:.0f} seconds."
            return site.page(request, "sign-in.html", 429, next=next_, refused=told)
        hashed = await api.database.read(lambda c: people.secret_of(c, name))
        fits = await asyncio.to_thread(people.fits, hashed, password)
        key: str | None = None
        if fits:
            me = By(name, by.at, by.address)
            key = await api.database.write(lambda c: _begin(c, hashed, me))
        if not key:
            known = UNKNOWN if hashed == people.NOBODYS else name
            await api.database.write(lambda c: audit.write(c, "wrong-password", known, "", by))
            told = "That is not the name and password of an account."
            return site.page(request, "sign-in.html", 403, next=next_, refused=told)
        answer = to(next_)
        secure = is_secure(request, proxy=api.settings.public.proxy)
        answer.set_cookie(
            COOKIE, key, httponly=True, samesite="Strict", path="/office", secure=secure
        )
        return answer

    async def sign_out(request: web.Request) -> web.Response:
        key, by = request.cookies.get(COOKIE, ""), site.by(request)
        await api.database.write(lambda c: _end(c, key, by))
        answer = to("/office/sign-in?said=goodbye")
        answer.del_cookie(COOKIE, path="/office")
        return answer

    async def front(_: web.Request) -> web.Response:
        """Whoever types the name of this computer is staff."""
        return to("/office")

    async def home(request: web.Request) -> web.Response:
        return site.page(request, "home.html")

    async def nowhere(request: web.Request) -> web.Response:
        return site.problem(request, 404, "There is no such page.")

    return [
        web.get("/", site.public(front)),
        web.get("/office/sign-in", site.public(show)),
        web.post("/office/sign-in", site.public(sign_in)),
        web.post("/office/sign-out", site.staff(None, sign_out)),
        web.get("/office", site.staff(None, home)),
        web.get("/office/", site.staff(None, home)),
        web.get("/office/{nowhere:.*}", site.staff(None, nowhere)),
    ]


def _begin(connection: Connection, hashed: str, by: By) -> str | None:
    key = people.begin_session(connection, by.who, hashed, by)
    if key:
        audit.write(connection, "sign-in", by.who, "", by)
    return key


def _end(connection: Connection, key: str, by: By) -> None:
    people.end_session(connection, key)
    audit.write(connection, "sign-out", by.who, "", by)


def _inside(path: str) -> str:
    """Only a page of the office may come next."""
    inside = path.startswith("/office") and "//" not in path and "\\" not in path
    return path if inside else "/office"
