"""Central's signing keys: dated, one small file each, shared by all workers on one state folder.

A worker signs with a key of its folder that the feed has told, that is not revoked and has begun;
of several with the newest. Where it has none it makes one: at the first start, when the file is
lost, when the last one is revoked. A key that has ended stays good for what it signed, so workers
on several machines may sign with keys of their own.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, func, select

from admission.codes import SigningKey
from admission.facts import KeyPublished
from admission.values import IssuerKey
from central.store import schema
from central.store.database import Database, DatabaseDown
from central.store.engine import one_at_a_time
from central.sync import feed
from runtime.keys import load_keys, signing, write_key
from runtime.log import Repeats
from runtime.settings import BadSettings
from runtime.wire import fact_from_data

log = logging.getLogger("wicket.central")

NAME = "central"
LOOK_EVERY_S = 1.0
HIGHEST = 2**16 - 1
"""A signed code has two bytes for the key."""

Own = tuple[SigningKey, ...]


class Keyring:
    """The keys with which this worker signs. It follows folder and feed by a second."""

    def __init__(self, own: Own) -> None:
        self.own = own

    def at(self, now: datetime) -> SigningKey:
        """The one to sign with."""
        key = signing(self.own, now)
        assert key is not None, "a worker without a key makes one"
        return key


def told(connection: Connection) -> dict[int, IssuerKey]:
    """Id → every key as the feed tells it now: central's, and those of kiosks."""
    table = schema.feed
    of_keys = table.c.kind == "key_published"
    newest = select(func.max(table.c.n)).where(of_keys).group_by(table.c.subject)
    bodies = connection.scalars(
        select(table.c.body).where(table.c.n.in_(newest)).order_by(table.c.subject)
    )
    events = [fact_from_data(body).event for body in bodies]
    return {event.key.id: event.key for event in events if isinstance(event, KeyPublished)}


def begin(connection: Connection, folder: Path, now: datetime) -> Own:
    """The keys to sign with: told to the gates if they were not, made if there is none. Raises
    BadSettings."""
    one_at_a_time(connection)
    known, own = told(connection), load_keys(folder, NAME)
    for key in own:
        if key.id not in known:
            feed.publish_key(connection, key.issuer, now)
        elif known[key.id].public != key.issuer.public:
            raise BadSettings(
                [f"{folder}: key {key.id} is not the key {key.id} that was told; move it away"]
            )
    if usable := look(connection, folder):
        return usable
    made = _make(connection, folder, own, now)
    feed.publish_key(connection, made.issuer, now)
    return (made,)


def look(connection: Connection, folder: Path) -> Own:
    """The keys to sign with, as they stand. Raises BadSettings."""
    known = told(connection)
    return tuple(key for key in load_keys(folder, NAME) if _good(key, known.get(key.id)))


def rotate(connection: Connection, folder: Path, at: datetime, now: datetime) -> SigningKey:
    """A new key, told at once, with which central signs from `at` on. Those that signed until then
    end in that moment, and stay good for what they signed. Raises BadSettings."""
    one_at_a_time(connection)
    known = told(connection)
    standing = [known[key.id] for key in look(connection, folder) if key.valid_from < at]
    ended = [
        replace(key, valid_until=at)
        for key in standing
        if key.valid_until is None or key.valid_until > at
    ]
    made = _make(connection, folder, load_keys(folder, NAME), at)
    feed.tell(connection, [KeyPublished(key) for key in (made.issuer, *ended)], now)
    return made


def next_id(connection: Connection) -> int:
    """The caller holds `one_at_a_time`. Raises BadSettings when all are given away."""
    id_ = feed.newest_key(connection) + 1
    if id_ > HIGHEST:
        raise BadSettings([f"all {HIGHEST} key ids are given away"])
    return id_


async def follow(
    ring: Keyring, database: Database, folder: Path, clock: Callable[[], datetime]
) -> None:
    """Take up what is rotated and revoked at any time by any worker or command. Never returns."""
    repeats = Repeats(log)
    while True:
        try:
            own = await database.read(lambda c: look(c, folder))
            if not own:
                own = await database.write(lambda c: begin(c, folder, clock()))
            if own != ring.own:
                ring.own = own
                database.written.set()
                log.info("the signing keys are %s now", ", ".join(str(key.id) for key in own))
            repeats.healed("the newest signing keys are taken up again")
        except DatabaseDown as down:
            repeats.failed(f"a newer signing key would not be taken up: {down}")
        except BadSettings as bad:
            repeats.failed(f"signing on with what was read before: {bad}")
        await asyncio.sleep(LOOK_EVERY_S)


def from_now(now: datetime, hours: float) -> datetime:
    """Codes tell whole seconds."""
    return (now + timedelta(hours=hours)).replace(microsecond=0)


def _good(key: SigningKey, known: IssuerKey | None) -> bool:
    return known is not None and known.public == key.issuer.public and known.revoked_at is None


def _make(connection: Connection, folder: Path, own: Own, valid_from: datetime) -> SigningKey:
    id_ = max([next_id(connection), *(key.id + 1 for key in own)])
    key = SigningKey(id_, secrets.token_bytes(32), valid_from)
    write_key(folder / (f"{NAME}.key" if id_ == 1 else f"{NAME}-{id_}.key"), key)
    return key
