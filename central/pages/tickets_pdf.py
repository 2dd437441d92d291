"""The tickets of a request as a PDF, for staff to print from the browser."""

from __future__ import annotations

import asyncio

from aiohttp import web

from central.pages.forms import asked
from central.pages.site import Site
from central.papers import pdf, sheet
from central.sale.request_rows import find
from central.sale.states import Refused
from central.staff.roles import Right

PDF = "/office/requests/{token:[A-Za-z0-9_-]{1,64}}/tickets.pdf"


def routes(site: Site) -> list[web.RouteDef]:
    api = site.api

    async def tickets(request: web.Request) -> web.Response:
        """Those that were not cancelled, from the ticket `first` on (0 is the first), at most
        pdf.MOST."""
        form, venue = asked(request), api.venue
        first, token = form.number("first", 0, 10_000), request.match_info["token"]
        form.check()
        found = await api.database.read(
            lambda c: (
                made
                if isinstance(made := find(c, token), Refused)
                else sheet.of_request(c, venue, made).good
            )
        )
        if isinstance(found, Refused) or not found.sheets[first:]:
            return site.problem(request, 404, "There is no ticket to print.")
        made = await asyncio.to_thread(pdf.tickets_pdf, found, first)
        named = {"Content-Disposition": f'inline; filename="tickets-{found.order}.pdf"'}
        return web.Response(body=made, content_type="application/pdf", headers=named)

    return [web.get(PDF, site.staff(Right.SELL, tickets))]
