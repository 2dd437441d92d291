"""Accounts of staff, and what they did."""

from __future__ import annotations

import asyncio

from aiohttp import web

from central.pages.forms import asked, posted
from central.pages.site import Go, Site, member_of, to, went
from central.sale.states import Refused
from central.staff import audit, people
from central.staff.people import Member
from central.staff.roles import RIGHTS, Right, Role

STAFF = "/office/staff"
PAGE = 100
MAX_ID = 2**31 - 1


def routes(site: Site) -> list[web.RouteDef]:
    api = site.api

    async def show(request: web.Request, refused: Refused | None = None) -> web.Response:
        accounts = await api.database.read(people.accounts)
        status = 409 if refused else 200
        told = {"roles": list(Role), "rights": list(Right), "RIGHTS": RIGHTS}
        return site.page(request, "staff.html", status, accounts=accounts, refused=refused, **told)

    async def add(request: web.Request) -> web.Response:
        form = await posted(request)
        name, role = form.text("name", 40, least=1), form.choice("role", Role)
        password = form.password("password", people.MAX_PASSWORD)
        form.check()
        hashed = await asyncio.to_thread(people.hash_password, password)
        if isinstance(hashed, Refused):
            return await show(request, hashed)
        devices = api.settings.devices
        done = await site.act(
            request,
            form,
            "add-staff",
            name,
            lambda c, by: _told(
                people.add(c, Member(name, role), hashed, devices, by), "staff-added", role.value
            ),
        )
        return await show(request, done) if isinstance(done, Refused) else went(done)

    async def change(request: web.Request) -> web.Response:
        form, name = await posted(request), request.match_info["name"]
        role = form.choice("role", Role) if "role" in form else None
        disabled = form.ticked("disabled") if "disabled" in form else None
        password = form.password("password", people.MAX_PASSWORD)
        form.check()
        hashed = await asyncio.to_thread(people.hash_password, password) if password else None
        if isinstance(hashed, Refused):
            return await show(request, hashed)
        detail = ", ".join(
            told
            for told in (
                role and f"role {role.value}",
                hashed and "password",
                disabled is not None and ("disabled" if disabled else "enabled"),
            )
            if told
        )
        done = await site.act(
            request,
            form,
            "change-staff",
            name,
            lambda c, by: _told(
                people.change(c, name, role=role, hashed=hashed, disabled=disabled, by=by),
                "staff-changed",
                detail,
            ),
        )
        return await show(request, done) if isinstance(done, Refused) else went(done)

    async def trail(request: web.Request) -> web.Response:
        told = asked(request)
        wanted = {name: told.text(name, 100) for name in ("who", "action", "subject")}
        before = told.number("before", 0, MAX_ID) or None
        told.check()
        deeds = await api.database.read(
            lambda c: audit.page(c, **wanted, before=before, limit=PAGE)
        )
        more = deeds[-1].id if len(deeds) == PAGE else None
        return site.page(request, "audit.html", deeds=deeds, wanted=wanted, more=more)

    async def own(request: web.Request, refused: Refused | None = None) -> web.Response:
        status = 409 if refused else 200
        account = member_of(request)
        return site.page(request, "own-account.html", status, account=account, refused=refused)

    async def own_password(request: web.Request) -> web.Response:
        form, name = await posted(request), member_of(request).name
        old, new = (form.password(field, people.MAX_PASSWORD) for field in ("old", "new"))
        form.check()
        known = await api.database.read(lambda c: people.secret_of(c, name))
        if not await asyncio.to_thread(people.fits, known, old):
            return await own(request, Refused("wrong_password", "That is not your old password."))
        hashed = await asyncio.to_thread(people.hash_password, new)
        if isinstance(hashed, Refused):
            return await own(request, hashed)
        done = await site.act(
            request,
            form,
            "own-password",
            name,
            lambda c, by: _told(people.change(c, name, hashed=hashed, by=by), "staff-changed", ""),
        )
        if isinstance(done, Refused):
            return await own(request, done)
        return to("/office/sign-in?said=password-changed")

    return [
        web.get(STAFF, site.staff(Right.STAFF, show)),
        web.post(STAFF, site.staff(Right.STAFF, add)),
        web.post(STAFF + "/{name:[a-z0-9-]{1,40}}", site.staff(Right.STAFF, change)),
        web.get("/office/audit", site.staff(Right.AUDIT, trail)),
        web.get("/office/me", site.staff(None, own)),
        web.post("/office/me", site.staff(None, own_password)),
    ]


def _told(done: object, said: str, detail: str) -> Go | Refused:
    return done if isinstance(done, Refused) else Go(STAFF, said, detail)
