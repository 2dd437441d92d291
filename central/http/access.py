"""Who may ask for what: a bearer token names a client, its kind tells what it may do."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping
from enum import Enum
from typing import Any

from aiohttp import hdrs, web

from central.http.address import LOOPBACK, address_of
from central.http.rate import WRONG_TOKENS, Limiter, network_of, too_often
from central.http.web import Handler, problem
from central.settings import DeviceKind, DeviceSettings, Rate

PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
"""Headers by which a proxy says that the request is not its own."""
_CLIENT = web.RequestKey("client", str)
_SCOPES = web.RequestKey("scopes", frozenset)


class Scope(Enum):
    """SHOP: see what is on offer. SELL: act on ticket requests. FEED: hear all facts, as gates do.
    OFFICE: what staff does and sees, money and customers included. DESK: tell what was read at a
    counter, print there."""

    SHOP = "shop"
    SELL = "sell"
    FEED = "feed"
    OFFICE = "office"
    DESK = "desk"


SCOPES = {
    DeviceKind.KIOSK: frozenset({Scope.SHOP, Scope.SELL, Scope.FEED}),
    DeviceKind.GATE: frozenset({Scope.FEED}),
    DeviceKind.WEB: frozenset({Scope.SHOP, Scope.SELL}),
    DeviceKind.OFFICE: frozenset(Scope) - {Scope.DESK},
    DeviceKind.DESK: frozenset({Scope.DESK}),
}


def client_of(request: web.Request) -> str:
    """The id of the client that asks."""
    return request[_CLIENT]


def needs(scope: Scope, handler: Handler) -> Handler:
    """The handler, for clients with this scope only."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        if scope not in request[_SCOPES]:
            return problem(
                403, "forbidden", f"{client_of(request)} may not do that ({scope.value})"
            )
        return await handler(request)

    return guarded


def unless_local(scope: Scope, handler: Handler) -> Handler:
    """The handler, for clients with this scope, and without a token for this computer. What a
    proxy passes on comes from elsewhere."""
    guarded = needs(scope, handler)

    async def guard(request: web.Request) -> web.StreamResponse:
        if request.remote in LOOPBACK and not any(h in request.headers for h in PASSED_ON):
            return await handler(request)
        return await guarded(request) if _CLIENT in request else unauthorised()

    return guard


def unauthorised() -> web.Response:
    answer = problem(401, "unauthorised", "tell a client's token as Authorization: Bearer")
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def authorised(devices: Mapping[str, DeviceSettings], writes: Rate, *, proxy: bool = False) -> Any:
    """Middleware: lets in who tells a client's token, notes which one it is, and slows down who
    writes too often. Who tells wrong tokens is slowed down by network address; a right one is let
    in all the same, for many may share an address. A password that a proxy asked for is no token.
    """
    wrong, written = Limiter(WRONG_TOKENS), Limiter(writes)
    tokens = {name: f"Bearer {device.token}".encode() for name, device in devices.items()}

    @web.middleware
    async def authorise(request: web.Request, handler: Handler) -> web.StreamResponse:
        told = request.headers.get("Authorization", "").encode(errors="surrogateescape")
        fits = [name for name, token in tokens.items() if hmac.compare_digest(told, token)]
        if fits:
            request[_CLIENT] = fits[0]
            request[_SCOPES] = SCOPES[devices[fits[0]].kind]
            if request.method == hdrs.METH_POST and (wait := written.wait(fits[0], _seconds())):
                return too_often(wait, f"{fits[0]} writes too often; see [http] rate")
        elif told.startswith(b"Bearer ") or request.path.startswith("/v1/"):
            if wait := wrong.wait(network_of(address_of(request, proxy=proxy)), _seconds()):
                return too_often(wait, "too many wrong tokens from this address")
            if request.path.startswith("/v1/"):
                return unauthorised()
        return await handler(request)

    return authorise


def _seconds() -> float:
    return asyncio.get_running_loop().time()
