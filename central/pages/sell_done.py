"""After Validate: the receipt, the change, what was sent, and the next visitor."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from aiohttp import web
from sqlalchemy import Connection, select

from admission.values import Money
from central.catalogue.venue import Venue
from central.money import dues, ledger
from central.money.dues import Terms
from central.money.ledger import Receipt
from central.pages.desk import desk_of
from central.pages.forms import asked, posted
from central.pages.sell import SELL
from central.pages.sell_pay import CASH, done_path
from central.pages.sell_shown import Shown, shown_lines, words
from central.pages.site import Go, Site, to, went
from central.sale import guests, handover, tickets, vouchers
from central.sale.handover import NO_DESK, Ways
from central.sale.request_rows import find
from central.sale.states import By, Holder, IssuedTicket, Refused, Status, TicketRequest
from central.sale.vouchers import Voucher
from central.staff.roles import Right
from central.store.schema import delivery

DONE = SELL + "/done/{token:[A-Za-z0-9_-]{1,64}}"


@dataclass(frozen=True)
class Done:
    """A sale that is final. `sent` are (kind, to, state) of what goes to the visitor."""

    request: TicketRequest
    lines: tuple[Shown, ...]
    due: Money
    terms: Terms
    receipts: list[Receipt]
    tickets: list[IssuedTicket]
    vouchers: list[Voucher]
    sent: list[tuple[str, str, str]]

    def change(self, given: Decimal | None) -> Money | None:
        """What of the cash goes back."""
        taken = (one for one in self.receipts if one.amount.amount > 0)
        cash = [one.amount for one in taken if one.method == CASH]
        if given is None or not cash or given <= cash[-1].amount:
            return None
        return Money(given - cash[-1].amount, cash[-1].currency)


def routes(site: Site) -> list[web.RouteDef]:
    api = site.api

    async def show(
        request: web.Request, refused: Refused | None = None, typed: Holder | None = None
    ) -> web.Response:
        form, by, venue = asked(request), site.by(request), api.venue
        given, token = form.amount("given"), request.match_info["token"]
        form.check()
        done = await api.database.read(lambda c: _done(c, venue, token, by))
        if done is None:
            return to(SELL)
        return site.page(
            request,
            "sell-done.html",
            409 if refused else 200,
            refused=refused,
            done=done,
            change=done.change(given),
            desk=desk_of(request),
            holder=typed or done.request.holder or Holder(),
            **words(venue),
        )

    async def send(request: web.Request) -> web.Response:
        form, desk, sms = await posted(request), desk_of(request), api.settings.sms
        token, way = request.match_info["token"], form.text("way", 10)
        typed = Holder("", form.text("email"), form.text("phone", 60))
        form.check()

        def deed(c: Connection, by: By) -> Go | Refused:
            if way == "print" and not desk:
                return NO_DESK
            told = Holder(email=typed.email) if way == "email" else Holder()
            if way == "sms":
                told = Holder(phone=typed.phone)
            to_whom = guests.checked(told, sms.country if sms else "")
            if isinstance(to_whom, Refused):
                return to_whom
            ways = Ways(desk if way == "print" else "", way == "sms", way == "email")
            done = handover.again(c, token, ways, to_whom, by)
            return done if isinstance(done, Refused) else Go(done_path(token), "sent", ways.told)

        done = await site.act(request, form, "print-or-send", token, deed)
        return await show(request, done, typed) if isinstance(done, Refused) else went(done)

    return [
        web.get(DONE, site.staff(Right.SELL, show)),
        web.post(DONE, site.staff(Right.SELL, send)),
    ]


def _done(connection: Connection, venue: Venue, token: str, by: By) -> Done | None:
    """Of whoever sold it."""
    request = find(connection, token)
    if isinstance(request, Refused) or request.device != by.who:
        return None
    if request.status is not Status.CONFIRMED:
        return None
    sent = select(delivery.c.kind, delivery.c.to, delivery.c.state)
    rows = connection.execute(sent.where(delivery.c.request == request.id).order_by(delivery.c.id))
    return Done(
        request,
        shown_lines(connection, venue, request.lines, by.at),
        dues.due(connection, request),
        dues.terms(connection, request.id),
        ledger.receipts(connection, request.id),
        tickets.of_request(connection, request),
        vouchers.of_request(connection, request.id),
        [(row.kind, row.to, row.state) for row in rows],
    )
