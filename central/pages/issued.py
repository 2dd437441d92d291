"""Issued tickets: a list, and one of them with all that happened to it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlalchemy import Connection

from admission.values import TicketState, Window
from central.capacity import slots
from central.capacity.slots import Listed
from central.catalogue.schedule import describe, to_utc
from central.delivery import list as sent
from central.office import dossier, issued, lookup, why
from central.office.issued import Wanted
from central.pages.forms import asked, posted
from central.pages.sell_forms import day_in
from central.pages.site import Go, Site, to, went
from central.sale.states import By, Refused
from central.staff.roles import Right

TICKETS = "/office/tickets"
ONE = TICKETS + "/{code:[A-Za-z0-9-]{1,20}}"
SHOWN = 50
MOST_ATTEMPTS = 200
MAX_ID = 2**63 - 1


def routes(site: Site) -> list[web.RouteDef]:
    api = site.api

    async def listed(request: web.Request) -> web.Response:
        form, venue, now = asked(request), api.venue, api.clock()
        code, slot = form.text("code", 400), form.text("slot", 64)
        attraction, state = form.text("attraction", 40), form.text("state", 12)
        day, nobodys = day_in(form, "day"), form.ticked("nobodys")
        place = form.number("request", 0, MAX_ID), form.number("ticket", 0, MAX_ID)
        form.check()
        if code:
            return await _by_code(request, code)
        wanted = Wanted(_span(day, venue.zone) if day else None, attraction, slot, state, nobodys)
        before = place if place[0] else None

        def work(c: Connection) -> tuple[list[issued.Row], list[Listed]]:
            rows = issued.page(c, wanted, before, SHOWN)
            days = (day, day) if day and attraction else None
            return rows, slots.on_days(c, attraction, days, now) if days else []

        rows, offered = await api.database.read(work)
        more = rows[SHOWN - 1].place if len(rows) > SHOWN else None
        kept = {k: v for k, v in request.query.items() if k not in ("request", "ticket", "said")}
        query = urlencode({**kept, "request": more[0], "ticket": more[1]}) if more else ""
        return site.page(
            request,
            "tickets.html",
            rows=rows[:SHOWN],
            wanted=wanted,
            day=day,
            slots=[(one.slot.id, describe(one.slot, venue.zone)) for one in offered],
            states=list(TicketState),
            older=f"{TICKETS}?{query}" if query else "",
        )

    async def _by_code(request: web.Request, code: str) -> web.Response:
        found = await api.database.read(lambda c: lookup.find(c, code))
        if isinstance(found, Refused):
            return to(f"/office/why?{urlencode({'code': code})}")
        return to(f"{TICKETS}/{found[1].human_code}")

    async def show(request: web.Request) -> web.Response:
        return await one(request)

    async def one(request: web.Request, refused: Refused | None = None) -> web.Response:
        code, now, zone = request.match_info["code"], api.clock(), api.venue.zone

        def work(c: Connection) -> dict[str, object] | Refused:
            found = lookup.find(c, code)
            if isinstance(found, Refused):
                return found
            bought, ticket = found
            known = why.know(c, ticket.code)
            return {
                "one": ticket,
                "bought": bought,
                "opens": issued.opens(known, now, zone),
                "trial": why.try_at(known, why.anywhere(api.venue), now, zone),
                "attempts": why.attempts(c, known, None, MOST_ATTEMPTS, zone),
                "paths": dossier.paths_of(c, bought.id),
                "prints": [
                    one
                    for one in sent.of_request(c, bought.id)
                    if ticket.ticket.id in one.draft.tickets or not one.draft.tickets
                ],
            }

        told = await api.database.read(work)
        if isinstance(told, Refused):
            return site.problem(request, 404, "No ticket has this code.")
        names = {a.id: a.name[api.venue.languages[0]] for a in api.venue.attractions}
        status = 409 if refused else 200
        return site.page(
            request, "issued-ticket.html", status, refused=refused, names=names, **told
        )

    async def block(request: web.Request) -> web.Response:
        form, code = await posted(request), request.match_info["code"]
        reason, undo = form.text("reason", least=1), form.ticked("undo")
        form.check()
        act = issued.unblock if undo else issued.block

        def deed(c: Connection, by: By) -> Go | Refused:
            done = act(c, code, reason, by)
            said = "ticket-unblocked" if undo else "ticket-blocked"
            return done if isinstance(done, Refused) else Go(f"{TICKETS}/{code}", said, reason)

        action = "unblock-ticket" if undo else "block-ticket"
        done = await site.act(request, form, action, code, deed)
        return await one(request, done) if isinstance(done, Refused) else went(done)

    return [
        web.get(TICKETS, site.staff(Right.REQUESTS, listed)),
        web.get(ONE, site.staff(Right.REQUESTS, show)),
        web.post(ONE + "/block", site.staff(Right.REFUND, block)),
    ]


def _span(day: date, zone: ZoneInfo) -> Window | None:
    """The local day; None of one at the end of all time."""
    try:
        ends = datetime.combine(day, time.min), datetime.combine(day + timedelta(days=1), time.min)
        return Window(*(to_utc(one, zone) for one in ends))
    except OverflowError:
        return None
