"""Checking in: whose it is, on which tag it hangs, and the code that is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aiohttp import web
from sqlalchemy import Connection

from central.coats import check_in, coats, entries, tags
from central.coats.values import Cloakroom, Deposit, Entry, PayWhen, Tag
from central.pages.coat_rooms import (
    COATS,
    Rooms,
    paid_by,
    photographed,
    room_of,
    went_with,
)
from central.pages.forms import Form, asked, posted
from central.pages.site import Go, Site, member_of, to, went
from central.sale.states import By, Refused
from central.staff.roles import Right

IN = f"{COATS}/in"
MAX_SHOWN = 400
TAGS = tuple(f"tag-{n}" for n in range(1, 7))
"""Fields of the form; more pieces are added afterwards."""
CHIPS = 4
"""Free tags that are offered."""
WHO = Refused("no_phone", "Type the phone number, or tick that there is none.")


def routes(site: Site) -> list[web.RouteDef]:
    here = Rooms(site)
    on = _CheckIn(here)
    return [
        web.get(IN, here.staff(Right.COATS, on.show)),
        web.post(IN, here.staff(Right.COATS, on.create)),
        web.get(f"{IN}/waiting", here.staff(Right.COATS, on.waiting)),
        web.post(f"{IN}/photo", here.staff(Right.COATS, on.photo)),
        web.post(f"{IN}/drop", here.staff(Right.COATS, on.drop)),
    ]


class _CheckIn:
    def __init__(self, here: Rooms) -> None:
        self.here, self.api = here, here.api

    async def show(self, request: web.Request) -> web.Response:
        room, form = room_of(request), asked(request)
        mark, now = form.text("entry", MAX_SHOWN), self.api.clock()
        form.check()
        found = None
        if mark:
            found = await self.here.read(lambda c: entries.marked(c, room.id, mark, now))
        return await self._page(request, room, form, found)

    async def waiting(self, request: web.Request) -> web.Response:
        """The list of pre-registrations, which changes by itself."""
        room = room_of(request)
        live = await self._live(room)
        return self.here.page(request, "coats-waiting.html", room, live=live)

    async def create(self, request: web.Request) -> web.Response:
        room, form = room_of(request), await posted(request)
        shown, phone = form.text("entry", MAX_SHOWN), form.text("phone", MAX_SHOWN)
        told = (form.text(name, MAX_SHOWN) for name in TAGS)
        texts, name = tuple(text for text in told if text), form.text("name", entries.MAX_NAME)
        over, pay = form.ticked("over"), paid_by(form)
        form.check()
        if scanned := next((one for one in (phone, *texts) if _is_visitors(one)), ""):
            # A scanner types the visitor's code into whichever field it finds.
            found = await self._entry(scanned, room)
            texts = tuple(text for text in texts if text != scanned)
            if isinstance(found, Entry) and not texts:
                return to(_path(found))
            shown, phone = scanned, phone if phone != scanned else ""
        entry = await self._entry(shown, room) if shown else None
        if isinstance(entry, Refused) and entry.code != "entry_used":
            return await self._page(request, room, form, entry)
        if not (shown or phone or form.ticked("without")):
            return await self._page(request, room, form, WHO)
        if pay and pay.shown is not None:
            pay = replace(pay, shown=pay.shown * len(texts))
        over = over and member_of(request).may(Right.COATS_MANAGE)
        language = "" if shown else self.api.venue.languages[0]
        deposit = Deposit(room.id, texts, phone, shown, name, language, pay, over)
        house = self.here.house
        done = await self.here.site.act(
            request,
            form,
            "coat-in",
            room.name,
            lambda c, by: went_with(check_in.check_in(c, house, deposit, by), "coat-in"),
        )
        if isinstance(done, Refused):
            held = entry if isinstance(entry, Entry) else None
            return await self._page(request, room, form, held, done)
        return went(done)

    async def photo(self, request: web.Request) -> web.Response:
        """The visitor's code, photographed."""
        room = room_of(request)
        text = await photographed(request)
        entry = text if isinstance(text, Refused) else await self._entry(text, room)
        if isinstance(entry, Entry):
            return to(_path(entry))
        return await self._page(request, room, Form({}), entry)

    async def drop(self, request: web.Request) -> web.Response:
        room, form = room_of(request), await posted(request)
        secret = form.text("entry", MAX_SHOWN)

        def deed(connection: Connection, by: By) -> Go:
            entries.drop(connection, secret, by)
            return Go(f"{IN}?room={room.id}", "coat-dropped")

        done = await self.here.site.act(request, form, "coat-entry-dropped", room.name, deed)
        return went(done) if isinstance(done, Go) else await self._page(request, room, form, done)

    async def _live(self, room: Cloakroom) -> list[Entry]:
        now = self.api.clock()
        return await self.here.read(lambda c: entries.live(c, room.id, now))

    async def _entry(self, shown: str, room: Cloakroom) -> Entry | Refused:
        """The pre-registration that was scanned, if it is of this cloakroom."""
        now = self.api.clock()
        entry = await self.here.read(lambda c: entries.find(c, shown, now))
        if isinstance(entry, Entry) and entry.cloakroom != room.id:
            return Refused("other_cloakroom", "That was made for another cloakroom.")
        return entry

    async def _page(
        self,
        request: web.Request,
        room: Cloakroom,
        form: Form,
        entry: Entry | Refused | None = None,
        refused: Refused | None = None,
    ) -> web.Response:
        if isinstance(entry, Refused):
            entry, refused = None, entry
        typed = {name: form.text(name, MAX_SHOWN) for name in form.names()}
        typed |= {name: "" for name, text in typed.items() if _is_visitors(text)}
        free, texts = await self.here.read(
            lambda c: (tags.free(c, room.id, CHIPS), _texts(c, room, typed))
        )
        return self.here.page(
            request,
            "coats-in.html",
            room,
            entry=entry,
            live=await self._live(room),
            free=free,
            typed=typed | texts,
            pay=paid_by(form),
            price=self.here.price(room) if room.payment is PayWhen.CHECK_IN else None,
            most_tags=len(TAGS),
            refused=refused,
        )


def _path(entry: Entry) -> str:
    return f"{IN}?entry={entry.mark}&room={entry.cloakroom}"


def _is_visitors(scanned: str) -> bool:
    """Of a visitor's phone; a bare secret may as well be a tag's barcode."""
    return "/c/" in scanned and bool(coats.secret_in(scanned))


def _texts(connection: Connection, room: Cloakroom, typed: Mapping[str, str]) -> dict[str, str]:
    """What is written on the tags that were scanned: a chip's number tells nobody anything."""
    told = {name: typed.get(name, "") for name in TAGS}
    found = {name: tags.find(connection, room.id, text) for name, text in told.items() if text}
    return {name: tag.text for name, tag in found.items() if isinstance(tag, Tag)}
