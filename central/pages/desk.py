"""Which counter a browser stands at: chosen once, kept in a cookie."""

from __future__ import annotations

from aiohttp import web

COOKIE = "wicket-desk"
DESKS = web.AppKey("desks", frozenset[str])
"""The desks of central's settings, by their id."""


def desk_of(request: web.Request) -> str:
    """The id of the desk that this browser works with; "" if it has chosen none. What is to be
    printed there goes into a delivery of Kind.PRINT to it."""
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in request.app[DESKS] else ""
