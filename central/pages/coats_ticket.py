"""One coat ticket: its code, its picture, and what is seldom done to it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from aiohttp import web
from sqlalchemy import Connection

from central.coats import check_in, closing, coats, paying, pictures, rooms, tags
from central.coats.values import Cloakroom, Coat, House, Pay, PayWhen
from central.delivery.outbox import Draft, Kind, put
from central.pages.coat_rooms import (
    COATS,
    MAX_ID,
    Rooms,
    number_in,
    paid_by,
    ticket_path,
    went_with,
)
from central.pages.desk import desk_of
from central.pages.forms import Form, posted
from central.pages.guard import HEADERS
from central.pages.site import Go, Handler, Site, member_of, went
from central.pages.uploads import uploaded
from central.papers import symbol
from central.sale.states import By, Refused
from central.staff.people import Member
from central.staff.roles import Right

ONE = f"{COATS}/tickets/{{id}}"
Deed = Callable[[Connection, House, int, By], "Coat | Refused"]
Change = Callable[[Form, Member], Deed]
"""Reads a form of one of the staff, and tells what it wants done to a coat ticket."""


def routes(site: Site) -> list[web.RouteDef]:
    on = _Ticket(Rooms(site))
    coats_, manage = Right.COATS, Right.COATS_MANAGE
    return [
        web.get(ONE, site.staff(coats_, on.show)),
        web.get(f"{ONE}/sms", site.staff(coats_, on.sms)),
        web.get(f"{ONE}/pictures/{{picture}}", site.staff(coats_, on.picture)),
        web.post(f"{ONE}/pictures", site.staff(coats_, on.add_picture)),
        web.post(f"{ONE}/pictures/{{picture}}/delete", site.staff(coats_, on.drop_picture)),
        web.post(f"{ONE}/print", site.staff(coats_, on.print_code)),
        web.post(f"{ONE}/send", site.staff(coats_, on.change("coat-send", _send, "coat-sent"))),
        web.post(f"{ONE}/more", site.staff(coats_, on.change("coat-more", _more, "coat-in"))),
        web.post(f"{ONE}/move", site.staff(coats_, on.change("coat-move", _move, "coat-moved"))),
        web.post(f"{ONE}/leave", site.staff(manage, on.change("coat-left", _leave, "coat-left"))),
        web.post(f"{ONE}/dispose", site.staff(manage, on.change("coat-gone", _gone, "coat-gone"))),
        web.post(f"{ONE}/free", site.staff(manage, on.change("coat-free", _let_off, "coat-free"))),
        web.post(
            f"{ONE}/refund",
            site.staff(Right.REFUND, on.change("coat-refund", _refund, "refunded")),
        ),
    ]


class _Ticket:
    def __init__(self, here: Rooms) -> None:
        self.here, self.api = here, here.api

    async def show(
        self, request: web.Request, refused: Refused | None = None
    ) -> web.StreamResponse:
        coat, room = await self._coat(request)
        notes = await self.here.read(lambda c: coats.history(c, coat.id))
        link, house = self.here.link(coat), self.here.house
        before = room.payment is PayWhen.CHECK_IN
        return self.here.page(
            request,
            "coats-ticket.html",
            room,
            coat=coat,
            notes=notes,
            desk=desk_of(request),
            more=coat.due + paying.price(house, room, 1) if before else None,
            qr=symbol.svg(link, "QR code of the coat ticket"),
            refused=refused,
        )

    async def sms(self, request: web.Request) -> web.Response:
        """Whether the message went out; this part changes by itself."""
        coat, room = await self._coat(request)
        return self.here.page(request, "coats-sms.html", room, coat=coat)

    async def picture(self, request: web.Request) -> web.Response:
        id_, picture = number_in(request, "id"), number_in(request, "picture")
        jpeg = await self.here.read(lambda c: pictures.jpeg(c, picture, id_))
        if jpeg is None:
            raise web.HTTPNotFound(reason="There is no such picture.")
        return web.Response(body=jpeg, content_type="image/jpeg", headers=HEADERS)

    async def add_picture(self, request: web.Request) -> web.StreamResponse:
        id_ = number_in(request, "id")
        try:
            form, raw = await uploaded(request, "picture", pictures.MAX_BYTES)
        except web.HTTPRequestEntityTooLarge:
            most = pictures.MAX_BYTES // 1_000_000
            told = f"That picture is too large: {most} MB at most. The coat ticket is as it was."
            return await self.show(request, Refused("too_large", told))
        jpeg = await pictures.prepare(raw)
        if isinstance(jpeg, Refused):
            return await self.show(request, jpeg)

        def add(connection: Connection, by: By) -> Go | Refused:
            done = pictures.add(connection, id_, jpeg, by)
            return done if isinstance(done, Refused) else Go(ticket_path(id_), "coat-picture")

        return await self._act(request, form, "coat-picture", add)

    async def drop_picture(self, request: web.Request) -> web.StreamResponse:
        id_, picture = number_in(request, "id"), number_in(request, "picture")

        def drop(connection: Connection, by: By) -> Go:
            pictures.remove(connection, picture, id_, by)
            return Go(ticket_path(id_), "coat-no-picture")

        return await self._act(request, await posted(request), "coat-no-picture", drop)

    async def print_code(self, request: web.Request) -> web.StreamResponse:
        """On the printer of the desk where this browser stands."""
        form, desk = await posted(request), desk_of(request)
        coat, _ = await self._coat(request)
        if not desk:
            told = "This browser has no desk: choose one, or print from the browser."
            return await self.show(request, Refused("no_desk", told))

        def deliver(connection: Connection, by: By) -> Go:
            language = coat.language or self.api.venue.languages[0]
            draft = Draft(Kind.PRINT, desk, "print.coat", language, coat=coat.id, attach="coat")
            put(connection, draft, by)
            return Go(ticket_path(coat), "coat-printed", desk)

        return await self._act(request, form, "coat-print", deliver)

    def change(self, action: str, change: Change, said: str) -> Handler:
        """A handler that does what its form says to a coat ticket."""

        async def handler(request: web.Request) -> web.StreamResponse:
            id_, form, house = number_in(request, "id"), await posted(request), self.here.house
            deed = change(form, member_of(request))
            return await self._act(
                request, form, action, lambda c, by: _noted(c, deed(c, house, id_, by), said)
            )

        return handler

    async def _act(
        self,
        request: web.Request,
        form: Form,
        action: str,
        deed: Callable[[Connection, By], Go | Refused],
    ) -> web.StreamResponse:
        subject = f"coat ticket {number_in(request, 'id')}"
        done = await self.here.site.act(request, form, action, subject, deed)
        return await self.show(request, done) if isinstance(done, Refused) else went(done)

    async def _coat(self, request: web.Request) -> tuple[Coat, Cloakroom]:
        id_ = number_in(request, "id")
        coat = await self.here.read(lambda c: coats.find(c, id_))
        if isinstance(coat, Refused):
            raise web.HTTPNotFound(reason=coat.detail)
        room = await self.here.read(lambda c: rooms.find(c, coat.cloakroom))
        assert isinstance(room, Cloakroom)
        return coat, room


def _noted(connection: Connection, done: Coat | Refused, said: str) -> Go | Refused:
    """The audit trail is told what the ticket's history was told last."""
    told = "" if isinstance(done, Refused) else coats.history(connection, done.id)[-1].what
    return went_with(done, said, told)


