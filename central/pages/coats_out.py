"""Checking out: what the visitor shows, which tag to fetch, and that it was handed out."""

from __future__ import annotations

from aiohttp import web

from central.coats import check_out, coats
from central.coats.check_out import LostTicket
from central.coats.values import Cloakroom, Coat, Pay
from central.pages.coat_rooms import (
    COATS,
    Rooms,
    number_in,
    paid_by,
    photographed,
    room_of,
    went_with,
)
from central.pages.forms import Form, asked, posted
from central.pages.site import Go, Site, went
from central.sale.states import Refused
from central.staff.roles import Right

OUT = f"{COATS}/out"
ONE = f"{COATS}/tickets/{{id}}"
MAX_SHOWN = 400
BEGIN = "piece-"
NONE = Refused("no_pieces", "Tick what you hand out.")


def routes(site: Site) -> list[web.RouteDef]:
    here = Rooms(site)
    on = _CheckOut(here)
    return [
        web.get(OUT, here.staff(Right.COATS, on.show)),
        web.post(OUT, here.staff(Right.COATS, on.look_up)),
        web.post(f"{OUT}/photo", here.staff(Right.COATS, on.photo)),
        web.post(f"{ONE}/redeem", here.staff(Right.COATS, on.redeem)),
        web.post(f"{ONE}/hand-out", here.staff(Right.COATS_MANAGE, on.hand_out)),
    ]


class _CheckOut:
    def __init__(self, here: Rooms) -> None:
        self.here, self.api = here, here.api

    async def show(self, request: web.Request) -> web.Response:
        by_phone = asked(request).text("by", 10) == "phone"
        return self._page(request, room_of(request), by_phone=by_phone)

    async def look_up(self, request: web.Request) -> web.Response:
        room, form = room_of(request), await posted(request)
        shown, by_phone = form.text("shown", MAX_SHOWN), form.ticked("by_phone")
        form.check()
        return await self._found(request, room, shown, by_phone=by_phone)

    async def photo(self, request: web.Request) -> web.Response:
        """The visitor's code, photographed."""
        room = room_of(request)
        text = await photographed(request)
        if isinstance(text, Refused):
            return self._page(request, room, refused=text)
        return await self._found(request, room, text)

    async def redeem(self, request: web.Request) -> web.Response:
        id_, form = number_in(request, "id"), await posted(request)
        shown, pieces, pay = form.text("shown", MAX_SHOWN), _ticked(form), paid_by(form)
        form.check()
        if not pieces:
            return await self._again(request, id_, shown, pieces, NONE, pay=pay)
        house = self.here.house
        done = await self.here.site.act(
            request,
            form,
            "coat-out",
            f"coat ticket {id_}",
            lambda c, by: _handed(
                check_out.redeem(c, house, id_, shown, by, pieces=pieces, pay=pay), pieces
            ),
        )
        if isinstance(done, Refused):
            return await self._again(request, id_, shown, pieces, done, pay=pay)
        return went(done)

    async def hand_out(self, request: web.Request) -> web.Response:
        """Without a ticket: a supervisor answers for it."""
        id_, form = number_in(request, "id"), await posted(request)
        lost = LostTicket(form.text("reason"), form.text("taken_by"))
        pieces, pay = _ticked(form), paid_by(form)
        form.check()
        if not pieces:
            return await self._again(request, id_, "", pieces, NONE, lost=lost, pay=pay)
        house = self.here.house
        done = await self.here.site.act(
            request,
            form,
            "coat-lost-ticket",
            f"coat ticket {id_}",
            lambda c, by: _handed(
                check_out.hand_out(c, house, id_, lost, by, pieces=pieces, pay=pay), pieces
            ),
        )
        if isinstance(done, Refused):
            return await self._again(request, id_, "", pieces, done, lost=lost, pay=pay)
        return went(done)

    async def _found(
        self, request: web.Request, room: Cloakroom, shown: str, *, by_phone: bool = False
    ) -> web.Response:
        by, house = self.here.site.by(request), self.here.house
        found = await self.api.database.write(
            lambda c: check_out.look_up(c, house, room.id, shown, by)
        )
        if isinstance(found, Refused):
            return self._page(request, room, by_phone=by_phone, typed=shown, refused=found)
        return self._page(request, room, by_phone=by_phone, shown=shown, found=found)

    async def _again(
        self,
        request: web.Request,
        id_: int,
        shown: str,
        ticked: tuple[int, ...],
        refused: Refused,
        *,
        lost: LostTicket | None = None,
        pay: Pay | None,
    ) -> web.Response:
        """What was looked at stays, and why it was not handed out."""
        room = room_of(request)
        coat = await self.here.read(lambda c: coats.find(c, id_))
        found = [coat] if isinstance(coat, Coat) else []
        return self._page(
            request,
            room,
            shown=shown,
            ticked=ticked,
            found=found,
            refused=refused,
            lost=lost,
            pay=pay,
        )

    def _page(
        self,
        request: web.Request,
        room: Cloakroom,
        *,
        by_phone: bool = False,
        typed: str = "",
        shown: str = "",
        ticked: tuple[int, ...] = (),
        found: list[Coat] | None = None,
        refused: Refused | None = None,
        lost: LostTicket | None = None,
        pay: Pay | None = None,
    ) -> web.Response:
        return self.here.page(
            request,
            "coats-out.html",
            room,
            by_phone=by_phone,
            typed=typed,
            shown=shown,
            ticked=ticked,
            found=found,
            refused=refused,
            lost=lost,
            pay=pay,
        )


def _ticked(form: Form) -> tuple[int, ...]:
    """The pieces that are handed out now."""
    told = (name.removeprefix(BEGIN) for name in form.names(BEGIN) if form.ticked(name))
    return tuple(int(id_) for id_ in told if id_.isascii() and id_.isdigit() and len(id_) < 10)


def _handed(done: Coat | Refused, pieces: tuple[int, ...]) -> Go | Refused:
    """To the ticket, which tells which tags to hang back."""
    if isinstance(done, Refused):
        return done
    went_now = [piece for piece in done.pieces if piece.id in pieces]
    return went_with(done, "coat-out", ", ".join(piece.tag for piece in went_now))
