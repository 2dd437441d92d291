"""The Ticket holder dialog: for whom the sale is. All of it may stay empty."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web
from sqlalchemy import Connection

from central.pages.forms import Form, asked, posted
from central.pages.sell import HOLDER, SELL
from central.pages.sell_shown import till_of, words
from central.pages.site import Go, Site, member_of, to, went
from central.sale import checkout, drafts, guests
from central.sale.drafts import Draft
from central.sale.states import NO_REFERENCES, By, Holder, Refused
from central.staff.roles import Right

PAY = SELL + "/pay"
MAX_FOUND = 200


def routes(site: Site) -> list[web.RouteDef]:
    api = site.api

    async def show(
        request: web.Request, refused: Refused | None = None, holder: Holder | None = None
    ) -> web.Response:
        form, by, venue = asked(request), site.by(request), api.venue
        find = form.text("find", MAX_FOUND)
        form.check()
        till, found = await api.database.read(
            lambda c: (till_of(c, venue, by), guests.seek(c, find))
        )
        if till is None:
            return to(SELL)
        return site.page(
            request,
            "sell-holder.html",
            409 if refused else 200,
            refused=refused,
            holder=holder or till.draft.holder,
            find=find,
            found=found,
            languages=venue.languages,
            **vars(till),
            **words(venue),
        )

    async def choose(request: web.Request) -> web.Response:
        form = await posted(request)
        number, shown_pass = form.text("customer", 11), form.text("pass", MAX_FOUND)
        token = form.text("token", 64)

        def deed(c: Connection, by: By) -> Go | Refused:
            draft = drafts.load(c, by.who, by.at).draft
            if "nobody" in form:
                after: Draft | Refused = replace(draft, holder=Holder(), references=NO_REFERENCES)
            else:
                after = guests.chosen(c, number, shown_pass, draft)
            if isinstance(after, Refused):
                return after
            done = checkout.tell_holder(c, token, after, by)
            return done if isinstance(done, Refused) else Go(HOLDER, "", after.references.customer)

        done = await site.act(request, form, "choose-customer", member_of(request).name, deed)
        return await show(request, done) if isinstance(done, Refused) else went(done)

    async def tell(request: web.Request) -> web.Response:
        form = await posted(request)
        typed = _holder_in(form)
        language, token = form.text("language", 20), form.text("token", 64)
        sms = api.settings.sms
        form.check()
        if language not in api.venue.languages:
            language = api.venue.languages[0]

        def deed(c: Connection, by: By) -> Go | Refused:
            holder = guests.checked(typed, sms.country if sms else "")
            if isinstance(holder, Refused):
                return holder
            draft = drafts.load(c, by.who, by.at).draft
            draft = replace(draft, holder=holder, language=language)
            fresh = token == draft.token and not draft.references.customer
            if form.ticked("remember") and holder != Holder() and fresh:
                draft = guests.remembered(c, draft, by)
            done = checkout.tell_holder(c, token, draft, by)
            return done if isinstance(done, Refused) else Go(PAY)

        done = await site.act(request, form, "ticket-holder", token, deed)
        return await show(request, done, typed) if isinstance(done, Refused) else went(done)

    return [
        web.get(HOLDER, site.staff(Right.SELL, show)),
        web.post(HOLDER, site.staff(Right.SELL, tell)),
        web.post(SELL + "/customer", site.staff(Right.SELL, choose)),
    ]


def _holder_in(form: Form) -> Holder:
    return Holder(form.text("name"), form.text("email"), form.text("phone", 60))
