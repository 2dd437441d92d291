"""Batches: prepaid and postpaid tickets, many in one go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from aiohttp import web
from sqlalchemy import Connection

from admission.values import Money
from central.catalogue.offers import Offer, ProductKind, SlotPolicy
from central.catalogue.venue import Attraction, Venue
from central.http.answers_office import batch_csv
from central.http.bodies_office import BATCH_OPTIONS, MAX_BATCH
from central.money import dues
from central.money.dues import PaymentOption
from central.office import batches
from central.office.batches import Batch, Exported, Order
from central.pages.forms import Form, asked, posted
from central.pages.sell_forms import MAX_PRODUCT, MAX_SLOT, day_in
from central.pages.sell_shown import Shown, shown_line, words
from central.pages.site import Go, Site, went
from central.papers import pdf
from central.sale import cart, guests, offered
from central.sale.request_rows import find
from central.sale.states import By, Holder, Payment, References, Refused, TicketRequest
from central.sale.wishes import Wanted, Wish
from central.settings import Channel
from central.staff.roles import Right

BATCHES = "/office/batches"
ONE = BATCHES + "/{id:[0-9]{1,9}}"
SHOWN = 25
TICKETS = 100
"""Of a batch, on its page; all of them are in the CSV and the PDF."""
METHODS = ("transfer", "card", "cash")
GONE = Refused("unknown_product", "The ticket office does not sell that.")


@dataclass(frozen=True)
class Told:
    """A batch with all that its page shows."""

    batch: Batch
    request: TicketRequest
    line: Shown
    terms: dues.Terms
    due: Money
    tickets: list[Exported]

    @property
    def used(self) -> int:
        return sum(one.used_at is not None for one in self.tickets)

    @property
    def parts(self) -> list[tuple[int, int]]:
        """(first from 0, last from 1) of each PDF of those that are not cancelled."""
        count = sum(one.issued.standing for one in self.tickets)
        return [(n, min(n + pdf.MOST, count)) for n in range(0, count, pdf.MOST)]


def routes(site: Site) -> list[web.RouteDef]:
    api = site.api

    async def listed(request: web.Request) -> web.Response:
        form = asked(request)
        before = form.number("before", 0, 2**31 - 1)
        form.check()
        found = await api.database.read(lambda c: batches.latest(c, before, SHOWN))
        more = found[-1][0].id if len(found) == SHOWN else None
        goods = _goods(api.venue)
        return site.page(
            request, "batches.html", found=found, more=more, goods=goods, **words(api.venue)
        )

    async def new(request: web.Request, refused: Refused | None = None) -> web.Response:
        """The form for one product on a day."""
        form = asked(request)
        if request.method == "POST":
            form = await posted(request)
        product, day = form.number("product", 1, MAX_PRODUCT), day_in(form, "day")
        if request.method == "GET":
            form.check()
        found = next((one for one in _goods(api.venue) if one[1].id == product), None)
        if found is None:
            return site.problem(request, 404, GONE.detail)
        attraction, offer = found
        now = api.clock()
        seen = await api.database.read(
            lambda c: offered.offered(c, api.venue, attraction, day, now)
        )
        return site.page(
            request,
            "batch-new.html",
            409 if refused else 200,
            refused=refused,
            attraction=attraction,
            offer=offer,
            offered=seen,
            timed=not offer.entitlements and offer.slot is SlotPolicy.CHOSEN,
            options=BATCH_OPTIONS,
            methods=METHODS,
            limit=MAX_BATCH,
            told={name: form.text(name) for name in _TYPED},
            today=now.astimezone(api.venue.zone).date(),
            **words(api.venue),
        )

    async def make(request: web.Request) -> web.Response:
        form, venue, key = await posted(request), api.venue, api.key
        read = _asked_for(form, venue.languages[0])
        form.check()

        def deed(c: Connection, by: By) -> Go | Refused:
            order = _paying(c, venue, read, by)
            made = order if isinstance(order, Refused) else batches.make(c, venue, key, order, by)
            if isinstance(made, Refused):
                return made
            detail = f"{read.want.quantity} of product {read.want.product}, {read.option.value}"
            return Go(f"{BATCHES}/{made.id}", "batch-made", detail)

        subject = str(read.want.product)
        done = await site.act(request, form, "make-batch", subject, deed)
        return await new(request, done) if isinstance(done, Refused) else went(done)

    async def one(request: web.Request, refused: Refused | None = None) -> web.Response:
        id_, venue, now = int(request.match_info["id"]), api.venue, api.clock()
        told = await api.database.read(lambda c: _told(c, venue, id_, site.by(request)))
        if isinstance(told, Refused):
            return site.problem(request, 404, told.detail)
        return site.page(
            request,
            "batch.html",
            409 if refused else 200,
            refused=refused,
            told=told,
            state=told.request.status_at(now).value,
            shown=told.tickets[:TICKETS],
            **words(venue),
        )

    async def as_csv(request: web.Request) -> web.Response:
        id_ = int(request.match_info["id"])
        told = await api.database.read(lambda c: _exported(c, id_))
        if isinstance(told, Refused):
            return site.problem(request, 404, told.detail)
        named = {"Content-Disposition": f'attachment; filename="batch-{id_}.csv"'}
        text = batch_csv(told)
        return web.Response(text=text, content_type="text/csv", charset="utf-8", headers=named)

    async def cancel(request: web.Request) -> web.Response:
        form, id_ = await posted(request), int(request.match_info["id"])
        reason = form.text("reason", least=1)
        form.check()

        def deed(c: Connection, by: By) -> Go | Refused:
            done = batches.cancel(c, id_, reason, by)
            if isinstance(done, Refused):
                return done
            return Go(f"{BATCHES}/{id_}", "batch-cancelled", reason)

        done = await site.act(request, form, "cancel-batch", str(id_), deed)
        return await one(request, done) if isinstance(done, Refused) else went(done)

    return [
        web.get(BATCHES, site.staff(Right.BATCHES, listed)),
        web.get(BATCHES + "/new", site.staff(Right.BATCHES, new)),
        web.post(BATCHES + "/new", site.staff(Right.BATCHES, make)),
        web.get(ONE, site.staff(Right.BATCHES, one)),
        web.get(ONE + ".csv", site.staff(Right.BATCHES, as_csv)),
        web.post(ONE, site.staff(Right.BATCHES, cancel)),
    ]


_TYPED = ("quantity", "reason", "name", "email", "order", "text", "reference", "until")


def _goods(venue: Venue) -> list[tuple[Attraction, Offer]]:
    sold = venue.sold_by(Channel.OFFICE)
    return [
        (one, offer)
        for one in sold.attractions
        for offer in one.products
        if offer.kind is not ProductKind.VOUCHER
    ]


def _asked_for(form: Form, language: str) -> Order:
    want = Wanted(
        form.number("product", 1, MAX_PRODUCT),
        form.text("slot", MAX_SLOT),
        form.number("quantity", 1, MAX_BATCH, 1),
        day_in(form, "day"),
        text=form.text("text"),
    )
    option = form.choice("option", PaymentOption)
    if option not in BATCH_OPTIONS:
        form.problems.append(("option", "prepaid, postpaid or not paid"))
    if form.text("method", 20) not in ("", *METHODS):
        form.problems.append(("method", f"one of {', '.join(METHODS)}"))
    reference, free = form.text("reference", 100), Money(Decimal(0), "")
    paid = Payment(form.text("method", 20) or METHODS[0], reference, free)
    return Order(
        want,
        option,
        day_in(form, "until"),
        payment=paid if option is PaymentOption.PREPAID else None,
        reason=form.text("reason"),
        language=language,
        holder=Holder(form.text("name"), form.text("email")),
        references=References(form.text("order", 100)),
    )


def _paying(connection: Connection, venue: Venue, order: Order, by: By) -> Order | Refused:
    """Prepaid ones are paid with what they cost now, whatever a page says."""
    known = guests.checked(order.holder or Holder(), "")
    if isinstance(known, Refused):
        return known
    if order.payment is None:
        return order
    wish = Wish((order.want,), Channel.OFFICE.value, order.language, batches.HELD)
    priced = cart.quote(connection, venue, wish, by)
    if isinstance(priced, Refused):
        return priced
    reference = order.payment.reference or by.who
    paid = replace(order.payment, reference=reference, amount=priced.lines[0].total)
    return replace(order, payment=paid)


def _told(connection: Connection, venue: Venue, id_: int, by: By) -> Told | Refused:
    found = batches.one(connection, id_)
    if isinstance(found, Refused):
        return found
    request = find(connection, found.token)
    if isinstance(request, Refused):
        return request
    return Told(
        found,
        request,
        shown_line(connection, venue, request.lines[0], None, by.at),
        dues.terms(connection, request.id),
        dues.due(connection, request),
        batches.export(connection, request),
    )


def _exported(connection: Connection, id_: int) -> list[Exported] | Refused:
    found = batches.one(connection, id_)
    request = found if isinstance(found, Refused) else find(connection, found.token)
    return request if isinstance(request, Refused) else batches.export(connection, request)
