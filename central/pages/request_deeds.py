"""What staff do with a request: hand it out, send it, cancel it, give money back."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from aiohttp import web
from sqlalchemy import Connection

from admission.values import Money
from central.delivery import notices
from central.money import dues, ledger, returns
from central.office import handing
from central.pages.desk import desk_of
from central.pages.forms import Form, posted
from central.pages.requests import METHODS, ONE, one, path_of
from central.pages.site import Deed, Go, Site, went
from central.papers import links
from central.sale import checkout, handover, requests, tickets
from central.sale.request_rows import find
from central.sale.states import By, Payment, Refused, Status, TicketRequest
from central.staff.roles import Right

NOBODY = Refused("nobody", "Nothing to send, or no e-mail address and phone number to send it to.")
NONE_TICKED = Refused("none_ticked", "Tick the tickets that are given back.")
UNCLEAR = Refused(
    "unclear", "Choose one: all that was paid, the tickets that are ticked, or the amount."
)
NO_AMOUNT = Refused("wrong_amount", "Write how much is given back.")
PAID_OTHERWISE = Refused(
    "paid_otherwise", "Money was paid or given back meanwhile. Look at it; nothing was done."
)


class What(Enum):
    """What is given back."""

    ALL = "all"
    TICKETS = "tickets"
    AMOUNT = "amount"


def routes(site: Site) -> list[web.RouteDef]:
    return [*_of_tickets(site), *_of_money(site)]


async def _act(
    site: Site, request: web.Request, form: Form, action: str, deed: Callable[[str], Deed]
) -> web.Response:
    """Do it to the request of the address; what is refused is told on its page."""
    token = request.match_info["token"]
    done = await site.act(request, form, action, token, deed(token))
    return await one(site, request, done) if isinstance(done, Refused) else went(done)


def _of_tickets(site: Site) -> list[web.RouteDef]:
    api = site.api

    async def hand_out(request: web.Request) -> web.Response:
        """Validate: take what is due, make the tickets, print them if that is wished."""
        form, key, desk = await posted(request), api.key, desk_of(request)
        payment, printing = payment_in(form, api.venue.currency), form.ticked("print")
        form.check()

        def deed(token: str) -> Deed:
            def work(c: Connection, by: By) -> Go | Refused:
                if printing and not desk:
                    return handover.NO_DESK
                done = handing.pick_up(c, key, token, payment, by)
                if isinstance(done, Refused):
                    return checkout.in_full(c, api.venue, done, by.at)
                if left := dues.due(c, done).amount:
                    return Go(path_of(token), "part-paid", f"{left:f} are still due")
                if printing:
                    handover.put_print(c, done, desk, by)
                how = f"{payment.method} {payment.amount.amount:f}" if payment else "nothing due"
                return Go(path_of(token), "printed" if printing else "handed-out", how)

            return work

        return await _act(site, request, form, "hand-out", deed)

    async def send(request: web.Request) -> web.Response:
        form, desk = await posted(request), desk_of(request)
        how = form.text("how", 10)
        form.check()

        def deed(token: str) -> Deed:
            def work(c: Connection, by: By) -> Go | Refused:
                found = find(c, token, lock=True)
                if isinstance(found, Refused):
                    return found
                if how == "print":
                    if not desk:
                        return handover.NO_DESK
                    if found.status is not Status.CONFIRMED:
                        return handover.NOT_SOLD
                    handover.put_print(c, found, desk, by)
                    return Go(path_of(token), "printed", desk)
                ways = {"phone": how == "sms", "email": how == "email"}
                sent = notices.send_tickets(c, found, by, again=True, **ways)
                return Go(path_of(token), "sent-again", how) if sent else NOBODY

            return work

        return await _act(site, request, form, "send", deed)

    async def link(request: web.Request) -> web.Response:
        form = await posted(request)

        def deed(token: str) -> Deed:
            def work(c: Connection, by: By) -> Go | Refused:
                found = find(c, token, lock=True)
                if isinstance(found, Refused):
                    return found
                links.secret_of(c, found.id, by)
                for issued in tickets.of_request(c, found):
                    links.secret_of(c, found.id, by, issued.ticket.id)
                return Go(path_of(token), "linked")

            return work

        return await _act(site, request, form, "make-links", deed)

    return [
        web.post(ONE + "/hand-out", site.staff(Right.EXCHANGE, hand_out)),
        web.post(ONE + "/send", site.staff(Right.SELL, send)),
        web.post(ONE + "/links", site.staff(Right.SELL, link)),
    ]


def _of_money(site: Site) -> list[web.RouteDef]:
    api = site.api

    async def cancel(request: web.Request) -> web.Response:
        form = await posted(request)
        reason = form.text("reason", least=1)
        form.check()

        def deed(token: str) -> Deed:
            def work(c: Connection, by: By) -> Go | Refused:
                before = find(c, token, lock=True)
                if isinstance(before, Refused):
                    return before
                if gone := _cannot_cancel(c, before):
                    return gone
                done = requests.cancel(c, token, reason, by)
                go = Go(path_of(token), "request-cancelled", reason)
                return done if isinstance(done, Refused) else go

            return work

        return await _act(site, request, form, "cancel", deed)

    async def refund(request: web.Request) -> web.Response:
        form, currency = await posted(request), api.venue.currency
        what, amount, paid = form.choice("what", What), form.amount("amount"), form.amount("paid")
        method, reference = method_in(form), form.text("reference", 100)
        reason = form.text("reason", least=1)
        codes = {name.removeprefix("t-") for name in form.names("t-")}
        form.check()
        money = Money(amount, currency) if amount is not None else None

        def deed(token: str) -> Deed:
            def work(c: Connection, by: By) -> Go | Refused:
                found = find(c, token, lock=True)
                if isinstance(found, Refused):
                    return found
                if paid is not None and paid != ledger.balances(c, found.id).paid:
                    return PAID_OTHERWISE
                ids = ids_of(c, found, codes)
                if gone := _unclear(what, money, ids):
                    return gone
                wanted = returns.Refund(method, reference, reason, money, ids)
                done = returns.refund(c, token, wanted, by)
                detail = f"{what.value} by {method}: {reason}"
                return done if isinstance(done, Refused) else Go(path_of(token), "refunded", detail)

            return work

        return await _act(site, request, form, "refund", deed)

    return [
        web.post(ONE + "/cancel", site.staff(Right.REFUND, cancel)),
        web.post(ONE + "/refund", site.staff(Right.REFUND, refund)),
    ]


def _unclear(what: What, money: Money | None, ids: tuple[int, ...]) -> Refused | None:
    """What was written beside that is not what was chosen: money must not go by mistake."""
    if what is What.TICKETS and not ids:
        return NONE_TICKED
    if what is What.AMOUNT and money is None:
        return NO_AMOUNT
    beside = (what is not What.AMOUNT and money) or (what is not What.TICKETS and ids)
    return UNCLEAR if beside else None


def payment_in(form: Form, currency: str) -> Payment | None:
    """What was shown to be due and is paid now; None where nothing was."""
    amount = form.amount("due")
    if not amount:
        return None
    method = method_in(form)
    reference = form.text("reference", 100) or method
    return Payment(method, reference, Money(amount, currency))


def method_in(form: Form) -> str:
    """How money changes hands; the other ways are not for a counter."""
    method = form.text("method", 40, least=1)
    if method not in METHODS:
        form.problems.append(("method", f"one of {', '.join(METHODS)}"))
    return method


def ids_of(c: Connection, request: TicketRequest, codes: set[str]) -> tuple[int, ...]:
    """The ids of the request's tickets with these human codes."""
    issued = tickets.of_request(c, request)
    return tuple(one.ticket.id for one in issued if one.human_code in codes)


def _cannot_cancel(c: Connection, request: TicketRequest) -> Refused | None:
    """Why it should not just be cancelled: somebody went in with it."""
    issued = tickets.of_request(c, request)
    if returns.used(c, [one.ticket.id for one in issued]):
        return Refused("used", "Somebody went in with a ticket of it: give single tickets back.")
    return None
