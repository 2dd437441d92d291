"""How tickets look: a design for all products or for one, looked at before it is used."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from central.pages.forms import Form, asked, posted
from central.pages.site import Go, Site, to, went
from central.pages.tickets_public import look_of
from central.pages.uploads import uploaded
from central.papers import design as look
from central.papers import designs, logo, page, pdf, sample, slip, symbol
from central.papers.design import Design, Hole, Shown
from central.papers.designs import Revision
from central.sale.states import By, Refused
from central.staff.roles import Right

DESIGNS = "/office/designs"
PRODUCT = DESIGNS + r"/{product:\d{1,5}}"
REVISION = DESIGNS + r"/{product:\d{1,5}}/{id:\d{1,9}}"
Typed = dict[str, Any]
"""What stands in the form, by the names of a Design, whether it makes one or not."""


def routes(site: Site) -> list[web.RouteDef]:
    api = site.api

    async def show(
        request: web.Request, refused: Refused | None = None, typed: Typed | None = None
    ) -> web.Response:
        """With what was `typed`, if it was refused: nobody types it again."""
        product, venue = _product(request), api.venue
        form = asked(request)
        language = form.text("lang", 20) or venue.languages[0]
        saved = await api.database.read(lambda c: designs.saved(c, product))
        used = (await api.database.read(lambda c: designs.in_use(c, [product])))[product]
        wanted = typed["base"] if typed else form.number("id", 0, 10**9)
        chosen = next((one for one in saved if one.id == wanted), saved[0] if saved else used)
        papers = sample.papers(venue, replace(chosen, product=product), language, api.clock())
        [sheet] = papers.sheets
        return site.page(
            request,
            "designs.html",
            409 if refused else 200,
            refused=refused,
            product=product,
            products=[(designs.ALL, "All products without their own"), *_offers(site)],
            chosen=chosen,
            design=typed or chosen.design,
            saved=saved,
            used=used,
            face=page.face(venue.name, sheet.blocks, papers.words),
            slip=slip.slips(papers)[0]["parts"],
            qr=symbol.svg(sample.CODE, "QR code"),
            preview_language=papers.language,
            preview_direction=papers.direction,
            shown=list(Shown),
            holes=[hole.value for hole in Hole],
            languages=venue.languages,
            previews=dict.fromkeys((*venue.languages, sample.RIGHT_TO_LEFT)),
            limits=look,
        )

    async def first(request: web.Request) -> web.StreamResponse:
        form = asked(request)
        product = form.number("product", 0, 65535)
        form.check()
        return to(f"{DESIGNS}/{product}")

    async def save(request: web.Request) -> web.StreamResponse:
        form, content = await uploaded(request, "logo", logo.MAX_BYTES)
        product = _product(request)
        base = form.number("base", 0, 10**9)
        based = await api.database.read(lambda c: _based(c, product, base))
        picture = b"" if form.ticked("no_logo") else based.logo
        made = await asyncio.to_thread(logo.make, content) if content else picture
        values = _read(form, api.venue.languages)
        typed = values | {"logo": based.logo, "base": base}
        if isinstance(made, Refused):
            return await show(request, made, typed)
        try:
            design = Design(logo=made, **values)
        except ValueError as error:
            return await show(request, Refused("design", str(error)), typed)
        done = await site.act(
            request,
            form,
            "save-design",
            str(product),
            lambda c, by: _saved(designs.save(c, api.venue, product, design, by)),
        )
        return await show(request, done, typed) if isinstance(done, Refused) else went(done)

    async def use(request: web.Request) -> web.StreamResponse:
        form, product = await posted(request), _product(request)
        id_ = int(request.match_info["id"])
        done = await site.act(
            request,
            form,
            "use-design",
            str(product),
            lambda c, by: _used(designs.use(c, product, id_, by)),
        )
        return await show(request, done) if isinstance(done, Refused) else went(done)

    async def use_common(request: web.Request) -> web.StreamResponse:
        form, product = await posted(request), _product(request)

        def deed(connection: Connection, by: By) -> Go:
            designs.use_common(connection, product)
            return Go(f"{DESIGNS}/{product}", "design-common")

        done = await site.act(request, form, "use-common-design", str(product), deed)
        return await show(request, done) if isinstance(done, Refused) else went(done)

    async def part(request: web.Request) -> web.StreamResponse:
        revision = await _revision(request, site)
        if request.match_info["kind"] != "pdf":
            return look_of(revision, request.match_info["kind"])
        language = asked(request).text("lang", 20) or api.venue.languages[0]
        papers = sample.papers(api.venue, revision, language, api.clock())
        made = await asyncio.to_thread(pdf.tickets_pdf, papers)
        return web.Response(body=made, content_type="application/pdf")

    allowed = Right.DESIGN
    return [
        web.get(DESIGNS, site.staff(allowed, first)),
        web.get(PRODUCT, site.staff(allowed, show)),
        web.post(PRODUCT, site.staff(allowed, save)),
        web.post(PRODUCT + "/common", site.staff(allowed, use_common)),
        web.post(REVISION + "/use", site.staff(allowed, use)),
        web.get(REVISION + ".{kind:css|png|pdf}", site.staff(allowed, part)),
    ]


def _product(request: web.Request) -> int:
    return int(request.match_info["product"])


def _offers(site: Site) -> list[tuple[int, str]]:
    language = site.api.venue.languages[0]
    return [
        (offer.id, f"{attraction.name[language]}: {offer.name[language]}")
        for attraction in site.api.venue.attractions
        for offer in attraction.products
    ]


async def _revision(request: web.Request, site: Site) -> Revision:
    id_, product = int(request.match_info["id"]), _product(request)
    if id_ == 0:
        return replace(designs.BEGUN, product=product)
    found = await site.api.database.read(lambda c: designs.find(c, id_))
    if found is None:
        raise web.HTTPNotFound
    return replace(found, product=product)


def _based(connection: Connection, product: int, base: int) -> Design:
    """The design that was changed: what the form does not carry (the logo) comes from it."""
    found = designs.find(connection, base)
    return found.design if found else designs.in_use(connection, [product])[product].design


def _read(form: Form, languages: Sequence[str]) -> Typed:
    """What a design is made of, but for its logo. Raises Invalid for what is no form."""

    def texts(name: str, most: int) -> dict[str, str]:
        told = {one: form.text(f"{name}-{one}", most, lines=True) for one in languages}
        return {one: text for one, text in told.items() if text}

    values: Typed = {
        "band": form.text("band", 7).lower(),
        "ink": form.text("ink", 7).lower(),
        "shown": frozenset(one for one in Shown if form.ticked(f"show-{one.value}")),
        "text": texts("text", look.MAX_TEXT),
        "small_print": texts("small", look.MAX_SMALL_PRINT),
        "qr_mm": form.number("qr_mm", 0, 1000, 50),
    }
    form.check()
    return values


def _saved(done: Revision | Refused) -> Go | Refused:
    if isinstance(done, Refused):
        return done
    return Go(f"{DESIGNS}/{done.product}", "design-saved", f"design {done.id}")


def _used(done: Revision | Refused) -> Go | Refused:
    if isinstance(done, Refused):
        return done
    return Go(f"{DESIGNS}/{done.product}", "design-used", f"design {done.id}")
