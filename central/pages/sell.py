"""Sell: what there is, and the cart of whoever sells."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeAlias

from aiohttp import web
from sqlalchemy import Connection

from central.catalogue.offers import Offer, ProductKind
from central.catalogue.venue import Attraction, Venue
from central.pages.forms import posted
from central.pages.sell_forms import day_in, fitting, version_of, wanted
from central.pages.sell_shown import ShownCart, shown_cart, words
from central.pages.site import Go, Site, member_of, to, went
from central.sale import checkout, drafts, promotions
from central.sale.drafts import Draft, Kept
from central.sale.states import By, Refused
from central.settings import Channel
from central.staff.roles import Right

SELL = "/office/sell"
HOLDER = SELL + "/holder"
LINE = "/{number:[0-9]{1,2}}"
Showing: TypeAlias = Callable[[web.Request, Refused | None], Awaitable[web.Response]]
Edit: TypeAlias = Callable[[Connection, By, Draft], Draft | Refused]


def routes(site: Site) -> list[web.RouteDef]:
    api = site.api

    async def show(
        request: web.Request, refused: Refused | None = None, code: str = ""
    ) -> web.Response:
        by, venue = site.by(request), api.venue
        kept, cart = await api.database.read(lambda c: _looked(c, venue, by))
        sold = venue.sold_by(Channel.OFFICE)
        draft = kept.draft
        told = {
            "kept": kept,
            "draft": draft,
            "cart": cart,
            "code": code,
            "attractions": [one for one in sold.attractions if _of(one, ProductKind.TICKET)],
            "passes": _all_of(sold, ProductKind.PASS),
            "vouchers": _all_of(sold, ProductKind.VOUCHER),
        } | words(venue)
        status = 409 if refused else 200
        return site.page(request, "sell.html", status, refused=refused or cart.refused, **told)

    async def add(request: web.Request) -> web.Response:
        form = await posted(request)
        want = wanted(form)
        version = version_of(form)
        form.check()
        return await changed(request, version, lambda c, by, draft: draft.with_line(want))

    async def line(request: web.Request) -> web.Response:
        form, number = await posted(request), int(request.match_info["number"]) - 1
        quantity = form.number("quantity", 0, drafts.MAX_QUANTITY, 1)
        text, day = form.text("text"), day_in(form, "day")
        version = version_of(form)
        form.check()
        if "remove" in form:
            quantity = 0

        def edit(c: Connection, by: By, draft: Draft) -> Draft | Refused:
            if not 0 <= number < len(draft.lines):
                return Refused("unknown_line", "The cart has no such line.")
            before = draft.lines[number]
            told = draft.with_changed(number, lambda want: replace(want, text=text, day=day))
            if isinstance(told, Refused) or before.quantity == quantity:
                return told
            return told.with_quantity(number, quantity)

        return await changed(request, version, edit)

    async def promo(request: web.Request) -> web.Response:
        form = await posted(request)
        code, gone = form.text("code", 40), form.text("remove", 40)
        version = version_of(form)
        form.check()

        def edit(c: Connection, by: By, draft: Draft) -> Draft | Refused:
            if gone:
                left = tuple(one for one in draft.promo_codes if one != promotions.normal(gone))
                return replace(draft, promo_codes=left)
            return draft.with_promo(code)

        return await changed(request, version, edit, code)

    async def changed(
        request: web.Request, version: int, edit: Edit, code: str = ""
    ) -> web.Response:
        by, venue = site.by(request), api.venue
        done = await api.database.write(
            lambda c: drafts.change(
                c, version, lambda before: fitting(c, venue, before, edit(c, by, before), by), by
            )
        )
        return await show(request, done, code) if isinstance(done, Refused) else to(SELL)

    return [
        web.get(SELL, site.staff(Right.SELL, show)),
        web.post(SELL + "/add", site.staff(Right.SELL, add)),
        web.post(SELL + "/line" + LINE, site.staff(Right.SELL, line)),
        web.post(SELL + "/promo", site.staff(Right.SELL, promo)),
        *_places(site, show),
    ]


def _places(site: Site, show: Showing) -> list[web.RouteDef]:
    """Hold them, let them go."""
    api = site.api

    async def hold(request: web.Request) -> web.Response:
        form = await posted(request)
        version, venue = version_of(form), api.venue
        span = api.settings.reservation_min.of(Channel.OFFICE)

        def deed(c: Connection, by: By) -> Go | Refused:
            made = checkout.hold(c, venue, version, span, by)
            return made if isinstance(made, Refused) else Go(HOLDER, "", made.authorisation)

        done = await site.act(request, form, "hold-places", member_of(request).name, deed)
        return await show(request, done) if isinstance(done, Refused) else went(done)

    async def let_go(request: web.Request) -> web.Response:
        form = await posted(request)
        keep, version = "keep" in form, version_of(form)

        def deed(c: Connection, by: By) -> Go | Refused:
            done = checkout.let_go(c, version, by, keep_cart=keep)
            said = "" if keep else "sale-given-up"
            return done if isinstance(done, Refused) else Go(SELL, said, "cart kept" * keep)

        done = await site.act(request, form, "give-up-sale", member_of(request).name, deed)
        return await show(request, done) if isinstance(done, Refused) else went(done)

    return [
        web.post(SELL + "/hold", site.staff(Right.SELL, hold)),
        web.post(SELL + "/let-go", site.staff(Right.SELL, let_go)),
    ]


def _looked(connection: Connection, venue: Venue, by: By) -> tuple[Kept, ShownCart]:
    kept = drafts.load(connection, by.who, by.at)
    return kept, shown_cart(connection, venue, kept.draft, by)


def _of(attraction: Attraction, kind: ProductKind) -> list[Offer]:
    return [offer for offer in attraction.products if offer.kind is kind]


def _all_of(venue: Venue, kind: ProductKind) -> list[tuple[Attraction, Offer]]:
    return [(one, offer) for one in venue.attractions for offer in _of(one, kind)]
