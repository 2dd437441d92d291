"""The coat check on the visitor's own phone: pre-registration, and then the coat ticket."""

from __future__ import annotations

import asyncio
import math
from datetime import datetime
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from central.coats import coats, entries, rooms
from central.coats.values import Cloakroom, Coat, CoatState, Entry
from central.http.idempotency import Answer, Call, once
from central.http.rate import Limiter, network_of
from central.pages.coat_rooms import Rooms, number_in
from central.pages.forms import posted
from central.pages.guard import own_page
from central.pages.site import Site, to
from central.papers import symbol
from central.sale.states import Refused
from central.settings import Rate
from central.texts import LANGUAGES, Texts, texts
from runtime.convert import Invalid

WRONG_LINKS = Rate(20 / 60, 20)
"""Of one network address: whoever guesses links waits."""
MAX_PHONE, MAX_ONCE = 60, 90


def routes(site: Site) -> list[web.RouteDef]:
    on = _Visitors(Rooms(site))
    return [
        web.get("/c/{room:[0-9]{1,9}}/register", site.public(on.form)),
        web.post("/c/{room:[0-9]{1,9}}/register", site.public(on.register)),
        web.get("/c/{secret}", site.public(on.show)),
        web.get("/c/{secret}/state", site.public(on.state)),
        web.get("/c/{nowhere:.*}", site.public(on.nowhere)),
    ]


class _Visitors:
    def __init__(self, here: Rooms) -> None:
        self.here, self.api = here, here.api
        self.wrong = Limiter(WRONG_LINKS)

    async def form(
        self, request: web.Request, told: str = "", phone: str = "", status: int = 200
    ) -> web.Response:
        room = await self._room(request)
        if room is None:
            return self._wrong(request)
        said = self.here.site.texts_for(request)
        return self._page(
            request,
            "coat-register.html",
            said,
            status,
            room=room,
            refused=told,
            phone=phone,
            price=self.here.price(room),
        )

    async def register(self, request: web.Request) -> web.Response:
        said = self.here.site.texts_for(request)
        if not own_page(request.headers, request.host):
            return self._told(request, said, "coat.wrong.closed", 403)
        room = await self._room(request)
        if room is None:
            return self._wrong(request)
        try:
            form = await posted(request)
            phone, key = form.text("phone", MAX_PHONE), form.text("once", MAX_ONCE, least=1)
            form.check()
        except Invalid:
            return await self.form(request, said.say("coat.wrong.form"), status=400)
        by, house = self.here.site.by(request), self.here.house
        network = network_of(by.address)

        def work(connection: Connection) -> Answer:
            wanted = entries.Registration(room.id, phone, language=said.language)
            made = entries.register(connection, house, wanted, by, network=network)
            if isinstance(made, Refused):
                return Answer(409, {"code": made.code})
            return Answer(200, {"path": made.path})

        # Who goes back and corrects his number sends the same form again, and wants a new code.
        call = Call(by.who, request.path, f"{key} {form.mark}")
        answer = await self.api.database.write(lambda c: once(c, call, by.at, work))
        if answer.status == 200:
            return to(f"{answer.body['path']}?lang={said.language}")
        wrong = "phone" if answer.body["code"] == "bad_phone" else "closed"
        return await self.form(request, said.say(f"coat.wrong.{wrong}"), phone, 409)

    async def show(self, request: web.Request) -> web.Response:
        found = await self._find(request)
        if isinstance(found, web.Response):
            return found
        said = self.here.site.texts_for(request, found.language)
        link = self.here.link(found)
        room = await self.here.read(lambda c: rooms.find(c, found.cloakroom))
        if isinstance(room, Refused):
            return self._wrong(request)
        return self._page(
            request,
            "coat-ticket.html" if isinstance(found, Coat) else "coat-entry.html",
            said,
            room=room,
            one=found,
            digits=coats.last_digits(found),
            state=_state(found),
            left=CoatState.LEFT,
            qr=symbol.svg(link, said.say("coat.qr")),
        )

    async def state(self, request: web.Request) -> web.Response:
        """A text that changes when the page has to be shown anew."""
        found = await self._find(request)
        if isinstance(found, web.Response):
            return found
        return web.Response(text=_state(found))

    async def nowhere(self, request: web.Request) -> web.Response:
        return self._wrong(request)

    async def _find(self, request: web.Request) -> Coat | Entry | web.Response:
        """What the link shows; a page that says no, to who guesses too often for a while."""
        secret, now = request.match_info["secret"], self.api.clock()
        found = await self.here.read(lambda c: _found(c, secret, now))
        if not isinstance(found, Refused):
            return found
        if found.code == "entry_over":
            said = self.here.site.texts_for(request)
            again = f"/c/{found.extras['cloakroom']}/register"
            return self._told(request, said, "coat.expired", 410, again)
        return self._wrong(request)

    def _wrong(self, request: web.Request) -> web.Response:
        """There is no such page; who asks for many such has to wait."""
        said = self.here.site.texts_for(request)
        address = network_of(self.here.site.by(request).address)
        wait = self.wrong.wait(address, asyncio.get_running_loop().time())
        if wait:
            return self._told(request, said, "coat.often", 429, seconds=f"{math.ceil(wait)}")
        return self._told(request, said, "coat.nowhere", 404)

    async def _room(self, request: web.Request) -> Cloakroom | None:
        id_ = number_in(request, "room")
        found = await self.here.read(lambda c: rooms.find(c, id_))
        return None if isinstance(found, Refused) else found

    def _told(
        self,
        request: web.Request,
        said: Texts,
        text: str,
        status: int,
        again: str = "",
        **values: str,
    ) -> web.Response:
        told = said.say(text, **values)
        return self._page(request, "coat-told.html", said, status, told=told, again=again)

    def _page(
        self, request: web.Request, template: str, said: Texts, status: int = 200, **values: Any
    ) -> web.Response:
        zone = self.api.venue.timezone
        return self.here.site.page(
            request,
            template,
            status,
            texts=said,
            language=said.language,
            dir=said.direction,
            languages=[texts(language, zone) for language in LANGUAGES],
            **values,
        )


def _found(connection: Connection, secret: str, now: datetime) -> Coat | Entry | Refused:
    coat = coats.by_secret(connection, secret)
    return coat if isinstance(coat, Coat) else entries.find(connection, secret, now)


def _state(found: Coat | Entry) -> str:
    if isinstance(found, Entry):
        return "waiting"
    pieces = f"{found.tags}-{len(found.waiting)}-{len(found.pieces)}"
    return f"{found.state.value}-{pieces}-{found.due.amount:f}"
