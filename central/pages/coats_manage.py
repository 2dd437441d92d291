"""What a supervisor sets up: cloakrooms, racks, tags, labels and the poster; and statistics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from aiohttp import web
from sqlalchemy import Connection

from central.coats import rooms, tags
from central.coats.rooms import Day
from central.coats.values import Cloakroom, PayWhen, Rack, Tag, TagState
from central.pages.coat_rooms import COATS, MAX_ID, Rooms, number_in
from central.pages.forms import Form, asked, posted
from central.pages.site import Go, Site, went
from central.papers import symbol
from central.sale.states import By, Refused
from central.staff.roles import Right
from central.texts import texts

MANAGE = f"{COATS}/manage"
ROOM = f"{MANAGE}/{{room}}"
PAGE = 100
LABELS = 60
"""On one page of labels."""
NEW_RACKS = 3
"""Empty rows of the form."""
DAYS = 14
NEW = Cloakroom("", (Rack("", 50),))


@dataclass(frozen=True)
class OfDay:
    """Pieces that came and went on a day."""

    day: date
    ins: int
    outs: int


def routes(site: Site) -> list[web.RouteDef]:
    on, right = _Manage(Rooms(site)), Right.COATS_MANAGE
    return [
        web.get(MANAGE, site.staff(right, on.all)),
        web.post(MANAGE, site.staff(right, on.save)),
        web.get(f"{MANAGE}/new", site.staff(right, on.new)),
        web.get(ROOM, site.staff(right, on.show)),
        web.post(f"{ROOM}/tags", site.staff(right, on.register)),
        web.post(f"{ROOM}/code", site.staff(right, on.give_code)),
        web.post(f"{ROOM}/tag-state", site.staff(right, on.set_state)),
        web.get(f"{ROOM}/labels", site.staff(right, on.labels)),
        web.get(f"{ROOM}/poster", site.staff(right, on.poster)),
        web.get(f"{ROOM}/days", site.staff(right, on.days)),
    ]


class _Manage:
    def __init__(self, here: Rooms) -> None:
        self.here, self.api = here, here.api

    async def all(self, request: web.Request) -> web.Response:
        known = await self.here.read(rooms.cloakrooms)
        room = await self.here.chosen(request)
        return self.here.page(request, "coats-manage.html", room, cloakrooms=known)

    async def new(self, request: web.Request) -> web.Response:
        return self._form(request, NEW)

    async def show(self, request: web.Request) -> web.Response:
        return await self._shown(request, await self._room(request))

    async def save(self, request: web.Request) -> web.Response:
        form = await posted(request)
        wanted, seen = _cloakroom(form), form.text("seen", 40)
        form.check()
        house = self.here.house

        def deed(connection: Connection, by: By) -> Go | Refused:
            done = rooms.save(connection, house, wanted, by, seen)
            return done if isinstance(done, Refused) else _saved(done)

        name = wanted.name or "a cloakroom"
        done = await self.here.site.act(request, form, "cloakroom", name, deed)
        if isinstance(done, Go):
            return went(done)
        if not wanted.id:
            return self._form(request, wanted, done)
        if done.code == rooms.CHANGED.code:
            wanted = await self._found(wanted.id)
            seen = wanted.mark
        return await self._shown(request, wanted, done, seen)

    async def register(self, request: web.Request) -> web.Response:
        room, form = await self._room(request), await posted(request)
        rack, told = form.number("rack", 0, MAX_ID), form.text("tags", 2000, lines=True)
        form.check()

        def tell(done: int | Refused) -> Go | Refused:
            return done if isinstance(done, Refused) else self._go(room, "coat-tags", told[:100])

        done = await self.here.site.act(
            request,
            form,
            "coat-tags",
            room.name,
            lambda c, by: tell(tags.register(c, room.id, rack, told, by)),
        )
        return went(done) if isinstance(done, Go) else await self._shown(request, room, done)

    async def give_code(self, request: web.Request) -> web.Response:
        """What a reader says of a tag: its NFC chip, or its barcode."""
        form = await posted(request)
        code = form.text("code", tags.MAX_CODE)
        return await self._change_tag(
            request,
            form,
            "coat-code",
            code or "none",
            lambda c, tag, by: tags.give_code(c, tag, code, by),
        )

    async def set_state(self, request: web.Request) -> web.Response:
        form = await posted(request)
        state = form.choice("state", TagState)
        return await self._change_tag(
            request,
            form,
            "coat-tag-state",
            state.value,
            lambda c, tag, by: tags.set_state(c, tag, state, by),
        )

    async def _change_tag(
        self,
        request: web.Request,
        form: Form,
        action: str,
        told: str,
        change: Callable[[Connection, int, By], Tag | Refused],
    ) -> web.Response:
        """Change the tag that the form names; `action` is what is said of it too."""
        room, text = await self._room(request), form.text("tag", tags.MAX_CODE)
        form.check()

        def deed(connection: Connection, by: By) -> Go | Refused:
            tag = tags.find(connection, room.id, text)
            if isinstance(tag, Refused):
                return tag
            done = change(connection, tag.id, by)
            return (
                done if isinstance(done, Refused) else self._go(room, action, f"{tag.text}: {told}")
            )

        done = await self.here.site.act(request, form, action, room.name, deed)
        return went(done) if isinstance(done, Go) else await self._shown(request, room, done)

    async def labels(self, request: web.Request) -> web.Response:
        """To print and stick onto the tags: what is written there, and a QR code that says it."""
        room, form = await self._room(request), asked(request)
        after = form.number("after", 0, tags.MAX_TAGS)
        form.check()
        found = await self.here.read(lambda c: tags.tags(c, room.id, after, LABELS))
        labels = await asyncio.to_thread(_labels, found)
        more = after + LABELS if len(found) == LABELS else None
        return self.here.page(request, "coats-labels.html", room, labels=labels, more=more)

    async def poster(self, request: web.Request) -> web.Response:
        """For the cloakroom's wall, in the venue's languages."""
        room, venue = await self._room(request), self.api.venue
        link = self.api.settings.public.url.rstrip("/") + f"/c/{room.id}/register"
        spoken = [texts(language, venue.timezone) for language in venue.languages]
        unique = list({one.language: one for one in spoken}.values())
        qr = symbol.svg(link, "QR code of the pre-registration")
        return self.here.page(
            request, "coats-poster.html", room, link=link, qr=qr, languages=unique
        )

    async def days(self, request: web.Request) -> web.Response:
        """What came and went on the last days."""
        room, zone = await self._room(request), self.api.venue.zone
        today = self.api.clock().astimezone(zone).date()
        dates = [today - timedelta(days=n) for n in range(-1, DAYS)]

        def since(connection: Connection) -> list[Day]:
            begins = (datetime.combine(one, time(), zone) for one in dates)
            return [rooms.day(connection, room.id, begin) for begin in begins]

        sums = await self.here.read(since)
        shown = [
            OfDay(day, here.ins - later.ins, here.outs - later.outs)
            for day, here, later in zip(dates[1:], sums[1:], sums, strict=False)
        ]
        return self.here.page(request, "coats-days.html", room, days=shown)

    async def _room(self, request: web.Request) -> Cloakroom:
        return await self._found(number_in(request, "room"))

    async def _found(self, id_: int) -> Cloakroom:
        room = await self.here.read(lambda c: rooms.find(c, id_))
        if isinstance(room, Refused):
            raise web.HTTPNotFound(reason=room.detail)
        return room

    def _form(
        self, request: web.Request, wanted: Cloakroom, refused: Refused | None = None
    ) -> web.Response:
        return self.here.page(
            request,
            "coats-new.html",
            None,
            room=wanted,
            seen="",
            new_racks=NEW_RACKS,
            when=list(PayWhen),
            refused=refused,
        )

    async def _shown(
        self,
        request: web.Request,
        room: Cloakroom,
        refused: Refused | None = None,
        seen: str | None = None,
    ) -> web.Response:
        """`seen` is the mark of what was changed into `room`, where that is not saved yet."""
        form = asked(request)
        after = form.number("after", 0, tags.MAX_TAGS)
        form.check()
        found = await self.here.read(lambda c: tags.tags(c, room.id, after, PAGE))
        return self.here.page(
            request,
            "coats-room.html",
            room,
            room=room,
            seen=room.mark if seen is None else seen,
            new_racks=NEW_RACKS,
            when=list(PayWhen),
            tags=found,
            states=list(TagState),
            more=after + PAGE if len(found) == PAGE else None,
            refused=refused,
        )

    def _go(self, room: Cloakroom, said: str, detail: str) -> Go:
        return Go(f"{MANAGE}/{room.id}", said, detail)


def _labels(found: Sequence[Tag]) -> list[tuple[Tag, str]]:
    """Each with its QR code, of which many take a while to draw."""
    return [
        (tag, symbol.svg(tag.code or tag.text, f"QR code of tag {tag.text}"))
        for tag in found
        if tag.state is TagState.IN_SERVICE
    ]


def _saved(room: Cloakroom) -> Go:
    racks = ", ".join(f"{rack.name} {rack.capacity}" for rack in room.racks)
    detail = f"{room.payment.value} {room.price:f}, closes {room.closes or 'never'}; {racks}"
    return Go(f"{MANAGE}/{room.id}", "coat-room", detail[:400])


def _cloakroom(form: Form) -> Cloakroom:
    """As the form tells it. A rack whose name was emptied goes."""
    racks = [
        Rack(
            form.text(f"rack-{n}", 40),
            form.number(f"carries-{n}", 0, rooms.MAX_CAPACITY),
            form.number(f"id-{n}", 0, MAX_ID),
        )
        for n in range(rooms.MAX_RACKS)
        if f"rack-{n}" in form
    ]
    price, tax = form.amount("price"), form.amount("tax_percent")
    return Cloakroom(
        form.text("name", 80),
        tuple(rack for rack in racks if rack.name),
        form.choice("payment", PayWhen),
        price or Cloakroom.price,
        tax or Cloakroom.tax_percent,
        form.text("closes", 5),
        form.number("kept_days", 0, rooms.MAX_KEPT_DAYS, Cloakroom.kept_days),
        form.number("room", 0, MAX_ID),
    )
