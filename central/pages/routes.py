"""All pages, and the files they load."""

from __future__ import annotations

from importlib.resources import files

from aiohttp import web

from central.http.api import Api
from central.pages import (
    accounts,
    batches,
    coats,
    coats_in,
    coats_manage,
    coats_out,
    coats_public,
    coats_ticket,
    customers,
    day_end,
    deliveries,
    designs,
    desks,
    exchange,
    issued,
    live,
    request_deeds,
    requests,
    sell,
    sell_dialog,
    sell_done,
    sell_holder,
    sell_pay,
    sell_seats,
    sign_in,
    tickets_pdf,
    tickets_public,
    venue,
    why,
)
from central.pages.guard import HEADERS
from central.pages.site import Handler, Site

PAGES = (
    accounts,
    deliveries,
    sell,
    sell_dialog,
    sell_done,
    sell_holder,
    sell_pay,
    sell_seats,
    tickets_pdf,
    batches,
    day_end,
    desks,
    venue,
    live,
    designs,
    tickets_public,
    coats,
    coats_in,
    coats_manage,
    coats_out,
    coats_public,
    coats_ticket,
    requests,
    request_deeds,
    exchange,
    issued,
    why,
    customers,
    sign_in,
)
"""sign_in is the last: whatever is no page of the office is answered there."""
KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


def routes(api: Api) -> list[web.RouteDef]:
    site = Site(api)
    return [route for part in PAGES for route in part.routes(site)] + _static()


def _static() -> list[web.RouteDef]:
    """Every file of static/, read once."""
    folder = files("central.pages").joinpath("static")
    return [
        web.get(f"/static/{file.name}", _file(file.read_bytes(), file.name.rpartition(".")[2]))
        for file in folder.iterdir()
    ]


def _file(content: bytes, suffix: str) -> Handler:
    headers = HEADERS | {"Cache-Control": "max-age=600"}

    async def send(request: web.Request) -> web.Response:
        return web.Response(body=content, content_type=KINDS[suffix], headers=headers)

    return send
