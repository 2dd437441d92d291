"""Checking out: what the visitor shows, which tag to fetch, and that it was handed out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from aiohttp import web
from sqlalchemy import Connection

from central.coats import check_out, coats
from central.coats.check_out import LostTicket
from central.coats.values import Coat, Pay
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
from central.sale.states import By, Refused
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


@dataclass(frozen=True)
class _Shown:
    """What stands on the page: the field with what was `typed` into it, or (by what was `shown`)
    what was `found`, and what was ticked and written for it before it was refused."""

    by_phone: bool = False
    typed: str = ""
    shown: str = ""
    found: Sequence[Coat] = ()
    ticked: tuple[int, ...] = ()
    lost: LostTicket | None = None
    pay: Pay | None = None
    refused: Refused | None = None


class _CheckOut:
    def __init__(self, here: Rooms) -> None:
        self.here, self.api = here, here.api

    async def show(self, request: web.Request) -> web.Response:
        by_phone = asked(request).text("by", 10) == "phone"
        return self._page(request, _Shown(by_phone))

    async def look_up(self, request: web.Request) -> web.Response:
        form = await posted(request)
        shown, by_phone = form.text("shown", MAX_SHOWN), form.ticked("by_phone")
        form.check()
        return await self._found(request, shown, by_phone=by_phone)

    async def photo(self, request: web.Request) -> web.Response:
        """The visitor's code, photographed."""
        text = await photographed(request)
        if isinstance(text, Refused):
            return self._page(request, _Shown(refused=text))
        return await self._found(request, text)

    async def redeem(self, request: web.Request) -> web.Response:
        id_, form, house = number_in(request, "id"), await posted(request), self.here.house
        told = _Shown(shown=form.text("shown", MAX_SHOWN), ticked=_ticked(form), pay=paid_by(form))

        def deed(connection: Connection, by: By) -> Coat | Refused:
            shown, pieces, pay = told.shown, told.ticked, told.pay
            return check_out.redeem(connection, house, id_, shown, by, pieces=pieces, pay=pay)

        return await self._hand(request, form, "coat-out", told, deed)

    async def hand_out(self, request: web.Request) -> web.Response:
        """Without a ticket: a supervisor answers for it."""
        id_, form, house = number_in(request, "id"), await posted(request), self.here.house
        lost = LostTicket(form.text("reason"), form.text("taken_by"))
        told = _Shown(ticked=_ticked(form), lost=lost, pay=paid_by(form))

        def deed(connection: Connection, by: By) -> Coat | Refused:
            pieces, pay = told.ticked, told.pay
            return check_out.hand_out(connection, house, id_, lost, by, pieces=pieces, pay=pay)

        return await self._hand(request, form, "coat-lost-ticket", told, deed)

    async def _hand(
        self,
        request: web.Request,
        form: Form,
        action: str,
        told: _Shown,
        deed: Callable[[Connection, By], Coat | Refused],
    ) -> web.Response:
        """What was looked at stays, with why it was not handed out."""
        form.check()
        id_ = number_in(request, "id")
        done: Go | Refused = NONE
        if told.ticked:
            done = await self.here.site.act(
                request,
                form,
                action,
                f"coat ticket {id_}",
                lambda c, by: _handed(deed(c, by), told.ticked),
            )
        if isinstance(done, Go):
            return went(done)
        coat = await self.here.read(lambda c: coats.find(c, id_))
        found = [coat] if isinstance(coat, Coat) else []
        return self._page(request, replace(told, found=found, refused=done))

    async def _found(
        self, request: web.Request, shown: str, *, by_phone: bool = False
    ) -> web.Response:
        room, by, house = room_of(request), self.here.site.by(request), self.here.house
        found = await self.api.database.write(
            lambda c: check_out.look_up(c, house, room.id, shown, by)
        )
        if isinstance(found, Refused):
            return self._page(request, _Shown(by_phone, typed=shown, refused=found))
        return self._page(request, _Shown(by_phone, shown=shown, found=found))

    def _page(self, request: web.Request, shown: _Shown) -> web.Response:
        return self.here.page(request, "coats-out.html", room_of(request), **vars(shown))


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
