"""The kiosk's leases and its own sales, in the same file as its journal: on the disk before
anything comes of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from kiosk.goods import Catalogue, Refusal
from kiosk.leased import Lease, OfflineSale, Stage, Stock
from runtime.convert import structure, unstructure
from runtime.database import Database

T = TypeVar("T")

SCHEMA = """
CREATE TABLE IF NOT EXISTS offline_lease (
    id INTEGER PRIMARY KEY, closed INTEGER NOT NULL, expires_at TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS offline_sale (
    token TEXT PRIMARY KEY, at TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS offline_place (
    token TEXT NOT NULL, lease INTEGER NOT NULL, places INTEGER NOT NULL,
    PRIMARY KEY (token, lease)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS offline_place_by_lease ON offline_place (lease);
CREATE TABLE IF NOT EXISTS offline_kept (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
"""
"""`offline_place`: places that are held or sold, of the sales that were not called off here."""
KEPT = timedelta(days=90)
_LEASES = """
SELECT body, (SELECT coalesce(sum(places), 0) FROM offline_place WHERE lease = offline_lease.id)
FROM offline_lease WHERE closed = 0 ORDER BY id"""
_SALE = "SELECT body FROM offline_sale WHERE token = ?"
_TOLD = """
SELECT number, json_extract(body, '$.issued.id') FROM fact
WHERE number > ? AND json_extract(body, '$.kind') = 'offline_sold'"""

Begin = Callable[[list[Stock]], OfflineSale | Refusal | None]
Change = Callable[[OfflineSale], OfflineSale | Refusal]


class OfflineStore:
    """In a Database opened with SCHEMA, and that of the outbox."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def stock(self) -> list[Stock]:
        """What is left of the leases that are not closed, run out or not."""
        return [_stock(*row) for row in self._database.read(_LEASES)]

    def leases(self) -> dict[int, Lease]:
        """All that are known, closed ones too."""
        rows = self._database.read("SELECT body FROM offline_lease")
        found = (_load(body, Lease) for (body,) in rows)
        return {lease.id: lease for lease in found}

    def sale(self, token: str) -> OfflineSale | None:
        rows = self._database.read(_SALE, (token,))
        return _load(rows[0][0], OfflineSale) if rows else None

    async def begin(self, begin: Begin, at: datetime) -> OfflineSale | Refusal | None:
        """Write the sale down that `begin` makes of what is left."""

        def work(connection: sqlite3.Connection) -> OfflineSale | Refusal | None:
            made = begin([_stock(*row) for row in connection.execute(_LEASES)])
            if isinstance(made, OfflineSale):
                row = (made.token, at.isoformat(), _dump(made))
                connection.execute("INSERT INTO offline_sale VALUES (?, ?, ?)", row)
                taken = [(made.token, *one) for one in made.places.items()]
                connection.executemany("INSERT INTO offline_place VALUES (?, ?, ?)", taken)
            return made

        return await self._database.write(work)

    async def change(self, token: str, change: Change) -> OfflineSale | Refusal:
        """Write down what `change` makes of the sale. A cancelled sale frees its places, unless
        central was told of it: then they are central's, to sell to anybody."""

        def work(connection: sqlite3.Connection) -> OfflineSale | Refusal:
            row = connection.execute(_SALE, (token,)).fetchone()
            if row is None:
                return Refusal("unknown_request")
            made = change(_load(row[0], OfflineSale))
            if isinstance(made, OfflineSale):
                new = (_dump(made), token)
                connection.execute("UPDATE offline_sale SET body = ? WHERE token = ?", new)
                if made.stage is Stage.CANCELLED and not made.last_fact:
                    connection.execute("DELETE FROM offline_place WHERE token = ?", (token,))
            return made

        return await self._database.write(work)

    def told(self, tickets: set[int], after: int) -> dict[int, int]:
        """Ticket → number, of those whose sale the outbox has, told after that number."""
        rows = self._database.read(_TOLD, (after,))
        return {ticket: number for number, ticket in rows if ticket in tickets}

    async def adopt(self, leases: list[Lease]) -> None:
        """Leases as central tells them now: new ones can be sold on, of known ones only the goods
        change. Here counts how many places they had."""

        def work(connection: sqlite3.Connection) -> None:
            for lease in leases:
                row = (lease.id, lease.expires_at.isoformat(), _dump(lease))
                connection.execute(
                    "INSERT INTO offline_lease VALUES (?, 0, ?, ?)"
                    " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
                    row,
                )

        await self._database.write(work)

    async def close(self, lease: int) -> int:
        """Sell on it no more; how many places nobody has."""

        def work(connection: sqlite3.Connection) -> int:
            stock = [_stock(*row) for row in connection.execute(_LEASES)]
            connection.execute("UPDATE offline_lease SET closed = 1 WHERE id = ?", (lease,))
            return sum(one.left for one in stock if one.lease.id == lease)

        return await self._database.write(work)

    def catalogue(self) -> Catalogue | None:
        kept = self.kept("catalogue")
        return _load(kept, Catalogue) if kept else None

    def kept(self, name: str) -> str:
        """What was kept under that name, "" if nothing was."""
        rows = self._database.read("SELECT body FROM offline_kept WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else ""

    async def keep(self, **kept: str) -> None:
        rows = list(kept.items())
        await self._database.write(
            lambda c: c.executemany("INSERT OR REPLACE INTO offline_kept VALUES (?, ?)", rows)
        )

    async def keep_catalogue(self, catalogue: Catalogue) -> None:
        body = _dump(catalogue)
        if body != self.kept("catalogue"):
            await self.keep(catalogue=body)

    async def forget(self, now: datetime) -> None:
        """Drop what is long past. Central has booked it by now."""
        before = ((now - KEPT).isoformat(),)

        def work(connection: sqlite3.Connection) -> None:
            old = "(SELECT token FROM offline_sale WHERE at < ?)"
            connection.execute(f"DELETE FROM offline_place WHERE token IN {old}", before)  # noqa: S608
            connection.execute("DELETE FROM offline_sale WHERE at < ?", before)
            connection.execute("DELETE FROM offline_lease WHERE expires_at < ?", before)

        await self._database.write(work)


def _stock(body: str, taken: int) -> Stock:
    lease = _load(body, Lease)
    return Stock(lease, max(0, lease.places - taken))


def _load(body: str, kind: type[T]) -> T:
    return structure(json.loads(body), kind)


def _dump(value: object) -> str:
    return json.dumps(unstructure(value))
