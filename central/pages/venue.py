"""The venue: what is offered, revision by revision; another text for it, and a wizard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from central.catalogue import imports, venues, wizard
from central.catalogue.imports import Comparison
from central.catalogue.offers import Weekday
from central.catalogue.venue import MAX_TEXT, Kind
from central.catalogue.venue_diff import ChangeKind
from central.catalogue.wizard import Wish
from central.pages.forms import Form, posted
from central.pages.site import Go, Site, went
from central.pages.uploads import uploaded
from central.pages.venue_form import HOURS_ROWS, TICKET_ROWS, called, read_wish
from central.sale.states import By, Refused
from central.settings import Channel
from central.staff.roles import Right
from runtime.convert import Invalid
from runtime.settings import BadSettings

VENUE = "/office/venue"
SOURCE = "venue.toml"
MAX_NUMBER = 2**31 - 1
SHOWN = 50
MAX_SHOWN = 1000
"""Characters of a field that are shown again."""
DAYS = dict(zip(Weekday, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True))
CHANNELS = {
    Channel.KIOSK: "the kiosks",
    Channel.OFFICE: "the ticket office",
    Channel.WEB: "the web shop",
}
SIGNS = {
    ChangeKind.ADDED: "new",
    ChangeKind.CHANGED: "changed",
    ChangeKind.GONE: "gone",
    ChangeKind.CONFLICT: "to settle",
}


def routes(site: Site) -> list[web.RouteDef]:
    pages = Pages(site)
    number = "{number:[1-9][0-9]{0,8}}"
    kind = "{kind:location|event}"

    def staff(handler: Any) -> Any:
        return site.staff(Right.VENUE, handler)

    return [
        web.get(VENUE, staff(pages.show)),
        web.get(f"{VENUE}/revisions/{number}", staff(pages.revision)),
        web.post(f"{VENUE}/check", staff(pages.check)),
        web.post(f"{VENUE}/upload", staff(pages.upload)),
        web.post(f"{VENUE}/import", staff(pages.import_)),
        web.get(f"{VENUE}/new/{kind}", staff(pages.new)),
        web.post(f"{VENUE}/new/{kind}", staff(pages.write)),
    ]


class Pages:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._api = site.api

    async def show(self, request: web.Request) -> web.Response:
        return await self._shown(request, self._api.venues.revision.text, ())

    async def _shown(
        self, request: web.Request, text: str, problems: tuple[str, ...]
    ) -> web.Response:
        found = await self._api.database.read(lambda c: venues.listed(c, SHOWN))
        status = 409 if problems else 200
        told = {"revisions": found, "text": text, "problems": problems, "most": MAX_TEXT}
        return self._site.page(
            request, "venue.html", status, current=self._api.venues.revision, **told
        )

    async def _again(self, request: web.Request, form: Form) -> web.Response:
        """What was typed is not lost for a character in it."""
        problems = tuple(f"{name}: {what}" for name, what in form.problems)
        return await self._shown(request, form.typed("text", 2 * MAX_TEXT), problems)

    async def revision(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        text = await self._api.database.read(lambda c: venues.text_of(c, number))
        if text is None:
            return self._site.problem(request, 404, "There is no such revision.")
        return self._site.page(request, "venue-revision.html", number=number, text=text)

    async def check(self, request: web.Request) -> web.Response:
        form = await posted(request)
        text = form.text("text", MAX_TEXT, lines=True)
        if form.problems:
            return await self._again(request, form)
        return await self._check(request, f"{text}\n")

    async def upload(self, request: web.Request) -> web.Response:
        form, content = await uploaded(request, "file", 4 * MAX_TEXT)
        form.check()
        try:
            text = content.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError:
            now = self._api.venues.revision.text
            return await self._shown(request, now, ("that file is no text in UTF-8",))
        return await self._check(request, text)

    async def _check(self, request: web.Request, text: str, written: str = "") -> web.Response:
        now, gates = self._api.clock(), self._api.settings.gates
        try:
            compared = await self._api.database.read(
                lambda c: imports.compare(c, text, SOURCE, now, gates=gates)
            )
        except BadSettings as bad:
            return await self._shown(request, text, tuple(bad.problems))
        return self._compared(request, text, compared, written)

    def _compared(
        self, request: web.Request, text: str, compared: Comparison, written: str
    ) -> web.Response:
        order = list(SIGNS)
        changes = sorted(compared.changes, key=lambda one: order.index(one.kind))
        told = [(one.kind.value, SIGNS[one.kind], one.text) for one in changes]
        values = {"text": text, "compared": compared, "changes": told, "written": written}
        status = 409 if compared.refused else 200
        return self._site.page(request, "venue-check.html", status, **values)

    async def import_(self, request: web.Request) -> web.Response:
        form = await posted(request)
        text = form.text("text", MAX_TEXT, lines=True) + "\n"
        base = form.number("base", 0, MAX_NUMBER)
        if form.problems:
            return await self._again(request, form)
        gates = self._api.settings.gates

        def bring(connection: Connection, by: By) -> Go | Refused:
            done = imports.apply(connection, text, SOURCE, by, gates=gates, base=base)
            if isinstance(done, Refused):
                return done
            detail = "; ".join(one.text for one in done.changes)
            return Go(VENUE, "venue-imported", f"revision {done.revision.number}: {detail}")

        try:
            done = await self._site.act(request, form, "import-venue", SOURCE, bring)
        except BadSettings as bad:
            return await self._shown(request, text, tuple(bad.problems))
        if isinstance(done, Refused):
            return await self._shown(request, text, (done.detail,))
        await self._api.catch_up()
        return went(done)

    async def new(self, request: web.Request) -> web.Response:
        day = self._api.clock().astimezone(self._api.venue.zone).date()
        filled = {"first": day.isoformat(), "open-1": "10:00", "close-1": "18:00"}
        filled |= {f"hours-1-{one.value}": "1" for one in Weekday}
        filled |= {f"channel-{one.value}": "1" for one in Channel}
        filled |= {"duration": "60", "before": "30", "after": "15"}
        return self._asked(request, filled, [])

    async def write(self, request: web.Request) -> web.Response:
        form, kind = await posted(request), Kind(request.match_info["kind"])
        venue = self._api.venue
        try:
            wish = read_wish(form, venue, kind)
        except Invalid as invalid:
            return self._asked(request, _filled(form), invalid.problems)
        text, written = await self._api.database.read(lambda c: _with(c, wish))
        return await self._check(request, text, written)

    def _asked(
        self, request: web.Request, filled: Mapping[str, str], problems: list[tuple[str, str]]
    ) -> web.Response:
        values = {
            "kind": request.match_info["kind"],
            "filled": filled,
            "problems": [(called(name), what) for name, what in problems],
            "days": {one.value: name for one, name in DAYS.items()},
            "channels": {one.value: name for one, name in CHANNELS.items()},
            "hours_rows": range(1, HOURS_ROWS + 1),
            "ticket_rows": range(1, TICKET_ROWS + 1),
        }
        return self._site.page(request, "venue-new.html", 409 if problems else 200, **values)


def _with(connection: Connection, wish: Wish) -> tuple[str, str]:
    """The newest text with what the wish adds, and that alone."""
    newest = venues.newest(connection)
    assert newest, "central began without a venue"
    first = wizard.next_product(connection, newest.venue)
    written = wizard.written(newest.venue, wish, first)
    return f"{newest.text.rstrip()}\n\n{written}", written


def _filled(form: Form) -> dict[str, str]:
    """To be shown once more."""
    return {name: form.typed(name, MAX_SHOWN) for name in form.names()}
