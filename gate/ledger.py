"""The gate's mirror of the ledger: a LedgerView over one SQLite file."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from admission.codes import low_bits
from admission.facts import Admitted, Fact, KeyPublished, Lapsed, ProductPublished, TicketIssued
from admission.ledger import uses_of
from admission.values import IssuerKey, Product, Ticket, TicketState, Use, Window
from runtime import outbox
from runtime.convert import structure, unstructure
from runtime.database import Database
from runtime.outbox import Outbox
from runtime.wire import fact_from_data

T = TypeVar("T")

SCHEMA = (
    outbox.SCHEMA
    + """
CREATE TABLE IF NOT EXISTS ticket (
    id INTEGER PRIMARY KEY, low_bits INTEGER NOT NULL, product INTEGER NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL, persons INTEGER NOT NULL, state TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS ticket_by_low_bits ON ticket (low_bits);
CREATE TABLE IF NOT EXISTS product (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS issuer (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
"""
)
_TICKET = "SELECT id, product, start, end, persons, state FROM ticket WHERE "


class GateLedger:
    """What this gate knows. Answers are of this very moment: facts told but not yet on the disk
    count already, so the same ticket at two lanes at once is admitted once."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox
        self.ready = asyncio.Event()
        """Set when there is a key: a gate that never heard from central can judge no ticket."""
        self._load_catalogue()

    @property
    def cursor(self) -> int:
        """The last number of central's feed that is folded in here."""
        return outbox.get_mark(self._database, "feed")

    def ticket(self, ticket_id: int) -> Ticket | None:
        return self._one_ticket("id = ?", ticket_id)

    def ticket_by_low_bits(self, low_bits: int) -> Ticket | None:
        return self._one_ticket("low_bits = ? LIMIT 1", low_bits)

    def product(self, product_id: int) -> Product | None:
        return self._products.get(product_id)

    def issuer(self, key_id: int) -> IssuerKey | None:
        return self._issuers.get(key_id)

    def uses(self, ticket_id: int) -> Sequence[Use]:
        rows = self._database.read("SELECT body FROM fact WHERE ticket = ?", (ticket_id,))
        stored = [fact_from_data(json.loads(body)) for (body,) in rows]
        told = {(f.device, f.number): f for f in (*stored, *self._outbox.pending(ticket_id))}
        return uses_of(told.values())

    async def fold(self, facts: Iterable[Fact], cursor: int | None = None) -> None:
        """Take in what others told, all or nothing; `cursor` is the feed's number after it.

        A page of the feed that comes late, when its end is folded in already, changes nothing: it
        would put back tickets as they stood before.
        """
        batch = list(facts)

        def work(connection: sqlite3.Connection) -> None:
            if cursor is not None and cursor <= outbox.last_mark(connection, "feed"):
                return
            for fact in batch:
                _fold(connection, fact)
            if cursor is not None:
                outbox.set_mark(connection, "feed", cursor)

        await self._database.write(work)
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

    def _one_ticket(self, where: str, value: int) -> Ticket | None:
        rows = self._database.read(_TICKET + where, (value,))
        if not rows:
            return None
        id_, product, start, end, persons, state = rows[0]
        window = Window(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
        return Ticket(id_, product, window, persons, TicketState(state))


def _fold(connection: sqlite3.Connection, fact: Fact) -> None:
    match fact.event:
        case TicketIssued(ticket):
            window = ticket.window
            connection.execute(
                "INSERT OR REPLACE INTO ticket VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    ticket.id,
                    low_bits(ticket.id),
                    ticket.product,
                    int(window.start.timestamp()),
                    int(window.end.timestamp()),
                    ticket.persons,
                    ticket.state.value,
                ),
            )
        case ProductPublished(product):
            _replace(connection, "product", product.id, unstructure(product))
        case KeyPublished(key):
            _replace(connection, "issuer", key.id, unstructure(key))
        case Admitted() | Lapsed():
            outbox.insert(connection, [fact])
        case _:
            pass


def _load(row: tuple[Any, ...], kind: type[T]) -> T:
    return structure(json.loads(row[0]), kind)


def _replace(connection: sqlite3.Connection, table: str, id_: int, data: object) -> None:
    sql = f"INSERT OR REPLACE INTO {table} VALUES (?, ?)"  # noqa: S608 - two names of our own
    connection.execute(sql, (id_, json.dumps(data)))
