"""Snapshots as files under state/snapshots: made when a gate asks, kept while they are fresh.

A file's name says what it is: <scope>.<epoch>.<as of>.<made at, Unix seconds>.<id>. The id is a
digest of what it holds, so a download that was cut off goes on with the same bytes or not at all.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path

from sqlalchemy import Connection

from admission.codes import SigningKey
from central.store.database import Database
from central.sync import epochs, feed
from central.sync.snapshot import make
from runtime.image import Scope

FRESH = timedelta(minutes=10)
BEHIND = 5_000
"""A snapshot is used again until it is older, or so many facts behind: gates hear of what came
since by the feed."""
KEPT_OF_SCOPE, KEPT = 2, 32
"""Of one scope the newest and the one before, for those who are still reading it."""
_NAME = re.compile(r"([0-9a-f]{16})\.(\d+)\.(\d+)\.(\d+)\.([0-9a-f]{32})")


@dataclass(frozen=True)
class Offer:
    """A snapshot that can be read, by its `id`."""

    id: str
    scope: str
    epoch: int
    as_of: int
    made_at: datetime
    bytes: int
    path: Path


class Snapshots:
    def __init__(self, folder: Path, database: Database, site: str) -> None:
        self._folder = folder
        self._database = database
        self._site = site
        self._making = asyncio.Lock()

    async def offer(self, scope: Scope, after: int, key: SigningKey, now: datetime) -> Offer:
        """One that is fresh and as of `after` or later, as far as the feed goes; it is made if
        there is none. Raises DatabaseDown."""
        async with self._making:
            return await self._database.read(
                lambda c: self._fresh(c, scope, after, now) or self._make(c, scope, key, now)
            )

    def find(self, id_: str) -> Path | None:
        return next((offer.path for offer in self._all() if offer.id == id_), None)

    def _fresh(
        self, connection: Connection, scope: Scope, after: int, now: datetime
    ) -> Offer | None:
        epoch, head = epochs.current(connection), feed.head(connection)
        for offer in self._all():
            same = (offer.scope, offer.epoch) == (_name(scope), epoch)
            fresh = timedelta(0) <= now - offer.made_at < FRESH
            if same and fresh and max(after, head - BEHIND) <= offer.as_of <= head:
                return offer
        return None

    def _make(self, connection: Connection, scope: Scope, key: SigningKey, now: datetime) -> Offer:
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / f"{secrets.token_hex(8)}.draft"
        told, content = make(connection, scope, self._site, key, now)
        digest = blake2b(digest_size=16)
        try:
            with draft.open("wb") as file:
                for block in content:
                    file.write(block)
                    digest.update(block)
                file.flush()
                os.fsync(file.fileno())
            made = int(now.timestamp())
            name = f"{_name(scope)}.{told.epoch}.{told.as_of}.{made}.{digest.hexdigest()}"
            draft.replace(self._folder / name)
        finally:
            draft.unlink(missing_ok=True)
        self._tidy(now)
        [offer] = [one for one in self._all() if one.path.name == name]
        return offer

    def _all(self) -> list[Offer]:
        """The newest first."""
        with suppress(FileNotFoundError):
            return sorted(_offers(self._folder), key=lambda one: (one.as_of, one.made_at))[::-1]
        return []

    def _tidy(self, now: datetime) -> None:
        of_scope: dict[str, int] = {}
        by_age = sorted(self._all(), key=lambda one: one.made_at, reverse=True)
        for place, offer in enumerate(by_age):
            of_scope[offer.scope] = of_scope.get(offer.scope, 0) + 1
            if of_scope[offer.scope] > KEPT_OF_SCOPE or place >= KEPT:
                offer.path.unlink(missing_ok=True)
        for draft in self._folder.glob("*.draft"):
            with suppress(FileNotFoundError):
                if now.timestamp() - draft.stat().st_mtime > FRESH.total_seconds():
                    draft.unlink()


def _name(scope: Scope) -> str:
    text = json.dumps([scope.attractions, scope.days])
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _offers(folder: Path) -> Iterator[Offer]:
    for path in folder.iterdir():
        if name := _NAME.fullmatch(path.name):
            scope, epoch, as_of, made, id_ = name.groups()
            made_at = datetime.fromtimestamp(int(made), UTC)
            with suppress(FileNotFoundError):
                size = path.stat().st_size
                yield Offer(id_, scope, int(epoch), int(as_of), made_at, size, path)
