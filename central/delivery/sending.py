"""Sends what waits to go out: the worker on duty does it, one queue for each kind.

At least once: what was handed over just before a power cut, and is not written down as sent, goes
out again with the same id, after outbox.TAKEN_FOR. When central stops, or its worker loses the
duty, what is on its way comes to its end first, for END_S.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from central.delivery import outbox, parcels, sms_apprise, sms_http
from central.delivery.gateway import Gateway, Needless, NotSent, without
from central.delivery.mail import Mail
from central.delivery.outbox import MAX_TRIES, ONCE, Delivery, Kind
from central.delivery.settings import SmsSettings
from central.delivery.sms_apprise import AppriseSms
from central.http.api import Api
from central.settings import CentralSettings, PublicSettings
from central.store.database import DatabaseDown, Work
from runtime.log import Repeats
from runtime.settings import BadSettings

log = logging.getLogger("wicket.central")

AT_ONCE = {Kind.SMS: 20, Kind.EMAIL: 3}
"""So many are sent at the same time; mail servers take few connections of one client."""
LOOK_EVERY_S = 0.5
END_S = 5.0
STALE = timedelta(days=1)
"""What nobody tried to send for so long, since no gateway was configured, comes too late."""


@dataclass(frozen=True)
class Lacking:
    """What cannot be sent, and the table of central.toml that it needs."""

    kind: str
    table: str


async def run(api: Api) -> None:
    """Send all that is due, of each kind for which a gateway is configured. Never returns, unless
    there is none. Raises BadSettings."""
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        for kind, opening in _gateways(api.settings):
            gateway = await stack.enter_async_context(opening)
            group.create_task(_queue(api, kind, gateway), name=f"{kind.value} queue")


def check(settings: CentralSettings) -> None:
    """Raises BadSettings."""
    if (settings.sms or settings.email) and settings.public.url == PublicSettings.url:
        told = "links in SMS and e-mails begin with it, and without it they lead to this computer"
        raise BadSettings([f"[public] url: {told}; write it, like 'https://tickets.museum.org'"])
    if settings.sms and settings.sms.apprise:
        sms_apprise.check(settings.sms)


def lacking(settings: CentralSettings, kinds: Collection[Kind]) -> list[Lacking]:
    """Those of the kinds that cannot be sent."""
    told = {
        Kind.SMS: ("SMS", "[sms]", settings.sms),
        Kind.EMAIL: ("E-mail", "[email]", settings.email),
    }
    return [
        Lacking(name, table)
        for kind, (name, table, there) in told.items()
        if kind in kinds and not there
    ]


def _gateways(
    settings: CentralSettings,
) -> list[tuple[Kind, AbstractAsyncContextManager[Gateway]]]:
    found: list[tuple[Kind, AbstractAsyncContextManager[Gateway]]] = []
    if settings.sms:
        found.append((Kind.SMS, _sms(settings.sms)))
    if settings.email:
        found.append((Kind.EMAIL, _ready(Mail(settings.email))))
    return found


def _sms(settings: SmsSettings) -> AbstractAsyncContextManager[Gateway]:
    return sms_http.opened(settings.http) if settings.http else _ready(AppriseSms(settings))


@asynccontextmanager
async def _ready(gateway: Gateway) -> AsyncIterator[Gateway]:
    yield gateway


async def _queue(api: Api, kind: Kind, gateway: Gateway) -> None:
    repeats = Repeats(log)
    while True:
        try:
            sent = await send_due(api, kind, gateway)
            repeats.healed(f"{kind.value} goes out again")
        except DatabaseDown as down:
            sent = 0
            repeats.failed(f"no {kind.value} goes out: {down}")
        if not sent:
            await asyncio.sleep(LOOK_EVERY_S)


async def send_due(api: Api, kind: Kind, gateway: Gateway) -> int:
    """Send what is due now, at most AT_ONCE, and write down how it went; how many it were. Raises
    DatabaseDown."""
    now = api.clock()
    if not await api.database.read(partial(outbox.due, kind=kind, now=now, limit=1)):
        return 0
    limit = AT_ONCE[kind]
    taken = await api.database.write(partial(outbox.take, kind=kind, now=now, limit=limit))
    async with asyncio.TaskGroup() as group:
        for one in taken:
            sent = _to_its_end(_send(api, gateway, one))
            group.create_task(sent, name=f"{kind.value} {one.id}")
    return len(taken)


async def _to_its_end(sending: Coroutine[Any, Any, None]) -> None:
    """What is half sent when this is cancelled would go out again."""
    task = asyncio.create_task(sending)
    try:
        await asyncio.shield(task)
    finally:
        await asyncio.wait([task], timeout=END_S)
        task.cancel()
        await asyncio.wait([task])


async def _send(api: Api, gateway: Gateway, delivery: Delivery) -> None:
    name = f"{delivery.draft.kind.value} {delivery.id}"
    try:
        said = await _try(api, gateway, delivery)
        written: Work[object] = partial(outbox.done, id_=delivery.id, said=said, now=api.clock())
    except NotSent as error:
        log.info("%s did not go out: %s", name, error)
        written = _failure(api, delivery, str(error), most=error.most)
    except Needless as why:
        written = partial(outbox.drop, id_=delivery.id, said=str(why))
    except DatabaseDown:
        return
    except Exception:  # one message that cannot be made must not stop all others
        log.exception("%s cannot be made", name)
        written = _failure(api, delivery, "a mistake in the program: see the log of central")
    await _write_down(api, name, written)


async def _write_down(api: Api, name: str, written: Work[object]) -> None:
    """However long it takes: what is sent and not written down goes out again."""
    repeats = Repeats(log)
    while True:
        try:
            await api.database.write(written)
        except DatabaseDown as down:
            repeats.failed(f"how {name} went cannot be written down: {down}")
            await asyncio.sleep(LOOK_EVERY_S)
        else:
            return


async def _try(api: Api, gateway: Gateway, delivery: Delivery) -> str:
    if api.clock() - delivery.due_at > STALE:
        raise NotSent("too late: nobody tried to send it for a day", most=ONCE)
    parcel = await parcels.parcel_of(api, delivery)
    try:
        return without(await gateway.send(parcel), parcel)
    except NotSent as error:
        raise NotSent(without(str(error), parcel), most=error.most) from error


def _failure(api: Api, delivery: Delivery, said: str, *, most: int = MAX_TRIES) -> Work[object]:
    return partial(outbox.failed, id_=delivery.id, said=said, now=api.clock(), most=most)
