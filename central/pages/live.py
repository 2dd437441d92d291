"""Lanes and kiosks as they are now, and what staff may have them do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from hashlib import sha256

from aiohttp import web
from sqlalchemy import Connection

from admission.codes import human_code
from admission.presence import MOST_AT_ONCE
from admission.values import Direction, LaneMode
from central.office import by_hand
from central.pages.forms import Form, asked, posted
from central.pages.site import Go, Site, went
from central.sale.states import By, Refused
from central.staff.roles import Right
from central.watch import commands, live
from runtime.commands import (
    MAX_CODE,
    MAX_NAME,
    MAX_REASON,
    AdmitCode,
    CloseSales,
    Deed,
    OpenLane,
    OpenSales,
    SetMode,
)
from runtime.convert import Invalid

LIVE = "/office/live"
MAX_DEVICE = 40
EVERYBODY = {
    LaneMode.FREE: "Everybody walks through without a ticket, and no ticket is used up.",
    LaneMode.CLOSED: "Nobody is let through, whatever ticket they have.",
}
"""Modes that are asked about once more: what they mean."""


class Mode(Enum):
    """As the form says it."""

    CONTROLLED = "controlled"
    FREE = "free"
    CLOSED = "closed"
    SCHEDULE = "schedule"

    @property
    def meant(self) -> LaneMode | None:
        return None if self is Mode.SCHEDULE else LaneMode(self.value)


class Sale(Enum):
    CLOSE = "close"
    OPEN = "open"


@dataclass(frozen=True)
class Place:
    """One way of a lane of a gate."""

    device: str
    lane: str
    way: Direction


def routes(site: Site) -> list[web.RouteDef]:
    page = LivePage(site)
    return [
        web.get(LIVE, site.staff(Right.LIVE, page.show)),
        web.post(f"{LIVE}/open", site.staff(Right.OPEN, page.open_once)),
        web.post(f"{LIVE}/mode", site.staff(Right.MODE, page.set_mode)),
        web.post(f"{LIVE}/kiosk", site.staff(Right.MODE, page.set_sale)),
        web.post(f"{LIVE}/admit", site.staff(Right.OPEN, page.admit)),
    ]


class LivePage:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._api = site.api

    async def show(
        self, request: web.Request, refused: Refused | None = None, code: str = ""
    ) -> web.Response:
        """What became of an order is told as soon as it is known. A script that asks again with
        the ETag hears 304 while nothing has changed."""
        api, query = self._api, asked(request)
        id_, admitted = query.text("order", 32), query.number("admitted", 0, MOST_AT_ONCE)
        query.check()
        order = await commands.outcome(api.database, api.clock, id_) if id_ else None
        known, zone, now = api.settings.devices, api.venue.zone, api.clock()
        seen = await api.database.read(partial(live.look, known=known, zone=zone, now=now))
        tag = f'"{sha256(repr(seen).encode()).hexdigest()[:32]}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304)
        page = self._site.page(
            request,
            "live.html",
            409 if refused else 200,
            live=seen,
            told=live.told(order, now) if order else None,
            admitted=admitted,
            refused=refused,
            code=code,
            modes=list(Mode),
        )
        page.headers["ETag"] = tag
        return page

    async def open_once(self, request: web.Request) -> web.Response:
        form = await posted(request)
        place = _place(form)
        deed = _sane(partial(OpenLane, place.lane, place.way))
        return await self._give(request, form, "open-once", place.device, deed)

    async def set_mode(self, request: web.Request) -> web.Response:
        form = await posted(request)
        place, wanted, why = _place(form), form.choice("mode", Mode), form.text("why", MAX_REASON)
        form.check()
        meaning = EVERYBODY.get(wanted.meant) if wanted.meant else None
        if meaning and not form.ticked("sure"):
            return self._site.page(
                request, "live-sure.html", place=place, mode=wanted, meaning=meaning, why=why
            )
        deed = _sane(partial(SetMode, place.lane, place.way, wanted.meant))
        return await self._give(request, form, "lane-mode", place.device, deed)

    async def set_sale(self, request: web.Request) -> web.Response:
        form = await posted(request)
        device, wanted = form.text("device", MAX_DEVICE, least=1), form.choice("sale", Sale)
        why = form.text("why", MAX_REASON)
        form.check()
        closing = partial(CloseSales, why or "closed by staff")
        deed = _sane(closing if wanted is Sale.CLOSE else OpenSales)
        return await self._give(request, form, f"{wanted.value}-kiosk", device, deed)

    async def admit(self, request: web.Request) -> web.Response:
        """At a lane, as if its reader had read the code; or by hand."""
        form = await posted(request)
        code, where = form.text("code", MAX_CODE, least=1), form.text("where", MAX_REASON, least=1)
        form.check()
        kind, _, rest = where.partition(" ")
        if kind != "lane":
            return await self._admit_by_hand(request, form, code, rest)
        way, _, rest = rest.partition(" ")
        device, _, lane = rest.partition(" ")
        place = _place(Form({"device": device, "lane": lane, "way": way}))
        deed = _sane(partial(AdmitCode, place.lane, place.way, code))
        return await self._give(request, form, "admit", place.device, deed)

    async def _admit_by_hand(
        self, request: web.Request, form: Form, code: str, attraction: str
    ) -> web.Response:
        def work(connection: Connection, by: By) -> Go | Refused:
            done = by_hand.admit(connection, self._api.venue, code, attraction, by)
            if isinstance(done, Refused):
                return done
            detail = f"ticket {human_code(done.ticket)}: {done.said}; fact {done.n}"
            return Go(f"{LIVE}?admitted={done.persons}", detail=detail)

        done = await self._site.act(request, form, "admit-by-hand", attraction, work)
        return await self.show(request, done, code) if isinstance(done, Refused) else went(done)

    async def _give(
        self, request: web.Request, form: Form, action: str, device: str, deed: Deed
    ) -> web.Response:
        """Write it down for the worker on duty, and go where one sees what became of it."""
        api, why = self._api, form.text("why", MAX_REASON)

        def work(connection: Connection, by: By) -> Go | Refused:
            zone, known = api.venue.zone, api.settings.devices
            done = commands.order(connection, device, deed, by, known=known, zone=zone)
            if isinstance(done, Refused):
                return done
            detail = commands.deed_in_words(deed) + (f"; reason: {why}" if why else "")
            return Go(f"{LIVE}?order={done.command.id}", detail=detail)

        lane = getattr(deed, "lane", "")
        subject = f"{device}, {lane}" if lane else device
        done = await self._site.act(request, form, action, subject, work)
        if isinstance(done, Refused):
            return await self.show(request, done, getattr(deed, "code", ""))
        api.ordered.set()
        return went(done)


def _sane(make: Callable[[], Deed]) -> Deed:
    """Raises Invalid for what no device would obey."""
    try:
        return make()
    except ValueError as error:
        raise Invalid([("", str(error))]) from error


def _place(form: Form) -> Place:
    device, lane = form.text("device", MAX_DEVICE, least=1), form.text("lane", MAX_NAME, least=1)
    way = form.choice("way", Direction)
    form.check()
    return Place(device, lane, way)
