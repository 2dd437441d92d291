"""Customers: found, made, changed, merged, told what is known of them, forgotten."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web
from sqlalchemy import Connection

from central.http.routes.office import told_of
from central.http.web import json
from central.office import customers, dossier, search, words
from central.office.customers import Customer, Details
from central.office.search import Criteria
from central.pages.forms import Form, asked, posted
from central.pages.site import Go, Site, to, went
from central.sale.states import By, Holder, Refused
from central.staff import audit
from central.staff.roles import Right

CUSTOMERS = "/office/customers"
ONE = CUSTOMERS + "/{number:[A-Za-z0-9-]{1,12}}"
SHOWN = 50
MAX_NOTE = 2000
MAX_ID = 2**31 - 1
Change = Callable[[Connection, By], "Customer | Refused"]


def routes(site: Site) -> list[web.RouteDef]:
    return [*_of_all(site), *_of_one(site)]


def _of_all(site: Site) -> list[web.RouteDef]:
    api = site.api

    async def listed(request: web.Request) -> web.Response:
        form = asked(request)
        text, after = form.text("q"), form.number("after", 0, MAX_ID)
        form.check()
        if customers.id_of(text.upper()):
            return to(f"{CUSTOMERS}/{text.upper()}")
        part = _part(text)
        found = await api.database.read(lambda c: customers.search(c, part, after, SHOWN + 1))
        if text and len(found) == 1 and not after:
            return to(f"{CUSTOMERS}/{found[0].number}")
        more = customers.id_of(found[SHOWN - 1].number) if len(found) > SHOWN else None
        return site.page(request, "customers.html", text=text, found=found[:SHOWN], more=more)

    async def create(request: web.Request) -> web.Response:
        form = await posted(request)
        details = _details(form)
        form.check()

        def deed(c: Connection, by: By) -> Go | Refused:
            if details.holder == Holder():
                return Refused("nobody", "Tell a name, an e-mail address or a phone number.")
            made = customers.create(c, details, by)
            return Go(f"{CUSTOMERS}/{made.number}", "customer-made", made.number)

        done = await site.act(request, form, "add-customer", "customers", deed)
        if isinstance(done, Refused):
            return site.page(
                request, "customers.html", 409, text="", found=[], more=None, refused=done
            )
        return went(done)

    return [
        web.get(CUSTOMERS, site.staff(Right.SELL, listed)),
        web.post(CUSTOMERS, site.staff(Right.SELL, create)),
    ]


def _of_one(site: Site) -> list[web.RouteDef]:
    api = site.api

    async def show(request: web.Request) -> web.Response:
        return await one(request)

    async def one(request: web.Request, refused: Refused | None = None) -> web.Response:
        number = request.match_info["number"]
        form = asked(request)
        before = form.number("before", 0, MAX_ID) or None
        form.check()
        found = await api.database.read(lambda c: customers.find(c, number))
        if isinstance(found, Refused):
            return site.problem(request, 404, "There is no such customer.")
        rows = await api.database.read(
            lambda c: search.page(c, Criteria(customer=number), before, SHOWN)
        )
        merged = await api.database.read(lambda c: customers.merged_into(c, number))
        told = {"one": found, "merged": merged, "found": rows[:SHOWN], "count": dossier.count_of}
        older = f"?before={rows[SHOWN - 1].place}" if len(rows) > SHOWN else ""
        status = 409 if refused else 200
        return site.page(request, "customer.html", status, refused=refused, older=older, **told)

    async def act(
        request: web.Request, form: Form, action: str, said: str, change: Change
    ) -> web.Response:
        number = request.match_info["number"]

        def deed(c: Connection, by: By) -> Go | Refused:
            done = change(c, by)
            return done if isinstance(done, Refused) else Go(f"{CUSTOMERS}/{done.number}", said)

        done = await site.act(request, form, action, number, deed)
        return await one(request, done) if isinstance(done, Refused) else went(done)

    async def change(request: web.Request) -> web.Response:
        form, number = await posted(request), request.match_info["number"]
        details = _details(form)
        form.check()
        return await act(
            request,
            form,
            "change-customer",
            "customer-changed",
            lambda c, by: customers.change(c, number, details),
        )

    async def merge(request: web.Request) -> web.Response:
        form, number = await posted(request), request.match_info["number"]
        into = form.text("into", 12, least=1).upper()
        form.check()
        return await act(
            request,
            form,
            "merge-customer",
            "customer-merged",
            lambda c, by: customers.merge(c, number, into, by),
        )

    async def erase(request: web.Request) -> web.Response:
        form, number = await posted(request), request.match_info["number"]
        sure = form.text("number", 12).upper()
        form.check()
        if sure != number:
            told = f"To forget the customer, write {number} into the field. Nothing was done."
            return await one(request, Refused("not_sure", told))
        return await act(
            request,
            form,
            "erase-customer",
            "customer-erased",
            lambda c, by: customers.erase(c, number, by),
        )

    async def told(request: web.Request) -> web.Response:
        """All that is known of somebody, as a file to hand out."""
        number, now, by = request.match_info["number"], api.clock(), site.by(request)
        answer = await api.database.read(lambda c: told_of(c, number, now))
        if isinstance(answer, Refused):
            return site.problem(request, 404, "There is no such customer.")
        await api.database.write(lambda c: audit.write(c, "export-customer", number, "", by))
        file = json(answer.body)
        file.headers["Content-Disposition"] = f'attachment; filename="{number}.json"'
        return file

    return [
        web.get(ONE, site.staff(Right.SELL, show)),
        web.post(ONE, site.staff(Right.SELL, change)),
        web.get(ONE + "/export", site.staff(Right.SELL, told)),
        web.post(ONE + "/merge", site.staff(Right.REFUND, merge)),
        web.post(ONE + "/erase", site.staff(Right.REFUND, erase)),
    ]


def _part(text: str) -> Holder:
    """What was typed: an e-mail address, a phone number, or a name."""
    if "@" in text:
        return Holder(email=text)
    if words.digits_in(text) >= words.MIN_DIGITS and not any(c.isalpha() for c in text):
        return Holder(phone=text)
    return Holder(name=text)


def _details(form: Form) -> Details:
    holder = Holder(*(form.text(name) for name in ("name", "email", "phone")))
    return Details(holder, form.text("language", 20), form.text("note", MAX_NOTE, lines=True))
