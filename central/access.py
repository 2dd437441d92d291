"""Who may ask for what: a bearer token names a client, its kind tells what it may do."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from enum import Enum
from typing import Any

from aiohttp import web

from central.settings import DeviceKind, DeviceSettings
from central.web import Handler, problem

_CLIENT = web.RequestKey("client", str)
_SCOPES = web.RequestKey("scopes", frozenset)


class Scope(Enum):
    """SHOP: see what is on offer. SELL: act on ticket requests. FEED: hear all facts, as gates do.
    OFFICE: what staff does and sees, money and customers included."""

    SHOP = "shop"
    SELL = "sell"
    FEED = "feed"
    OFFICE = "office"


SCOPES = {
    DeviceKind.KIOSK: frozenset({Scope.SHOP, Scope.SELL, Scope.FEED}),
    DeviceKind.GATE: frozenset({Scope.FEED}),
    DeviceKind.WEB: frozenset({Scope.SHOP, Scope.SELL}),
    DeviceKind.OFFICE: frozenset(Scope),
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


def authorised(devices: Mapping[str, DeviceSettings]) -> Any:
    """Middleware: lets in who tells a client's token, and notes which one it is."""
    tokens = {name: f"Bearer {device.token}".encode() for name, device in devices.items()}

    @web.middleware
    async def authorise(request: web.Request, handler: Handler) -> web.StreamResponse:
        told = request.headers.get("Authorization", "").encode(errors="surrogateescape")
        fits = [name for name, token in tokens.items() if hmac.compare_digest(told, token)]
        if fits:
            request[_CLIENT] = fits[0]
            request[_SCOPES] = SCOPES[devices[fits[0]].kind]
        elif request.path.startswith("/v1/"):
            answer = problem(401, "unauthorised", "tell a client's token as Authorization: Bearer")
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        return await handler(request)

    return authorise
