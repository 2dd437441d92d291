"""What was sent to whom and what could not be; sending it again."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import Connection

from central.delivery import list as deliveries
from central.delivery import outbox, sending
from central.delivery.outbox import Kind, State
from central.delivery.seen import KINDS, Seen, address, seen
from central.pages.forms import asked, posted
from central.pages.site import Go, Site, went
from central.sale.states import By, Refused
from central.staff.roles import Right

DELIVERIES = "/office/deliveries"
ONE = DELIVERIES + "/{id:[0-9]{1,9}}"
PAGE = 50
STATES = {
    State.DEAD: "Not sent",
    State.WAITING: "Waiting",
    State.SENT: "Sent",
    State.DROPPED: "Let be",
}
_BACK = re.compile(r"/office(/[A-Za-z0-9_-]+)*")


@dataclass(frozen=True)
class _Shelf:
    """What the page shows."""

    rows: list[Seen]
    sums: list[deliveries.Sums]

    def dead(self, *kinds: Kind) -> int:
        here = (one for one in self.sums if one.state is State.DEAD)
        return sum(one.count for one in here if one.kind in kinds)


def routes(site: Site) -> list[web.RouteDef]:
    api = site.api

    async def show(request: web.Request, refused: Refused | None = None) -> web.Response:
        told = asked(request)
        state = told.choice("state", State) if told.text("state", 10) else None
        kind = told.choice("kind", Kind) if told.text("kind", 10) else None
        before = told.number("before", 1, outbox.MAX_ID) or None
        told.check()

        def look(connection: Connection) -> _Shelf:
            found = deliveries.page(
                connection, state=state, kind=kind, before=before, limit=PAGE + 1
            )
            url = api.settings.public.url
            return _Shelf(seen(connection, found, api.venue, url), deliveries.sums(connection))

        shelf = await api.database.read(look)
        return site.page(
            request,
            "deliveries.html",
            409 if refused else 200,
            rows=shelf.rows[:PAGE],
            more=shelf.rows[PAGE - 1].delivery.id if len(shelf.rows) > PAGE else None,
            dead=shelf.dead(*Kind),
            messages=shelf.dead(Kind.SMS, Kind.EMAIL),
            lacking=sending.lacking(api.settings, {one.kind for one in shelf.sums}),
            state=state,
            kind=kind,
            STATES=STATES,
            KINDS=KINDS,
            back=DELIVERIES,
            refused=refused,
        )

    async def again(request: web.Request) -> web.Response:
        form, id_ = await posted(request), int(request.match_info["id"])
        to, back = form.text("to"), _back(form.text("back"))
        country = api.settings.sms.country if api.settings.sms else ""

        def deed(connection: Connection, by: By) -> Go | Refused:
            new = deliveries.send_again(connection, id_, to, country, by)
            if isinstance(new, Refused):
                return new
            detail = f"delivery {new.id} to {address(new, full=False)}"
            return Go(back, "delivery-again", detail)

        done = await site.act(request, form, "send-again", f"delivery {id_}", deed)
        return await show(request, done) if isinstance(done, Refused) else went(done)

    async def drop(request: web.Request) -> web.Response:
        form, id_ = await posted(request), int(request.match_info["id"])
        back = _back(form.text("back"))

        def deed(connection: Connection, by: By) -> Go | Refused:
            old = outbox.drop(connection, id_)
            if isinstance(old, Refused):
                return old
            return Go(back, "delivery-dropped", f"to {address(old, full=False)}")

        done = await site.act(request, form, "let-delivery-be", f"delivery {id_}", deed)
        return await show(request, done) if isinstance(done, Refused) else went(done)

    async def all_again(request: web.Request) -> web.Response:
        form = await posted(request)

        def deed(connection: Connection, by: By) -> Go | Refused:
            sent = deliveries.all_again(connection, by)
            return Go(DELIVERIES, "delivery-again", f"{sent} deliveries")

        done = await site.act(request, form, "send-again", "all that was not sent", deed)
        return await show(request, done) if isinstance(done, Refused) else went(done)

    return [
        web.get(DELIVERIES, site.staff(Right.DELIVERIES, show)),
        web.post(DELIVERIES + "/again", site.staff(Right.DELIVERIES, all_again)),
        web.post(ONE + "/again", site.staff(Right.DELIVERIES, again)),
        web.post(ONE + "/drop", site.staff(Right.DELIVERIES, drop)),
    ]


def _back(path: str) -> str:
    """To a page of the office, whatever a form says."""
    return path if _BACK.fullmatch(path) else DELIVERIES
