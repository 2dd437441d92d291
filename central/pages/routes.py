"""All pages, and the files they load."""

from __future__ import annotations

from importlib.resources import files

from aiohttp import web

from central.http.api import Api
from central.pages import accounts, sign_in
from central.pages.guard import HEADERS
from central.pages.site import Handler, Site

PAGES = (accounts, sign_in)
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
