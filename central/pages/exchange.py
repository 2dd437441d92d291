"""Exchange: tickets of a request for others, with what is due shown before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from aiohttp import web
from sqlalchemy import Connection

from admission.values import Money
from central.capacity import slots
from central.capacity.slots import Listed
from central.catalogue.offers import Offer, ProductKind, SlotPolicy
from central.catalogue.venue import Attraction, Venue
from central.office import dossier, handing
from central.office.dossier import Dossier
from central.office.handing import Preview, Swap
from central.pages.forms import Form, asked, posted
from central.pages.request_deeds import NONE_TICKED, ids_of, payment_in
from central.pages.requests import METHODS, ONE, path_of
from central.pages.sell_forms import day_in
from central.pages.site import Go, Site, went
from central.sale.request_rows import find
from central.sale.states import By, Refused
from central.sale.wishes import Wanted
from central.settings import Channel
from central.staff.roles import Right

MAX_QUANTITY = 100
MAX_PRODUCT = 65535


@dataclass(frozen=True)
class Choice:
    """What is ticked and chosen so far. `where` is the attraction of which a time is chosen, ""
    for what needs none."""

    codes: frozenset[str]
    product: int
    quantity: int
    day: date
    slot: str
    where: str

    @property
    def want(self) -> Wanted:
        taken = {self.where: self.slot} if self.where and self.slot else {}
        day = None if self.where else self.day
        return Wanted(self.product, "", self.quantity, day, taken)


@dataclass(frozen=True)
class Shown:
    """Everything on the page; `preview` once all is chosen."""

    one: Dossier
    choice: Choice
    times: Sequence[Listed]
    preview: Preview | Refused | None


def routes(site: Site) -> list[web.RouteDef]:
    api = site.api

    async def show(request: web.Request) -> web.Response:
        return await page(request, asked(request))

    async def page(
        request: web.Request, form: Form, refused: Refused | None = None
    ) -> web.Response:
        token, venue, by = request.match_info["token"], api.venue, site.by(request)
        wanted = _asked(form)
        form.check()
        told = await api.database.read(lambda c: _shown(c, venue, token, wanted, by))
        if isinstance(told, Refused):
            return site.problem(request, 404, "There is no request with this token.")
        gone = told.preview if isinstance(told.preview, Refused) else None
        products = [(a, o) for a in venue.sold_by(Channel.OFFICE).attractions for o in _sold(a)]
        return site.page(
            request,
            "exchange.html",
            409 if refused else 200,
            refused=refused or gone,
            shown=told,
            preview=None if gone else told.preview,
            products=products,
            methods=METHODS,
            path_of_request=path_of(token),
            most=MAX_QUANTITY,
        )

    async def swap(request: web.Request) -> web.Response:
        form, token, venue = await posted(request), request.match_info["token"], api.venue
        wanted, payment, key = _asked(form), payment_in(form, venue.currency), api.key
        shown = form.amount("total")
        form.check()
        total = Money(shown, venue.currency) if shown is not None else None

        def deed(c: Connection, by: By) -> Go | Refused:
            old = find(c, token, lock=True)
            if isinstance(old, Refused):
                return old
            codes = wanted.codes or frozenset()
            if not (ids := ids_of(c, old, set(codes))):
                return NONE_TICKED
            today = by.at.astimezone(venue.zone).date()
            choice = _chosen(venue, wanted, today, wanted.product or 0, len(ids))
            done = handing.swap(c, venue, key, Swap(token, ids, choice.want, payment, total), by)
            if isinstance(done, Refused):
                return done
            told = f"{', '.join(sorted(codes))} for {done.authorisation}"
            return Go(path_of(done.token), "exchanged", told)

        done = await site.act(request, form, "exchange", token, deed)
        return await page(request, form, done) if isinstance(done, Refused) else went(done)

    return [
        web.get(ONE + "/exchange", site.staff(Right.EXCHANGE, show)),
        web.post(ONE + "/exchange", site.staff(Right.EXCHANGE, swap)),
    ]


@dataclass(frozen=True)
class _Asked:
    """As the address or the form says; None for what it does not."""

    codes: frozenset[str] | None
    product: int | None
    quantity: int | None
    day: date | None
    slot: str


def _asked(form: Form) -> _Asked:
    codes = frozenset(name.removeprefix("t-") for name in form.names("t-"))
    return _Asked(
        codes if codes or "product" in form else None,
        form.number("product", 1, MAX_PRODUCT) or None,
        form.number("quantity", 1, MAX_QUANTITY) or None,
        day_in(form, "day"),
        form.text("slot", 64),
    )


def _shown(
    connection: Connection, venue: Venue, token: str, wanted: _Asked, by: By
) -> Shown | Refused:
    one = dossier.whole(connection, token, by.at)
    if isinstance(one, Refused):
        return one
    ours = {issued.human_code: issued for issued in one.standing}
    codes = ours.keys() if wanted.codes is None else wanted.codes & ours.keys()
    first = next((ours[code] for code in ours if code in codes), None)
    today = by.at.astimezone(venue.zone).date()
    start = first.ticket.window.start.astimezone(venue.zone).date() if first else today
    product = wanted.product or (first.ticket.product if first else 0)
    told = _Asked(frozenset(codes), product, wanted.quantity, wanted.day, wanted.slot)
    choice = _chosen(venue, told, max(start, today), product, len(codes))
    times = _times(connection, choice, by)
    timed = not choice.where or choice.slot in {time.slot.id for time in times}
    ready = bool(wanted.product and codes and timed)
    ids = tuple(ours[code].ticket.id for code in codes)
    done = handing.preview(connection, venue, Swap(token, ids, choice.want), by) if ready else None
    return Shown(one, choice, times, done)


def _chosen(venue: Venue, wanted: _Asked, day: date, product: int, count: int) -> Choice:
    found = venue.offer(product)
    where = _where(found[0].id, found[1]) if found else ""
    codes, quantity = wanted.codes or frozenset(), wanted.quantity or max(count, 1)
    return Choice(codes, product, quantity, wanted.day or day, wanted.slot, where)


def _where(attraction: str, offer: Offer) -> str:
    """The attraction of which a time slot must be chosen; "" if none must."""
    asks = offer.asks(attraction)
    chosen = [one for one in asks if one.slot is SlotPolicy.CHOSEN and not one.optional]
    return chosen[0].attraction if chosen else ""


def _times(connection: Connection, choice: Choice, by: By) -> list[Listed]:
    """What can be bought of the day."""
    if not choice.where:
        return []
    days, channel = (choice.day, choice.day), Channel.OFFICE.value
    found = slots.on_days(connection, choice.where, days, by.at, channel=channel)
    return [one for one in found if one.off_sale(by.at) is None]


def _sold(attraction: Attraction) -> list[Offer]:
    return [offer for offer in attraction.products if offer.kind is not ProductKind.VOUCHER]
