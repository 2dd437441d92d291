"""Central, put together: open, wire, run, close in reverse."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime
from functools import partial
from pathlib import Path

from aiohttp import web
from sqlalchemy import Connection

from admission.facts import CENTRAL
from central import keys
from central.capacity import waiting
from central.catalogue import venues
from central.catalogue.cut_off import wrong_homes
from central.catalogue.planning import plan_newest, plan_once
from central.catalogue.venue import Venue
from central.catalogue.venues import Current, Revision
from central.coats import closing
from central.delivery import sending
from central.foreign import shops
from central.http import idempotency
from central.http.api import Api
from central.http.patience import PATIENCE, Patience
from central.http.routes import application
from central.sale import requests
from central.sale.states import By
from central.settings import CentralSettings
from central.store.database import Database, DatabaseDown
from central.store.duty import take_turns
from central.store.engine import make_engine
from central.sync import feed
from central.sync.intake import Intake
from central.sync.publisher import Publisher
from central.watch import commands
from central.watch.dispatch import Dispatch
from central.watch.listening import Watch
from runtime import mqtt
from runtime.bus import Bus, Connected, Message
from runtime.log import Repeats
from runtime.service import notify, utc_now
from runtime.settings import BadSettings, read_text
from runtime.topics import Topics

log = logging.getLogger("wicket.central")

Clock = Callable[[], datetime]
TIDY_EVERY_S = 60.0
LOOK_EVERY_S = 1.0


async def serve(settings: CentralSettings, *, clock: Clock = utc_now) -> None:
    """Run central until cancelled. Raises BadSettings, DatabaseDown, or OSError for a used port."""
    async with opened(settings, clock) as api, listening(api), asyncio.TaskGroup() as group:
        group.create_task(follow_venue(api), name="venue")
        following = keys.follow(api.keys, api.database, settings.state, clock)
        group.create_task(following, name="keys")
        if api.database.shared:
            group.create_task(share_facts(api), name="facts")
        notify("READY=1")
        await take_turns(api.database, partial(do_duty, api))


async def do_duty(api: Api) -> None:
    """What one worker does for all of them. Never returns."""
    topics = Topics(api.settings.site)
    heard = [topics.status("+"), topics.result("+")]
    if not api.database.shared:
        heard.append(topics.facts("+"))
    bus = mqtt.Bus(api.settings.mqtt, f"wicket-central-{topics.site}", tuple(heard))
    publisher = Publisher(bus, topics, api.database, api.pulse, lambda: api.venue.zone)
    watch = Watch(api.database, api.clock, api.settings.devices)
    dispatch = Dispatch(bus, topics, api.database, api.clock, api.ordered)
    async with asyncio.TaskGroup() as group:
        group.create_task(bus.run(), name="bus")
        group.create_task(publisher.run(), name="feed")
        group.create_task(take_facts(api, bus, publisher, watch, dispatch), name="ingest")
        group.create_task(dispatch.run(), name="commands")
        group.create_task(watch.run(), name="watch")
        group.create_task(keep_tidy(api), name="tidy")
        group.create_task(sending.run(api), name="sending")


def check(settings: CentralSettings) -> None:
    """Raise BadSettings if the database's URL or that of the SMS gateway is wrong. The venue is in
    the database; its file is checked when it is imported."""
    make_engine(settings.database_url)
    sending.check(settings)


@asynccontextmanager
async def opened(settings: CentralSettings, clock: Clock) -> AsyncIterator[Api]:
    """Central's parts with their database open, migrated and filled, not yet on any network."""
    settings.state.mkdir(parents=True, exist_ok=True)
    async with Database(settings.database_url) as database:
        now = clock()
        begun, own = await database.write(lambda c: begin(c, settings, now))
        _compare_file(settings.venue, begun)
        for wrong in wrong_homes(begun.venue.products(), settings.gates):
            log.warning("%s; gates admit it nowhere", wrong)
        yield Api(settings, Current(begun), keys.Keyring(own), database, clock)


def begin(
    connection: Connection, settings: CentralSettings, now: datetime
) -> tuple[Revision, keys.Own]:
    """Venue, keys, products and time slots as they must be at the start. Raises BadSettings."""
    begun = venues.begin(connection, settings.venue, By(CENTRAL, now))
    own = seed(connection, begun.venue, settings.state, now)
    plan_once(connection, begun, now)
    return begun, own


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


def seed(connection: Connection, venue: Venue, state: Path, now: datetime) -> keys.Own:
    """Tell the gates which products and keys there are, if they were not told before; the keys
    to sign with. Raises BadSettings."""
    own = keys.begin(connection, state, now)
    feed.publish_products(connection, venue.products(), now)
    shops.publish(connection, venue.shops(), now)
    return own


def tidy(connection: Connection, now: datetime) -> None:
    """Write down which reservations ran out, offer free places to who waits, forget old answers
    and whose coats were fetched long ago."""
    requests.expire(connection, now)
    waiting.serve(connection, None, now)
    idempotency.forget(connection, now)
    commands.forget(connection, now)
    closing.tidy(connection, now)


@asynccontextmanager
async def listening(api: Api, patience: Patience = PATIENCE) -> AsyncIterator[None]:
    # What comes packed is not unpacked: nobody of ours packs, and a little may hold very much.
    # aiohttp counts keepalive_timeout also while the first bytes of a request come.
    runner = web.AppRunner(
        application(api, patience),
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=patience.head_s,
    )
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


async def take_facts(
    api: Api, bus: Bus, publisher: Publisher, watch: Watch, dispatch: Dispatch
) -> None:
    """What devices say: their facts are taken, `watch` is told how they are. Never returns."""
    intake = Intake(api, bus)
    async with asyncio.TaskGroup() as group:
        group.create_task(intake.run(), name="intake")
        async for item in bus.messages():
            match item:
                case Connected():
                    watch.connected()
                    publisher.connected()
                case Message() if item.topic.endswith("/status"):
                    watch.hear(item.topic.split("/")[-2], item)
                case Message() if item.topic.endswith("/result"):
                    dispatch.hear(item.topic.split("/")[-2], item)
                case Message():
                    intake.put(item)


async def share_facts(api: Api) -> None:
    """Every worker takes its share of what devices tell. Never returns."""
    name = f"wicket-central-{api.settings.site}-{secrets.token_hex(4)}"
    facts = Topics(api.settings.site).facts("+")
    bus = mqtt.Bus(api.settings.mqtt, name, (f"$share/central/{facts}",))
    intake = Intake(api, bus, shared=True)
    async with asyncio.TaskGroup() as group:
        group.create_task(bus.run(), name="bus of facts")
        group.create_task(intake.run(), name="intake")
        async for item in bus.messages():
            if isinstance(item, Message):
                intake.put(item)


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
