"""What all pages of the coat check need: the house, and the cloakroom that a browser works in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from aiohttp import web
from sqlalchemy import Connection

from admission.values import Money
from central.coats import coats, reading, rooms
from central.coats.paying import METHODS
from central.coats.pictures import MAX_BYTES
from central.coats.values import Cloakroom, Coat, Entry, House, Pay, PayWhen
from central.pages.forms import Form
from central.pages.site import Go, Handler, Site, to
from central.pages.uploads import uploaded
from central.sale.states import Refused
from central.staff.roles import Right

COOKIE = "wicket-cloakroom"
COATS = "/office/coats"
MAX_ID = 2**31 - 1
_ROOM = web.RequestKey("cloakroom", Cloakroom)
METHOD_NAMES = {"cash": "Cash", "card": "Card", "voucher": "Voucher"}
T = TypeVar("T")


class Rooms:
    """The site, as the coat check sees it."""

    def __init__(self, site: Site) -> None:
        self.site, self.api = site, site.api

    @property
    def house(self) -> House:
        settings = self.api.settings
        country = settings.sms.country if settings.sms else ""
        return rooms.house_of(self.api.venue, country)

    def link(self, what: Coat | Entry) -> str:
        """Of its public page."""
        return self.api.settings.public.url.rstrip("/") + what.path

    async def chosen(self, request: web.Request) -> Cloakroom | None:
        """The cloakroom that the page says (another tab may have chosen another one since), else
        the one that the browser works in; the only one if there is but one."""
        told = request.query.get("room") or request.cookies.get(COOKIE, "")
        known = await self.api.database.read(rooms.cloakrooms)
        if len(known) == 1:
            return known[0]
        return next((room for room in known if str(room.id) == told), None)

    def staff(self, right: Right, handler: Handler) -> Handler:
        """The handler, for staff who have the right and have chosen a cloakroom (`room_of`); they
        choose first if they have not."""

        async def chosen(request: web.Request) -> web.StreamResponse:
            room = await self.chosen(request)
            if room is None:
                return to(f"{COATS}?choose=1")
            request[_ROOM] = room
            return await handler(request)

        return self.site.staff(right, chosen)

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await self.api.database.read(work)

    def page(
        self, request: web.Request, template: str, chosen: Cloakroom | None, **values: Any
    ) -> web.Response:
        """A template with the cloakroom, and how money, tags and phones are told. What is refused
        is told with 409, and with the coat ticket that it is about (`of`)."""
        refused = values.get("refused")
        status = values.pop("status", 409 if refused else 200)
        coat = refused.extras.get("coat") if refused else None
        of = ticket_path(coat) if coat else ""
        known = {"cloakroom": chosen, "digits": coats.last_digits, "methods": METHOD_NAMES}
        return self.site.page(request, template, status, of=of, **known, **values)

    def price(self, room: Cloakroom) -> Money | None:
        """Of each piece; None if there is nothing to pay."""
        free = room.payment is PayWhen.NEVER or not room.price
        return None if free else Money(room.price, self.api.venue.currency)


def room_of(request: web.Request) -> Cloakroom:
    """Where this browser works."""
    return request[_ROOM]


def paid_by(form: Form) -> Pay | None:
    """How a fee is paid or given back, if the form says so; `money` is what it showed."""
    method, reference = form.text("method", 10), form.text("reference", 60)
    shown = form.amount("money")
    return Pay(method, reference, shown) if method in METHODS else None


async def photographed(request: web.Request) -> str | Refused:
    """What the QR code says that staff photographed."""
    try:
        _, photo = await uploaded(request, "photo", MAX_BYTES)
    except web.HTTPRequestEntityTooLarge:
        most = MAX_BYTES // 1_000_000
        return Refused("too_large", f"That photograph is too large: {most} MB at most.")
    return await reading.read_qr(photo)


def ticket_path(coat: Coat | int) -> str:
    return f"{COATS}/tickets/{coat if isinstance(coat, int) else coat.id}"


def went_with(done: Coat | Refused, said: str, detail: str = "") -> Go | Refused:
    """To the page of the coat ticket that was changed."""
    if isinstance(done, Refused):
        return done
    return Go(ticket_path(done), said, detail or done.tags)


def number_in(request: web.Request, name: str) -> int:
    """An id in the address."""
    told = request.match_info[name]
    if len(told) > 9 or not (told.isascii() and told.isdigit()):
        raise web.HTTPNotFound(reason="There is no such page.")
    return int(told)
