"""The coat check: how things stand in a cloakroom, and one coat ticket."""

from __future__ import annotations

from datetime import datetime, time

from aiohttp import web

from central.coats import closing, coats, rooms, tags
from central.coats.coats import MAX_SHOWN
from central.coats.values import Cloakroom, Tag
from central.pages.coat_rooms import COATS, COOKIE, MAX_ID, Rooms, room_of
from central.pages.forms import asked, posted
from central.pages.site import Site, to
from central.sale.states import Refused
from central.staff.roles import Right

PAGE = 50
UNSENT = 50
"""Messages that did not go out; of more it is only told that there are more."""
A_YEAR_S = 365 * 24 * 3600


def routes(site: Site) -> list[web.RouteDef]:
    here = Rooms(site)
    on = _Overview(here)
    return [
        web.get(COATS, site.staff(Right.COATS, on.now)),
        web.get(f"{COATS}/now", here.staff(Right.COATS, on.part)),
        web.post(f"{COATS}/choose", site.staff(Right.COATS, on.choose)),
        web.get(f"{COATS}/open", here.staff(Right.COATS, on.hanging)),
        web.post(f"{COATS}/open", here.staff(Right.COATS, on.on_tag)),
        web.get(f"{COATS}/tag", here.staff(Right.COATS, on.tag)),
    ]


class _Overview:
    def __init__(self, here: Rooms) -> None:
        self.here, self.api = here, here.api

    async def now(self, request: web.Request) -> web.Response:
        room = await self.here.chosen(request)
        if room is None or "choose" in request.query:
            known = await self.here.read(rooms.cloakrooms)
            return self.here.page(request, "coats-choose.html", None, cloakrooms=known)
        return await self._standing(request, "coats.html", room)

    async def part(self, request: web.Request) -> web.Response:
        """The part of the first page that changes by itself."""
        return await self._standing(request, "coats-now.html", room_of(request))

    async def _standing(self, request: web.Request, template: str, room: Cloakroom) -> web.Response:
        since = self._today()
        now, house = self.api.clock(), self.here.house
        racks, day, recent, unsent, overdue = await self.here.read(
            lambda c: (
                rooms.standing(c, room.id),
                rooms.day(c, room.id, since),
                coats.recent(c, room.id),
                coats.unsent(c, room.id, UNSENT + 1),
                closing.overdue(c, room, house, now),
            )
        )
        return self.here.page(
            request,
            template,
            room,
            racks=racks,
            day=day,
            recent=recent,
            unsent=unsent[:UNSENT],
            more_unsent=len(unsent) > UNSENT,
            closed=closing.closed_at(room, house, now),
            overdue=overdue,
        )

    def _today(self) -> datetime:
        zone = self.api.venue.zone
        today = self.api.clock().astimezone(zone).date()
        return datetime.combine(today, time(), zone).astimezone(self.api.clock().tzinfo)

    async def choose(self, request: web.Request) -> web.Response:
        form = await posted(request)
        room = form.number("cloakroom", 1, MAX_ID)
        form.check()
        answer = to(COATS)
        answer.set_cookie(
            COOKIE, str(room), max_age=A_YEAR_S, httponly=True, samesite="Strict", path="/office"
        )
        return answer

    async def hanging(self, request: web.Request) -> web.Response:
        """What hangs, or what was left behind."""
        told = asked(request)
        after, left = told.number("after", 0, MAX_ID), told.ticked("left")
        told.check()
        return await self._list(request, room_of(request), after, left=left)

    async def on_tag(self, request: web.Request) -> web.Response:
        """What hangs on a tag. Posted: a visitor's link may be scanned there by mistake."""
        room, form = room_of(request), await posted(request)
        tag = form.text("tag", MAX_SHOWN)
        form.check()
        found = await self.here.read(lambda c: tags.find(c, room.id, tag))
        if isinstance(found, Tag) and found.ticket:
            return to(f"{COATS}/tickets/{found.ticket}")
        why = found if isinstance(found, Refused) else _free(found)
        return await self._list(request, room, 0, left=False, refused=why)

    async def _list(
        self,
        request: web.Request,
        room: Cloakroom,
        after: int,
        *,
        left: bool,
        refused: Refused | None = None,
    ) -> web.Response:
        one_page = coats.left_ones if left else coats.open_ones
        now, house = self.api.clock(), self.here.house
        shown, overdue = await self.here.read(
            lambda c: (one_page(c, room.id, after, PAGE), closing.overdue(c, room, house, now))
        )
        more = shown[-1].id if len(shown) == PAGE else None
        return self.here.page(
            request,
            "coats-open.html",
            room,
            coats=shown,
            more=more,
            left=left,
            closed=closing.closed_at(room, house, now),
            overdue=overdue,
            refused=refused,
        )

    async def tag(self, request: web.Request) -> web.Response:
        """What was scanned, as the text that is written on the tag (for coats.js)."""
        room, told = room_of(request), asked(request)
        text = told.text("text", 100)
        told.check()
        found = await self.here.read(lambda c: tags.find(c, room.id, text))
        if isinstance(found, Refused):
            return web.json_response({"text": "", "note": found.detail})
        note = f"Tag {found.text}, rack {found.rack}" if found.free else _free(found).detail
        return web.json_response({"text": found.text, "note": note})


def _free(tag: Tag) -> Refused:
    """Why the tag cannot be taken, or that nothing hangs there."""
    if tag.ticket:
        return Refused("tag_taken", f"Something hangs on {tag.text} already.")
    told = "is free" if tag.free else f"is {tag.state.value}"
    return Refused("tag_free", f"Nothing hangs on {tag.text}: it {told}.")
