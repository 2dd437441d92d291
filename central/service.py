"""Central, put together: open, wire, run, close in reverse."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime
from functools import partial
from pathlib import Path

from aiohttp import web
from sqlalchemy import Connection

from admission.codes import SigningKey
from admission.facts import CENTRAL
from central import feed, ingest
from central.capacity import waiting
from central.catalogue import venues
from central.catalogue.planning import plan_newest, plan_once
from central.catalogue.venue import Venue
from central.catalogue.venues import Current, Revision
from central.http import idempotency
from central.http.api import Api
from central.http.routes import application
from central.keys import load_key
from central.publisher import Publisher
from central.sale import requests
from central.sale.states import By
from central.settings import CentralSettings
from central.store.database import Database, DatabaseDown
from central.store.duty import take_turns
from central.store.engine import make_engine, one_at_a_time
from runtime.log import Repeats
from runtime.mqtt import Bus, Connected, Message
from runtime.service import notify, utc_now
from runtime.settings import BadSettings, read_text
from runtime.wire import encode

log = logging.getLogger("wicket.central")

Clock = Callable[[], datetime]
TIDY_EVERY_S = 60.0
LOOK_EVERY_S = 1.0


async def serve(settings: CentralSettings, *, clock: Clock = utc_now) -> None:
    """Run central until cancelled. Raises BadSettings, DatabaseDown, or OSError for a used port."""
    async with opened(settings, clock) as api, listening(api), asyncio.TaskGroup() as group:
        group.create_task(follow_venue(api), name="venue")
        notify("READY=1")
        await take_turns(api.database, partial(do_duty, api))


async def do_duty(api: Api) -> None:
    """What one worker does for all of them. Never returns."""
    prefix = f"wicket/1/{api.settings.site}"
    name = f"wicket-central-{api.settings.site}"
    bus = Bus(api.settings.mqtt, name, (f"{prefix}/device/+/facts",))
    publisher = Publisher(bus, f"{prefix}/feed", api.database, api.pulse)
    async with asyncio.TaskGroup() as group:
        group.create_task(bus.run(), name="bus")
        group.create_task(publisher.run(), name="feed")
        group.create_task(take_facts(api, bus, publisher), name="ingest")
        group.create_task(keep_tidy(api), name="tidy")


def check(settings: CentralSettings) -> None:
    """Raise BadSettings if the database's URL is wrong. The venue is in the database; its file is
    checked when it is imported."""
    make_engine(settings.database_url)


@asynccontextmanager
async def opened(settings: CentralSettings, clock: Clock) -> AsyncIterator[Api]:
    """Central's parts with their database open, migrated and filled, not yet on any network."""
    settings.state.mkdir(parents=True, exist_ok=True)
    async with Database(settings.database_url) as database:
        now = clock()
        begun, key = await database.write(lambda c: begin(c, settings, now))
        _compare_file(settings.venue, begun)
        yield Api(settings, Current(begun), key, database, clock)


def begin(
    connection: Connection, settings: CentralSettings, now: datetime
) -> tuple[Revision, SigningKey]:
    """Venue, key, products and time slots as they must be at the start. Raises BadSettings."""
    begun = venues.begin(connection, settings.venue, By(CENTRAL, now))
    key = seed(connection, begun.venue, settings.key_file, now)
    plan_once(connection, begun, now)
    return begun, key


def _compare_file(file: Path | None, begun: Revision) -> None:
    try:
        same = file is None or not file.exists() or read_text(file) == begun.text
    except (BadSettings, OSError):
        same = False
    log.info("the venue is revision %d, imported %s by %s", begun.number, begun.at, begun.who)
    if not same:
        log.warning(
            "%s is not what was imported last; that counts, not the file. To see what the file"
            " would change and to import it: wicket central import-venue",
            file,
        )


def seed(connection: Connection, venue: Venue, key_file: Path, now: datetime) -> SigningKey:
    """Tell the gates which products and key there are, if they were not told before; the key,
    made if there was none. Raises BadSettings."""
    one_at_a_time(connection)
    key = load_key(key_file, feed.newest_key(connection) + 1, now)
    feed.publish_key(connection, key.issuer, now)
    feed.publish_products(connection, venue.products(), now)
    return key


def tidy(connection: Connection, now: datetime) -> None:
    """Write down which reservations ran out, offer free places to who waits, forget old answers."""
    requests.expire(connection, now)
    waiting.serve(connection, None, now)
    idempotency.forget(connection, now)


@asynccontextmanager
async def listening(api: Api) -> AsyncIterator[None]:
    runner = web.AppRunner(application(api), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, api.settings.http.host, api.settings.http.port).start()
        log.info("listening on http://%s:%d", *runner.addresses[0][:2])
        yield
    finally:
        await runner.cleanup()


async def follow_venue(api: Api) -> None:
    """Take up what is imported at any time by any worker or command. Never returns."""
    repeats = Repeats(log)
    while True:
        try:
            if await api.catch_up():
                log.info("the venue is revision %d now", api.venues.revision.number)
                api.database.written.set()
            repeats.healed("the newest venue is taken up again")
        except DatabaseDown as down:
            repeats.failed(f"a newer venue would not be taken up: {down}")
        except BadSettings as bad:
            repeats.failed(f"install the newer wicket that imported the venue: {bad}")
        await asyncio.sleep(LOOK_EVERY_S)


async def take_facts(api: Api, bus: Bus, publisher: Publisher) -> None:
    """Facts from all devices, one payload after the other; each answered by an ack."""
    repeats = Repeats(log)
    async for item in bus.messages():
        match item:
            case Connected():
                publisher.connected()
            case Message():
                try:
                    await _take(api, bus, item)
                    repeats.healed("facts are stored again")
                except DatabaseDown as down:
                    repeats.failed(f"facts not stored, their devices will send them again: {down}")


async def _take(api: Api, bus: Bus, message: Message) -> None:
    topic, _, _ = message.topic.rpartition("/")
    device, now = topic.rpartition("/")[2], api.clock()
    taken = await api.database.write(
        lambda c: ingest.take(c, device, message.payload, api.settings.devices, now)
    )
    if taken is not None:
        await bus.publish(f"{topic}/ack", encode({"number": taken}))


async def keep_tidy(api: Api) -> None:
    repeats = Repeats(log)
    planned: date | None = None
    while True:
        now = api.clock()
        try:
            await api.database.write(partial(tidy, now=now))
            if planned != now.astimezone(api.venue.zone).date():
                known = api.venues.revision
                planned = await api.database.write(partial(plan_newest, known=known, now=now))
            repeats.healed("time slots are kept up again")
        except DatabaseDown as down:
            repeats.failed(f"time slots are not kept up: {down}")
        await asyncio.sleep(TIDY_EVERY_S)
