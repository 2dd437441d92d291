"""Deliveries of a central in a test, and the HTTP driver that sends them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from support.central import Client
from support.sms_gateway import SmsGateway

from central.delivery import outbox, sms_http
from central.delivery.gateway import Gateway
from central.delivery.outbox import Delivery, Draft, Kind
from central.delivery.settings import HttpGateway, SmsSettings
from central.sale.states import By

PHONE = "+4915123456789"
JSON = '{"to": ["{to}"], "message": {"text": "{text}", "ref": "{id}"}}'


def by(central: Client) -> By:
    return By("office-1", central.clock())


async def put(central: Client, kind: Kind = Kind.SMS, to: str = PHONE, **changes: Any) -> int:
    text = {Kind.EMAIL: "mail.tickets"}.get(kind, "sms.tickets")
    values = {"link": "/t/secret", "order": "7KQ4-M2X0"}
    draft = replace(Draft(kind, to, text, "en", values), **changes)
    return await central.api.database.write(lambda c: outbox.put(c, draft, by(central)))


async def look(central: Client, id_: int) -> Delivery:
    found = await central.api.database.read(lambda c: outbox.find(c, id_))
    assert found
    return found


@asynccontextmanager
async def sms_of(central: Client, gateway: SmsGateway, **changes: Any) -> AsyncIterator[Gateway]:
    """The HTTP driver, with which central is configured too."""
    http = HttpGateway(**({"url": gateway.url, "json": JSON} | changes))
    configure(central, sms=SmsSettings(http, country="DE"))
    async with sms_http.opened(http) as driver:
        yield driver


def configure(central: Client, **changes: Any) -> None:
    object.__setattr__(central.api, "settings", replace(central.api.settings, **changes))
