"""The gate's mirror of the ledger: a LedgerView over one SQLite file."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from admission.codes import low_bits
from admission.facts import (
    CENTRAL,
    Admitted,
    CountCorrected,
    Evacuated,
    Fact,
    Forgiven,
    KeyPublished,
    Lapsed,
    ModeChanged,
    Passed,
    ProductPublished,
    TagBound,
    TicketIssued,
)
from admission.presence import history_of, moves
from admission.values import (
    Direction,
    History,
    IssuerKey,
    LaneMode,
    Product,
    Ticket,
    TicketState,
    Window,
)
from gate.modes import Order
from runtime import outbox as outbox_store
from runtime.convert import structure, unstructure
from runtime.database import Database
from runtime.outbox import Outbox
from runtime.wire import fact_from_data

T = TypeVar("T")

SCHEMA = (
    outbox_store.SCHEMA
    + """
CREATE TABLE IF NOT EXISTS ticket (
    id INTEGER PRIMARY KEY, low_bits INTEGER NOT NULL, product INTEGER NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL, persons INTEGER NOT NULL, state TEXT NOT NULL,
    language TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS ticket_by_low_bits ON ticket (low_bits);
CREATE TABLE IF NOT EXISTS ticket_windows (ticket INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tag (tag TEXT PRIMARY KEY, ticket INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS product (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS issuer (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS presence (zone TEXT PRIMARY KEY, persons INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS open_entry (
    device TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, persons INTEGER NOT NULL,
    PRIMARY KEY (device, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lane_order (
    lane TEXT NOT NULL, direction TEXT NOT NULL, mode TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (lane, direction)) WITHOUT ROWID;
"""
)
"""`open_entry`: entries with `persons` of whom it is not known whether they walked.
`ticket_windows` is of the few tickets that have windows of single attractions."""

_TICKET = (
    "SELECT id, product, start, end, persons, state, language,"
    " (SELECT body FROM ticket_windows WHERE ticket = ticket.id) FROM ticket WHERE "
)
_MOVE = (
    "INSERT INTO presence VALUES (?, ?)"
    " ON CONFLICT (zone) DO UPDATE SET persons = persons + excluded.persons"
)
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
        self._load_catalogue()

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

    def ticket(self, ticket_id: int) -> Ticket | None:
        return self._one_ticket("id = ?", ticket_id)

    def ticket_by_low_bits(self, low_bits: int) -> Ticket | None:
        return self._one_ticket("low_bits = ? LIMIT 1", low_bits)

    def ticket_by_tag(self, tag: str) -> Ticket | None:
        return self._one_ticket("id = (SELECT ticket FROM tag WHERE tag = ?)", tag)

    def product(self, product_id: int) -> Product | None:
        return self._products.get(product_id)

    def issuer(self, key_id: int) -> IssuerKey | None:
        return self._issuers.get(key_id)

    def history(self, ticket_id: int) -> History:
        rows = self._database.read("SELECT body FROM fact WHERE ticket = ?", (ticket_id,))
        stored = [fact_from_data(json.loads(body)) for (body,) in rows]
        told = {(f.device, f.number): f for f in (*stored, *self._outbox.pending(ticket_id))}
        return history_of(told.values())

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

    async def fold(self, facts: Iterable[Fact], cursor: int | None = None) -> None:
        """Take in what others told, all or nothing; `cursor` is the feed's number after it.

        A page of the feed that comes late, when its end is folded in already, changes nothing: it
        would put back tickets as they stood before.
        """
        batch = list(facts)

        def work(connection: sqlite3.Connection) -> None:
            if cursor is not None and cursor <= outbox_store.last_mark(connection, "feed"):
                return
            for fact in batch:
                _fold(connection, fact)
            if cursor is not None:
                outbox_store.set_mark(connection, "feed", cursor)
            outbox_store.set_mark(connection, "newest", newest)

        own = (int(fact.at.timestamp()) for fact in batch if fact.device == CENTRAL)
        newest = max(own, default=0)
        await self._database.write(work)
        self.newest = _time(max(newest, int(self.newest.timestamp()) if self.newest else 0))
        if any(isinstance(fact.event, ProductPublished | KeyPublished) for fact in batch):
            self._load_catalogue()

    def _load_catalogue(self) -> None:
        """Products and keys are few and asked for at every scan: they live in memory."""
        products = self._database.read("SELECT body FROM product")
        issuers = self._database.read("SELECT body FROM issuer")
        self._products = {p.id: p for p in (_load(row, Product) for row in products)}
        self._issuers = {k.id: k for k in (_load(row, IssuerKey) for row in issuers)}
        if self._issuers:
            self.ready.set()

    def _one_ticket(self, where: str, value: int | str) -> Ticket | None:
        rows = self._database.read(_TICKET + where, (value,))
        if not rows:
            return None
        id_, product, start, end, persons, state, language, body = rows[0]
        window = _window(start, end)
        windows = tuple((name, _window(*span)) for name, *span in json.loads(body or "[]"))
        return Ticket(id_, product, window, persons, TicketState(state), language, windows)


def fold_told(connection: sqlite3.Connection, fact: Fact) -> None:
    """What a new fact of any gate changes beside itself; for the Outbox's `fold`."""
    for zone, persons in moves(fact.event):
        connection.execute(_MOVE, (zone, persons))
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
        case ModeChanged(lane, direction, mode):
            order = (lane, direction.value, mode.value, fact.at.isoformat())
            connection.execute("INSERT OR REPLACE INTO lane_order VALUES (?, ?, ?, ?)", order)


def _fold(connection: sqlite3.Connection, fact: Fact) -> None:
    match fact.event:
        case TicketIssued(ticket):
            start, end = _seconds(ticket.window)
            connection.execute(
                "INSERT OR REPLACE INTO ticket VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    ticket.id,
                    low_bits(ticket.id),
                    ticket.product,
                    start,
                    end,
                    ticket.persons,
                    ticket.state.value,
                    ticket.language,
                ),
            )
            _keep_windows(connection, ticket)
        case TagBound(tag, ticket_id):
            connection.execute("INSERT OR REPLACE INTO tag VALUES (?, ?)", (tag, ticket_id))
        case ProductPublished(product):
            _replace(connection, "product", product.id, unstructure(product))
        case KeyPublished(key):
            _replace(connection, "issuer", key.id, unstructure(key))
        case Admitted() | Lapsed() | Passed() | Forgiven() | CountCorrected():
            outbox_store.insert(connection, [fact], fold_told)
        case _:
            pass


def _keep_windows(connection: sqlite3.Connection, ticket: Ticket) -> None:
    if ticket.windows:
        body = [(name, *_seconds(window)) for name, window in ticket.windows]
        _replace(connection, "ticket_windows", ticket.id, body)
    else:
        connection.execute("DELETE FROM ticket_windows WHERE ticket = ?", (ticket.id,))


def _seconds(window: Window) -> tuple[int, int]:
    return int(window.start.timestamp()), int(window.end.timestamp())


def _window(start: int, end: int) -> Window:
    return Window(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))


def _time(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _load(row: tuple[Any, ...], kind: type[T]) -> T:
    return structure(json.loads(row[0]), kind)


def _replace(connection: sqlite3.Connection, table: str, id_: int, data: object) -> None:
    sql = f"INSERT OR REPLACE INTO {table} VALUES (?, ?)"  # noqa: S608 - two names of our own
    connection.execute(sql, (id_, json.dumps(data)))
