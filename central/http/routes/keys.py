"""Signing keys: what there are, and a kiosk's own for offline sale."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import Connection

from admission.values import IssuerKey
from central import device_keys, keys
from central.http.access import Scope, client_of, needs
from central.http.answers import Json
from central.http.api import Api
from central.http.bodies import read_body
from central.http.bodies_capacity import NewKey
from central.http.idempotency import Answer
from central.http.web import json
from central.sale.states import By, Refused
from central.settings import DeviceKind


def routes(api: Api) -> list[web.RouteDef]:
    async def listed(request: web.Request) -> web.Response:
        known = await api.database.read(keys.told)
        return json({"keys": [_key(one) for one in known.values()]})

    async def register(request: web.Request) -> web.Response:
        body, device = await read_body(request, NewKey), client_of(request)
        kind = api.settings.devices[device].kind

        def act(connection: Connection, by: By) -> Answer | Refused:
            if kind is not DeviceKind.KIOSK:
                return Refused("no_kiosk", "only a kiosk sells offline")
            made = device_keys.register(connection, bytes.fromhex(body.public), by)
            return made if isinstance(made, Refused) else Answer(201, _key(made))

        return await api.once(request, act)

    return [
        web.get("/v1/keys", needs(Scope.SELL, listed)),
        web.post("/v1/keys", needs(Scope.SELL, register)),
    ]


def _key(key: IssuerKey) -> Json:
    return {
        "id": key.id,
        "device": key.device or keys.NAME,
        "public": key.public.hex(),
        "valid_from": key.valid_from.isoformat(),
        "valid_until": key.valid_until and key.valid_until.isoformat(),
        "revoked_at": key.revoked_at and key.revoked_at.isoformat(),
    }
