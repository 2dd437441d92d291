"""What central said last of each ticket, tag, product, key and shop.

Each row has the number `n` of the feed with which it came, by which central numbers its own facts,
and gives way only to one with the same or a higher: so the order in which facts are folded in makes
no difference. Of tickets only those are here that changed since the gate's image was made.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any, TypeVar

from admission.codes import low_bits
from admission.facts import (
    CENTRAL,
    Fact,
    ForeignShopPublished,
    KeyPublished,
    OfflineSold,
    ProductPublished,
    TagBound,
    TicketIssued,
)
from admission.foreign import ForeignShop
from admission.offline import sold_offline
from admission.values import IssuerKey, Product, Ticket, TicketState
from runtime.convert import structure, unstructure
from runtime.database import Database
from runtime.image import Image, seconds_of, window_of
from runtime.wire import fact_from_data, fact_to_data

T = TypeVar("T")

SCHEMA = """
CREATE TABLE IF NOT EXISTS ticket (
    id INTEGER PRIMARY KEY, low_bits INTEGER NOT NULL, product INTEGER NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL, persons INTEGER NOT NULL, state TEXT NOT NULL,
    language TEXT NOT NULL, n INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS ticket_by_low_bits ON ticket (low_bits);
CREATE TABLE IF NOT EXISTS ticket_windows (ticket INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS offline_sale (
    ticket INTEGER NOT NULL, device TEXT NOT NULL, number INTEGER NOT NULL,
    low_bits INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (ticket, device, number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS offline_sale_by_low_bits ON offline_sale (low_bits);
CREATE TABLE IF NOT EXISTS tag (
    tag TEXT PRIMARY KEY, ticket INTEGER NOT NULL, n INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS product (
    id INTEGER PRIMARY KEY, body TEXT NOT NULL, n INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS issuer (
    id INTEGER PRIMARY KEY, body TEXT NOT NULL, n INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS foreign_shop (
    id INTEGER PRIMARY KEY, body TEXT NOT NULL, n INTEGER NOT NULL DEFAULT 0);
"""
"""`ticket_windows` is of the few tickets that have windows of single attractions."""

CATALOGUE = (ProductPublished, KeyPublished, ForeignShopPublished)

_TICKET = (
    "SELECT id, product, start, end, persons, state, language, n,"
    " (SELECT body FROM ticket_windows WHERE ticket = ticket.id) FROM ticket WHERE id = ?"
)
_KEEP_TICKET = (
    "INSERT INTO ticket (id, low_bits, product, start, end, persons, state, language, n)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
    " product = excluded.product, start = excluded.start, end = excluded.end,"
    " persons = excluded.persons, state = excluded.state, language = excluded.language,"
    " n = excluded.n WHERE excluded.n >= n"
)
_KEEP_TAG = (
    "INSERT INTO tag (tag, ticket, n) VALUES (?, ?, ?) ON CONFLICT (tag)"
    " DO UPDATE SET ticket = excluded.ticket, n = excluded.n WHERE excluded.n >= n"
)


def fold(connection: sqlite3.Connection, fact: Fact) -> None:
    """Take in what the fact says, if it says anything of these. A sale without central counts
    until central tells of its ticket."""
    n = fact.number if fact.device == CENTRAL else 0
    match fact.event:
        case TicketIssued(ticket):
            _keep_ticket(connection, ticket, n)
        case OfflineSold(issued=ticket):
            body = json.dumps(fact_to_data(fact))
            row = (ticket.id, fact.device, fact.number, low_bits(ticket.id), body)
            connection.execute("INSERT OR IGNORE INTO offline_sale VALUES (?, ?, ?, ?, ?)", row)
        case TagBound(tag, ticket_id):
            connection.execute(_KEEP_TAG, (tag, ticket_id, n))
        case ProductPublished(product):
            _keep(connection, "product", product, n)
        case KeyPublished(key):
            _keep(connection, "issuer", key, n)
        case ForeignShopPublished(shop):
            _keep(connection, "foreign_shop", shop, n)


def begin_anew(connection: sqlite3.Connection) -> None:
    """Central is another one and numbers anew: whatever it says now counts more."""
    for table in ("ticket", "product", "issuer", "foreign_shop", "tag"):
        connection.execute(f"UPDATE {table} SET n = -1")  # noqa: S608 - names of our own


def leave_to_image(connection: sqlite3.Connection, as_of: int) -> None:
    """Forget the tickets that the image tells of."""
    connection.execute("DELETE FROM ticket WHERE n <= ?", (as_of,))
    connection.execute("DELETE FROM ticket_windows WHERE ticket NOT IN (SELECT id FROM ticket)")


class Standing:
    """Products, keys and shops are few and asked for at every scan: they live in memory."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.image: Image | None = None
        """The tickets as of a number of the feed; None if the gate has none."""
        self.products: dict[int, Product] = {}
        self.issuers: dict[int, IssuerKey] = {}
        self.shops: list[ForeignShop] = []
        self.load_catalogue()

    def load_catalogue(self) -> None:
        self.products = {product.id: product for product in self._all("product", Product)}
        self.issuers = {key.id: key for key in self._all("issuer", IssuerKey)}
        self.shops = self._all("foreign_shop", ForeignShop)

    def ticket(self, ticket_id: int) -> Ticket | None:
        """As central says; else as a kiosk sold it, unless its key was revoked by then."""
        rows = self._database.read(_TICKET, (ticket_id,))
        if self.image and not (rows and _is_newer(rows[0][7], self.image)):
            found = self.image.ticket(ticket_id)
            if found:
                return found
        return _ticket(rows[0]) if rows else self._sold_offline(ticket_id)

    def ticket_by_low_bits(self, bits: int) -> Ticket | None:
        """Our own tickets, whose ids are below the foreign ones, come first."""
        [(issued, sold)] = self._database.read(
            "SELECT (SELECT min(id) FROM ticket WHERE low_bits = ?),"
            " (SELECT min(ticket) FROM offline_sale WHERE low_bits = ?)",
            (bits, bits),
        )
        held = self.image.first_id(bits) if self.image else None
        known = [id_ for id_ in (issued, sold, held) if id_ is not None]
        return self.ticket(min(known)) if known else None

    def ticket_by_tag(self, tag: str) -> Ticket | None:
        rows = self._database.read("SELECT ticket FROM tag WHERE tag = ?", (tag,))
        return self.ticket(rows[0][0]) if rows else None

    def _sold_offline(self, ticket_id: int) -> Ticket | None:
        rows = self._database.read(
            "SELECT body FROM offline_sale WHERE ticket = ? ORDER BY device, number LIMIT 1",
            (ticket_id,),
        )
        if not rows:
            return None
        return sold_offline(fact_from_data(json.loads(rows[0][0])), self.issuers)

    def _all(self, table: str, kind: type[T]) -> list[T]:
        sql = f"SELECT body FROM {table} ORDER BY id"  # noqa: S608 - names of our own
        return [structure(json.loads(body), kind) for (body,) in self._database.read(sql)]


def _is_newer(n: int, image: Image) -> bool:
    """Or both are of a central that is no more."""
    return n > image.told.as_of or n < 0


def _keep_ticket(connection: sqlite3.Connection, ticket: Ticket, n: int) -> None:
    start, end = seconds_of(ticket.window)
    what = (ticket.product, start, end, ticket.persons, ticket.state.value, ticket.language)
    row = (ticket.id, low_bits(ticket.id), *what, n)
    if not connection.execute(_KEEP_TICKET, row).rowcount:
        return
    connection.execute("DELETE FROM offline_sale WHERE ticket = ?", (ticket.id,))
    connection.execute("DELETE FROM ticket_windows WHERE ticket = ?", (ticket.id,))
    if ticket.windows:
        windows = json.dumps([(name, *seconds_of(window)) for name, window in ticket.windows])
        connection.execute("INSERT INTO ticket_windows VALUES (?, ?)", (ticket.id, windows))


def _keep(
    connection: sqlite3.Connection, table: str, value: Product | IssuerKey | ForeignShop, n: int
) -> None:
    sql = (
        f"INSERT INTO {table} (id, body, n) VALUES (?, ?, ?) ON CONFLICT (id)"  # noqa: S608
        " DO UPDATE SET body = excluded.body, n = excluded.n WHERE excluded.n >= n"
    )
    connection.execute(sql, (value.id, json.dumps(unstructure(value)), n))


def _ticket(row: tuple[Any, ...]) -> Ticket:
    id_, product, start, end, persons, state, language, _, body = row
    windows = tuple((name, window_of(*span)) for name, *span in json.loads(body or "[]"))
    window = window_of(start, end)
    return Ticket(id_, product, window, persons, TicketState(state), language, windows)
