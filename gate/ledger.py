"""The gate's mirror of the ledger: a LedgerView over one SQLite file."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from admission.facts import (
    CENTRAL,
    Admitted,
    CountCorrected,
    Evacuated,
    Fact,
    Forgiven,
    Lapsed,
    ModeChanged,
    Passed,
)
from admission.foreign import ForeignShop
from admission.presence import history_of, is_history
from admission.values import Direction, History, IssuerKey, LaneMode, Product, Ticket
from gate import counts, reused, standing
from gate.modes import Order
from runtime import outbox as outbox_store
from runtime.convert import structure, unstructure
from runtime.database import Database
from runtime.disk import DiskFault
from runtime.image import BadImage, Image, Told
from runtime.marks import put
from runtime.outbox import Outbox
from runtime.wire import fact_from_data

IMAGE, IMAGE_EPOCH = "image", "image_epoch"
"""Marks of the image on which this file rests."""
MAX_N = 2**63 - 1

log = logging.getLogger("wicket.gate")

SCHEMA = (
    outbox_store.SCHEMA
    + counts.SCHEMA
    + standing.SCHEMA
    + """
CREATE TABLE IF NOT EXISTS open_entry (
    device TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, persons INTEGER NOT NULL,
    PRIMARY KEY (device, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lane_order (
    lane TEXT NOT NULL, direction TEXT NOT NULL, mode TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (lane, direction)) WITHOUT ROWID;
"""
)
"""`open_entry`: entries with `persons` of whom it is not known whether they walked."""

_ANSWERED = "UPDATE open_entry SET persons = persons - ? WHERE device = ? AND number = ?"
_CLOSED = "DELETE FROM open_entry WHERE device = ? AND number = ? AND persons <= 0"


class GateLedger:
    """What this gate knows. Answers are of this very moment: facts told but not yet on the disk
    count already, so the same ticket at two lanes at once is admitted once."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox
        self.ready = asyncio.Event()
        """Set when there is a key: a gate that never heard from central can judge no ticket."""
        self.walking: Callable[[str], int] = lambda zone: 0
        """How many persons are let into the zone and have not walked yet; the lanes know."""
        self.newest = _time(outbox_store.get_mark(database, "newest"))
        """The time of central's newest fact; None if it told none. One gate whose clock is wrong
        shall not make the others doubt theirs."""
        self._coming: dict[tuple[str, int], Fact] = {}
        """Heard of others, on the way to the disk: it counts already."""
        self._standing = standing.Standing(database)
        self._standing.image = _open_image(image_of(database.path))
        self._is_ready()

    @property
    def heard_at(self) -> datetime | None:
        """When central was heard last, as far as it was noted."""
        return _time(outbox_store.get_mark(self._database, "heard"))

    async def note_heard(self, at: datetime) -> None:
        await self._database.write(
            lambda connection: outbox_store.set_mark(connection, "heard", int(at.timestamp()))
        )

    @property
    def cursor(self) -> int:
        """The last number of central's feed that is folded in here."""
        return outbox_store.get_mark(self._database, "feed")

    @property
    def image(self) -> Image | None:
        return self._standing.image

    @image.setter
    def image(self, image: Image | None) -> None:
        """From now on it has the tickets; changes that came after it are kept beside it."""
        self._standing.image = image

    def ticket(self, ticket_id: int) -> Ticket | None:
        return self._standing.ticket(ticket_id)

    def ticket_by_low_bits(self, low_bits: int) -> Ticket | None:
        return self._standing.ticket_by_low_bits(low_bits)

    def ticket_by_tag(self, tag: str) -> Ticket | None:
        return self._standing.ticket_by_tag(tag)

    def product(self, product_id: int) -> Product | None:
        return self._standing.products.get(product_id)

    def issuer(self, key_id: int) -> IssuerKey | None:
        return self._standing.issuers.get(key_id)

    def issuers(self) -> dict[int, IssuerKey]:
        return self._standing.issuers

    @property
    def path(self) -> Path:
        """Of the database."""
        return self._database.path

    def foreign_shops(self) -> Sequence[ForeignShop]:
        return self._standing.shops

    def history(self, ticket_id: int) -> History:
        rows = self._database.read("SELECT body FROM fact WHERE ticket = ?", (ticket_id,))
        stored = [fact_from_data(json.loads(body)) for (body,) in rows]
        coming = (fact for fact in self._coming.values() if fact.ticket == ticket_id)
        known = (*stored, *self._outbox.pending(ticket_id), *coming)
        return history_of({(f.device, f.number): f for f in known}.values())

    def present(self, zone: str) -> int:
        return self.counted().get(zone, 0) + self.walking(zone)

    def counted(self) -> dict[str, int]:
        """Persons in each zone, by passages and corrections."""
        return dict(self._database.read("SELECT zone, persons FROM presence"))

    def order(self, lane: str, direction: Direction) -> Order | None:
        """The mode that staff gave the direction of this gate's lane last."""
        rows = self._database.read(
            "SELECT mode, at FROM lane_order WHERE lane = ? AND direction = ?",
            (lane, direction.value),
        )
        return Order(LaneMode(rows[0][0]), datetime.fromisoformat(rows[0][1])) if rows else None

    def open_entries(self) -> list[tuple[int, Admitted, int]]:
        """This device's entries that were interrupted: number, entry, persons in doubt."""
        rows = self._database.read(
            "SELECT number, body, persons FROM open_entry WHERE device = ?", (self._outbox.device,)
        )
        return [(n, structure(json.loads(body), Admitted), persons) for n, body, persons in rows]

    def last_evacuation(self) -> Evacuated | None:
        """What this gate told last of fire; None if there never was one."""
        number = outbox_store.get_mark(self._database, "evacuated")
        where = "device = ? AND number = ?"
        told = outbox_store.stored(self._database, where, (self._outbox.device, number))
        event = told[0].event if told else None
        return event if isinstance(event, Evacuated) else None

    async def begin_anew(self) -> None:
        """Central is not the one whose feed was folded in here so far: what it numbers now counts,
        whatever stands here."""

        def work(connection: sqlite3.Connection) -> None:
            put(connection, {"feed": 0})
            standing.begin_anew(connection)
            counts.begin_anew(connection)

        await self._database.write(work)

    async def fold(self, facts: Iterable[Fact], cursor: int | None = None) -> None:
        """Take in what others told, all or nothing; `cursor` is the feed's number after it. In
        whatever order facts come, and however often: it makes no difference."""
        batch = list(facts)

        def work(connection: sqlite3.Connection) -> None:
            if cursor is not None:
                reused.let_go(connection, batch, but=self._outbox.device)
            for fact in batch:
                _fold(connection, fact)
            if cursor is not None:
                outbox_store.set_mark(connection, "feed", cursor)
            outbox_store.set_mark(connection, "newest", newest)

        newest = _newest(batch)
        coming = {(f.device, f.number): f for f in batch if is_history(f.event)}
        self._coming |= coming
        try:
            await self._database.write(work)
        finally:
            for told in coming:
                self._coming.pop(told, None)
        self._heard_of(batch, newest)
        self._is_ready()

    async def fold_rest(self, facts: Iterable[Fact]) -> None:
        """Take in what a snapshot has beside its image: it says how things stood, not that
        anything happened now. Central's head counts have it counted."""
        batch = list(facts)

        def work(connection: sqlite3.Connection) -> None:
            for fact in batch:
                standing.fold(connection, fact)
            history = [fact for fact in batch if is_history(fact.event)]
            reused.let_go(connection, history, but=self._outbox.device)
            outbox_store.insert(connection, history)
            outbox_store.set_mark(connection, "newest", newest)

        newest = _newest(batch)
        await self._database.write(work)
        self._heard_of(batch, newest)

    async def rest_on(self, told: Told) -> None:
        """The image is in use that says this of itself: the feed goes on after it, head counts
        begin with central's, and what it has need not be kept beside it."""

        def work(connection: sqlite3.Connection) -> None:
            known = outbox_store.last_mark(connection, IMAGE_EPOCH)
            if known == told.epoch:
                standing.leave_to_image(connection, told.as_of)
                outbox_store.set_mark(connection, "feed", told.as_of)
            else:
                standing.leave_to_image(connection, MAX_N)
                put(connection, {"feed": told.as_of})
            counts.begin(connection, told.as_of, told.counts, told.taken, told.missing)
            put(connection, {IMAGE: told.as_of, IMAGE_EPOCH: told.epoch})

        await self._database.write(work)
        self._is_ready()

    @property
    def rests_on(self) -> tuple[int, int]:
        """Epoch and number of the image without which tickets are missing here; zeros for none."""
        database = self._database
        return outbox_store.get_mark(database, IMAGE_EPOCH), outbox_store.get_mark(database, IMAGE)

    def _heard_of(self, facts: list[Fact], newest: int) -> None:
        self.newest = _time(max(newest, int(self.newest.timestamp()) if self.newest else 0))
        if any(isinstance(fact.event, standing.CATALOGUE) for fact in facts):
            self._standing.load_catalogue()

    def _is_ready(self) -> None:
        if self._standing.issuers:
            self.ready.set()


def image_of(database: Path) -> Path:
    """Where the image is of the gate with this database."""
    return database.with_name("tickets.image")


def _open_image(path: Path) -> Image | None:
    try:
        return Image(path) if path.exists() else None
    except (BadImage, DiskFault) as error:
        log.error("%s cannot be used (%s); a new one is taken when central answers", path, error)
        return None


def fold_told(connection: sqlite3.Connection, fact: Fact) -> None:
    """What a new fact of any gate changes beside itself; for the Outbox's `fold`."""
    counts.fold(connection, fact)
    match fact.event:
        case Admitted() as entry:
            body = json.dumps(unstructure(entry))
            opened = (fact.device, fact.number, body, entry.persons)
            connection.execute("INSERT OR REPLACE INTO open_entry VALUES (?, ?, ?, ?)", opened)
        case Passed(admission=int(number)) | Lapsed(admission=number) as end:
            connection.execute(_ANSWERED, (end.persons, fact.device, number))
            connection.execute(_CLOSED, (fact.device, number))
        case Evacuated():
            outbox_store.set_mark(connection, "evacuated", fact.number)
        case ModeChanged(lane, direction, scheduled=True):
            connection.execute(
                "DELETE FROM lane_order WHERE lane = ? AND direction = ?", (lane, direction.value)
            )
        case ModeChanged(lane, direction, mode):
            order = (lane, direction.value, mode.value, fact.at.isoformat())
            connection.execute("INSERT OR REPLACE INTO lane_order VALUES (?, ?, ?, ?)", order)


def _fold(connection: sqlite3.Connection, fact: Fact) -> None:
    standing.fold(connection, fact)
    match fact.event:
        case Admitted() | Lapsed() | Passed() | Forgiven() | CountCorrected():
            outbox_store.insert(connection, [fact], fold_told)


def _newest(facts: list[Fact]) -> int:
    """The time of the newest that central told."""
    return max((int(fact.at.timestamp()) for fact in facts if fact.device == CENTRAL), default=0)


def _time(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
