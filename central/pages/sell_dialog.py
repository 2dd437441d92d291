"""The dialog of an attraction: the day, how many of each price form, the time slot."""

from __future__ import annotations

from datetime import date

from aiohttp import web
from sqlalchemy import Connection

from central.catalogue.venue import Attraction
from central.pages.forms import Form, asked, posted
from central.pages.sell import SELL
from central.pages.sell_forms import MAX_PRODUCT, MAX_SLOT, day_in, fitting, version_of
from central.pages.sell_shown import words
from central.pages.site import Site, to
from central.sale import drafts, offered
from central.sale.drafts import Draft
from central.sale.states import Refused
from central.sale.wishes import Wanted
from central.settings import Channel
from central.staff.roles import Right

OF = SELL + "/of/{attraction:[a-z][a-z0-9-]{0,39}}"
_COUNT = "q-"
NONE = Refused("none_wanted", "How many? Write it beside at least one price form.")


def routes(site: Site) -> list[web.RouteDef]:
    api = site.api

    def attraction_of(request: web.Request) -> Attraction:
        found = api.venue.sold_by(Channel.OFFICE).attraction(request.match_info["attraction"])
        if found is None:
            raise web.HTTPNotFound(reason="The ticket office sells nothing there.")
        return found

    async def show(request: web.Request) -> web.Response:
        form = asked(request)
        day, counts = day_in(form, "day"), _counts(form)
        form.check()
        return await shown(request, day, counts)

    async def shown(
        request: web.Request,
        day: date | None,
        counts: dict[int, int],
        refused: Refused | None = None,
    ) -> web.Response:
        attraction, by = attraction_of(request), site.by(request)
        venue = api.venue
        found, kept = await api.database.read(
            lambda c: (
                offered.offered(c, venue, attraction, day, by.at),
                drafts.load(c, by.who, by.at),
            )
        )
        told = {"attraction": attraction, "offered": found, "counts": counts, "kept": kept}
        told |= words(venue)
        status = 409 if refused else 200
        return site.page(
            request,
            "sell-dialog.html",
            status,
            refused=refused,
            today=by.at.astimezone(venue.zone).date(),
            **told,
        )

    async def apply(request: web.Request) -> web.Response:
        form, by, venue = await posted(request), site.by(request), api.venue
        day, counts, version = day_in(form, "day"), _counts(form), version_of(form)
        slot = form.text("slot", MAX_SLOT)
        form.check()
        attraction = attraction_of(request)
        wants = [
            Wanted(offer.id, slot, counts[offer.id])
            for offer in attraction.products
            if counts.get(offer.id)
        ]
        if not wants:
            return await shown(request, day, counts, NONE)

        def work(c: Connection) -> Draft | Refused:
            return drafts.change(
                c, version, lambda before: fitting(c, venue, before, _with(before, wants), by), by
            )

        done = await api.database.write(work)
        if isinstance(done, Refused):
            return await shown(request, day, counts, done)
        return to(SELL)

    return [
        web.get(OF, site.staff(Right.SELL, show)),
        web.post(OF, site.staff(Right.SELL, apply)),
    ]


def _counts(form: Form) -> dict[int, int]:
    """Product → how many."""
    counts = {}
    for name in form.names(_COUNT):
        product = name.removeprefix(_COUNT)
        if product.isascii() and product.isdigit() and len(product) < 6:
            counts[int(product)] = form.number(name, 0, drafts.MAX_QUANTITY)
    return {product: count for product, count in counts.items() if product <= MAX_PRODUCT}


def _with(draft: Draft, wants: list[Wanted]) -> Draft | Refused:
    for want in wants:
        more = draft.with_line(want)
        if isinstance(more, Refused):
            return more
        draft = more
    return draft
