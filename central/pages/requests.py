"""Ticket requests: found by whatever somebody can tell, and one of them in full."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy import Connection

from central.delivery.seen import Seen, seen
from central.office import dossier, reading, search
from central.office.dossier import Dossier
from central.office.reading import MAX_TYPED, Result
from central.office.search import Criteria, Found
from central.pages.desk import desk_of
from central.pages.forms import Form, asked, posted
from central.pages.sell_shown import Shown, shown_lines
from central.pages.site import Go, Site, to, went
from central.sale import guests, references
from central.sale.references import Told
from central.sale.states import By, Holder, References, Refused
from central.staff.roles import Right

REQUESTS = "/office/requests"
ONE = REQUESTS + "/{token:[A-Za-z0-9_-]{1,64}}"
SHOWN = 25
MAX_ID = 2**31 - 1
METHODS = ("cash", "card", "transfer", "voucher")
FIELDS = (
    ("token", "Token"),
    ("code", "Authorisation code"),
    ("order", "Order number"),
    ("receipt", "Receipt number"),
    ("payment", "Payment reference"),
    ("customer", "Customer number"),
    ("ticket", "Ticket code"),
    ("pass_ticket", "Pass that was shown"),
    ("channel", "Channel"),
    ("device", "Made by"),
    ("language", "Language"),
)
WHO = (("name", "Name"), ("email", "E-mail"), ("phone", "Phone"))


def routes(site: Site) -> list[web.RouteDef]:
    api = site.api

    async def listed(request: web.Request) -> web.Response:
        form = asked(request)
        text, only = form.text("q", MAX_TYPED), form.text("as", 20)
        told, before = criteria(form), form.number("before", 0, MAX_ID) or None
        form.check()
        if text:
            taken = await api.database.read(
                lambda c: reading.look(c, text, only, before, SHOWN + 1)
            )
            rows = taken.found if taken else []
        else:
            taken = None
            rows = await api.database.read(lambda c: search.page(c, told, before, SHOWN))
        narrowed = bool(text) or told != Criteria()
        if narrowed and len(rows) == 1 and before is None:
            return to(f"{REQUESTS}/{rows[0].request.token}")
        return _list(request, text, taken, told, rows)

    def _list(
        request: web.Request, text: str, taken: Result | None, told: Criteria, rows: list[Found]
    ) -> web.Response:
        more = rows[SHOWN - 1].place if len(rows) > SHOWN else None
        query = {k: v for k, v in request.query.items() if k not in ("before", "said")}
        return site.page(
            request,
            "requests.html",
            text=text,
            taken=taken,
            told=told,
            advanced=told != Criteria(),
            fields=FIELDS,
            who=WHO,
            found=rows[:SHOWN],
            count=dossier.count_of,
            older=f"{REQUESTS}?{urlencode({**query, 'before': more})}" if more else "",
        )

    async def show(request: web.Request) -> web.Response:
        return await one(site, request)

    async def tell(request: web.Request) -> web.Response:
        """Tell who the holder is, and what the request refers to."""
        form, token = await posted(request), request.match_info["token"]
        sms = site.api.settings.sms
        typed = Holder(*(form.text(name) for name, _ in WHO))
        refers = References(form.text("order", 100), form.text("customer", 12).upper())
        form.check()
        holder = guests.checked(typed, sms.country if sms else "")
        if isinstance(holder, Refused):
            return await one(site, request, holder, (typed, refers))

        def deed(c: Connection, by: By) -> Go | Refused:
            if refused := references.unknown(c, refers):
                return refused
            done = references.change(c, token, Told(holder), by)
            if isinstance(done, Refused):
                return done
            shown = references.of_request(c, done.id).pass_ticket
            references.put(c, done.id, replace(refers, pass_ticket=shown), by)
            return Go(path_of(token), "request-told")

        done = await site.act(request, form, "change-holder", token, deed)
        if isinstance(done, Refused):
            return await one(site, request, done, (typed, refers))
        return went(done)

    return [
        web.get(REQUESTS, site.staff(Right.REQUESTS, listed)),
        web.get(ONE, site.staff(Right.REQUESTS, show)),
        web.post(ONE + "/holder", site.staff(Right.SELL, tell)),
    ]


async def one(
    site: Site,
    request: web.Request,
    refused: Refused | None = None,
    typed: tuple[Holder, References] | None = None,
) -> web.Response:
    """The page of one request; with why something was refused, and a new holder that was."""
    token, now = request.match_info["token"], site.api.clock()
    venue, url = site.api.venue, site.api.settings.public.url

    def look(c: Connection) -> tuple[Dossier, list[Seen], tuple[Shown, ...]] | Refused:
        whole = dossier.whole(c, token, now)
        if isinstance(whole, Refused):
            return whole
        lines = shown_lines(c, venue, whole.request.lines, now)
        return whole, seen(c, whole.deliveries, venue, url, full=True), lines

    told = await site.api.database.read(look)
    if isinstance(told, Refused):
        return site.problem(request, 404, "There is no request with this token.")
    return site.page(
        request,
        "request.html",
        409 if refused else 200,
        refused=refused,
        one=told[0],
        rows=told[1],
        lines=told[2],
        back=path_of(token),
        holder=told[0].request.holder or Holder(),
        typed=typed,
        path_of_request=path_of(token),
        methods=METHODS,
        desk=desk_of(request),
    )


def path_of(token: str) -> str:
    return f"{REQUESTS}/{token}"


def criteria(form: Form) -> Criteria:
    """What the form for more asks for; "" for what it does not."""
    told: dict[str, Any] = {name: form.text(name, MAX_TYPED) for name, _ in FIELDS}
    return Criteria(**told, holder=Holder(*(form.text(name) for name, _ in WHO)))
