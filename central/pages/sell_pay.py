"""Payment and Validate: what is due, how it is paid, what the visitor gets."""

from __future__ import annotations

from decimal import Decimal

from aiohttp import web
from sqlalchemy import Connection

from admission.values import Money
from central.money.dues import PaymentOption, Terms
from central.pages.desk import desk_of
from central.pages.forms import Form, posted
from central.pages.sell import SELL
from central.pages.sell_holder import PAY
from central.pages.sell_shown import till_of, words
from central.pages.site import Go, Site, member_of, to, went
from central.sale import checkout, handover, spending
from central.sale.checkout import NOT_THIS
from central.sale.handover import Ways
from central.sale.states import By, Payment, Refused, Status, TicketRequest
from central.staff.people import Member
from central.staff.roles import Right

METHODS = ("cash", "card", "transfer")
CASH = "cash"
MORE_THAN_DUE = Refused("overpaid", "That is more than what is due.")
NO_REFERENCE = Refused("cash_reference", "Cash has no receipt number: was it card or transfer?")
MISSING = Refused("no_amount", "Write how much is paid.")
TERMS = {
    PaymentOption.INVITATION: Right.INVITE,
    PaymentOption.NOT_PAID: Right.BATCHES,
    PaymentOption.POSTPAID: Right.BATCHES,
}
"""Ways that do not wait for the money, and who may choose them."""


def routes(site: Site) -> list[web.RouteDef]:
    api = site.api

    async def show(request: web.Request, refused: Refused | None = None) -> web.Response:
        by, venue, member = site.by(request), api.venue, member_of(request)
        till = await api.database.read(lambda c: till_of(c, venue, by))
        if till is None:
            return to(SELL)
        return site.page(
            request,
            "sell-pay.html",
            409 if refused else 200,
            refused=refused,
            methods=METHODS,
            options=[one for one, right in TERMS.items() if member.may(right)],
            desk=desk_of(request),
            **vars(till),
            **words(venue),
        )

    async def pay(request: web.Request) -> web.Response:
        form, key, currency = await posted(request), api.key, api.venue.currency
        token, method = form.text("token", 64), form.text("method", 20)
        amount, reference = form.amount("amount"), form.text("reference", 100)
        ways = ways_in(form, desk_of(request))
        if method not in (*METHODS, spending.METHOD):
            form.problems.append(("method", f"one of {', '.join(METHODS)}"))
        form.check()

        def deed(c: Connection, by: By) -> Go | Refused:
            sale = checkout.sale_at(c, token, by)
            if isinstance(sale, Refused):
                return NOT_THIS
            due, given = sale.due.amount, amount
            if due and given is None:
                return MISSING
            if method == CASH and reference:
                return NO_REFERENCE
            if given is not None and given > due and method != CASH and due:
                return MORE_THAN_DUE
            paid = Money(min(due, given or Decimal(0)), currency)
            payment = Payment(method, reference or by.who, paid)
            done = checkout.pay(c, key, token, payment, by)
            if isinstance(done, Refused):
                return checkout.in_full(c, api.venue, done, by.at)
            before = sale.request.status is Status.CONFIRMED
            change = given if due and method == CASH else None
            return _next(c, done, None if before else ways, change, by)

        done = await site.act(request, form, "take-payment", token, deed)
        return await show(request, done) if isinstance(done, Refused) else went(done)

    async def choose(request: web.Request) -> web.Response:
        form, key, member = await posted(request), api.key, member_of(request)
        option = form.choice("option", PaymentOption, PaymentOption.INVITATION)
        token, reason = form.text("token", 64), form.text("reason", least=1)
        ways = ways_in(form, desk_of(request))
        form.check()
        if not may_choose(member, option):
            raise web.HTTPForbidden(reason=f"A {member.role.value} may not do that.")

        def deed(c: Connection, by: By) -> Go | Refused:
            before = checkout.sale_at(c, token, by)
            if isinstance(before, Refused):
                return NOT_THIS
            done = checkout.choose(c, key, token, Terms(option, reason), by)
            if isinstance(done, Refused):
                return checkout.in_full(c, api.venue, done, by.at)
            fresh = before.request.status is not Status.CONFIRMED
            return _next(c, done, ways if fresh else None, None, by)

        done = await site.act(request, form, option.value.replace("_", "-"), token, deed)
        return await show(request, done) if isinstance(done, Refused) else went(done)

    return [
        web.get(PAY, site.staff(Right.SELL, show)),
        web.post(PAY, site.staff(Right.SELL, pay)),
        web.post(PAY + "/option", site.staff(Right.SELL, choose)),
    ]


def may_choose(member: Member, option: PaymentOption) -> bool:
    right = TERMS.get(option)
    return right is not None and member.may(right)


def ways_in(form: Form, desk: str) -> Ways:
    return Ways(desk if form.ticked("print") else "", form.ticked("sms"), form.ticked("email"))


def done_path(token: str) -> str:
    return f"{SELL}/done/{token}"


def _next(
    connection: Connection, done: TicketRequest, ways: Ways | None, given: Decimal | None, by: By
) -> Go:
    """The next payment, or, when it was the last, handing over, unless that was done before."""
    if done.status is not Status.CONFIRMED:
        return Go(PAY, "part-paid", done.authorisation)
    if ways:
        handover.hand_over(connection, done, ways, by)
    told = f"?given={given:f}" if given else ""
    detail = f"{done.authorisation} validated: {ways.told if ways else 'before'}"
    return Go(done_path(done.token) + told, "", detail)