def _send(form: Form, _: Member) -> Deed:
    phone = form.text("phone", 60)
    return lambda c, house, id_, by: check_in.send_again(c, house, id_, phone, by)


def _more(form: Form, member: Member) -> Deed:
    tag, pay = form.text("tag", tags.MAX_CODE), paid_by(form)
    over = form.ticked("over") and member.may(Right.COATS_MANAGE)
    return lambda c, house, id_, by: check_in.hang_more(c, house, id_, tag, by, over=over, pay=pay)


def _move(form: Form, _: Member) -> Deed:
    piece, tag = form.number("piece", 1, MAX_ID), form.text("tag", tags.MAX_CODE)
    return lambda c, house, id_, by: check_in.rehang(c, house, id_, tag, by, piece=piece)


def _leave(form: Form, _: Member) -> Deed:
    place = form.text("place")
    return lambda c, house, id_, by: closing.leave_behind(c, house, id_, place, by)


def _gone(form: Form, _: Member) -> Deed:
    what = form.text("what")
    return lambda c, house, id_, by: closing.dispose(c, house, id_, what, by)


def _refund(form: Form, _: Member) -> Deed:
    amount, reason = form.amount("amount") or Decimal(0), form.text("reason")
    back = paid_by(form) or Pay("")
    return lambda c, _, id_, by: paying.refund(c, id_, back, by, amount=amount, reason=reason)


def _let_off(form: Form, _: Member) -> Deed:
    reason = form.text("reason")
    return lambda c, house, id_, by: paying.let_off(c, id_, reason, by)
