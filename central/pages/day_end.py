"""What is in a till, and the end of its day."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import Connection, select

from central.money import days
from central.money.days import DayEnd
from central.money.ledger import lock_till
from central.pages.forms import asked, posted
from central.pages.sell_pay import CASH
from central.pages.site import Go, Site, member_of, went
from central.sale.states import By, Refused
from central.staff.roles import Right
from central.store.schema import till

DAY_END = "/office/day-end"
ONE = DAY_END + "/{id:[0-9]{1,9}}"
SHOWN = 20
NOT_YOURS = "Only a supervisor sees the tills of others."


def routes(site: Site) -> list[web.RouteDef]:
    api = site.api

    def device_in(request: web.Request, asked_for: str) -> str:
        member = member_of(request)
        if asked_for not in ("", member.name) and not member.may(Right.REFUND):
            raise web.HTTPForbidden(reason=NOT_YOURS)
        return asked_for or member.name

    async def show(request: web.Request, refused: Refused | None = None) -> web.Response:
        form, member = asked(request), member_of(request)
        device = device_in(request, form.text("till", 40))
        before = form.number("before", 0, 2**31 - 1)
        form.check()
        others = member.may(Right.REFUND)

        def look(c: Connection) -> tuple[days.Json, list[DayEnd], list[str]]:
            tills = list(c.scalars(select(till.c.device).order_by(till.c.device)))
            return days.so_far(c, device), days.of_till(c, device, before, SHOWN), tills

        body, ends, tills = await api.database.read(look)
        return site.page(
            request,
            "day-end.html",
            409 if refused else 200,
            refused=refused,
            device=device,
            body=body,
            ends=ends,
            more=ends[-1].id if len(ends) == SHOWN else None,
            tills=tills if others else [],
            cash=cash_in(body),
        )

    async def close(request: web.Request) -> web.Response:
        form = await posted(request)
        device = device_in(request, form.text("till", 40))
        last = form.number("last", 0, 2**62)
        form.check()

        def deed(c: Connection, by: By) -> Go | Refused:
            body = days.so_far(c, device)
            if not body["accounts"] and not body["receipts"]["count"]:
                return Refused("nothing_new", "Nothing happened at this till since its last end.")
            lock_till(c, device)
            if (days.so_far(c, device)["receipts"]["last"] or 0) != last:
                return Refused("till_moved", "There is more in the till by now. Look again.")
            end = days.close(c, device, by)
            return Go(f"{DAY_END}/{end.id}", "day-ended", f"{device} {end.number}")

        done = await site.act(request, form, "day-end", device, deed)
        return await show(request, done) if isinstance(done, Refused) else went(done)

    async def one(request: web.Request) -> web.Response:
        id_ = int(request.match_info["id"])
        end = await api.database.read(lambda c: days.find(c, id_))
        if isinstance(end, Refused):
            return site.problem(request, 404, end.detail)
        device_in(request, end.device)
        return site.page(
            request, "day-end-one.html", end=end, body=end.body, cash=cash_in(end.body)
        )

    return [
        web.get(DAY_END, site.staff(Right.SELL, show)),
        web.post(DAY_END, site.staff(Right.SELL, close)),
        web.get(ONE, site.staff(Right.SELL, one)),
    ]


def cash_in(body: days.Json) -> list[str]:
    """What should be in the drawer, besides the change it began with."""
    sums = [one for one in body["methods"] if one["method"] == CASH]
    return [f"{one['total']} {one['currency']}" for one in sums]
