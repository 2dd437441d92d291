"""The journal: every record of every sale, on the disk before anything comes of it."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Protocol

from kiosk import sale as records
from kiosk.sale import Begun, Record, Sale, fold
from runtime.convert import Invalid, structure, unstructure
from runtime.database import Database

log = logging.getLogger("wicket.kiosk.journal")

SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    n INTEGER PRIMARY KEY, sale TEXT NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL,
    body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS record_by_sale ON record (sale);
CREATE TABLE IF NOT EXISTS closed (sale TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID;
"""
KEPT = timedelta(days=90)
"""How long closed sales stay for the auditor."""

KINDS: dict[str, type[Record]] = {
    "begun": records.Begun,
    "payment_wanted": records.PaymentWanted,
    "abandoned": records.Abandoned,
    "doing": records.Doing,
    "reserved": records.Reserved,
    "reservation_refused": records.ReservationRefused,
    "charge_taken": records.ChargeTaken,
    "charge_not_taken": records.ChargeNotTaken,
    "charge_reversed": records.ChargeReversed,
    "confirmed": records.Confirmed,
    "sale_refused": records.SaleRefused,
    "issued": records.Issued,
    "printed": records.Printed,
    "cancelled": records.Cancelled,
}
_NAMES = {kind: name for name, kind in KINDS.items()}
_NO_HOLDER = json.dumps(unstructure(records.PaymentWanted(None)))


class Journal(Protocol):
    async def write(self, sale: Sale, record: Record, at: datetime) -> None:
        """Return when the record is on the disk. `sale` is the sale with the record in it."""
        ...

    def open_sales(self) -> list[Sale]:
        """Every sale that is not closed, oldest first."""
        ...


class SqlJournal:
    """The journal in a Database opened with SCHEMA. Holders are erased when their sale closes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, sale: Sale, record: Record, at: datetime) -> None:
        row = (sale.id, at.isoformat(), _NAMES[type(record)], json.dumps(unstructure(record)))

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO record (sale, at, kind, body) VALUES (?, ?, ?, ?)", row)
            if sale.closed:
                _close(connection, sale.id, at)

        await self._database.write(work)

    def open_sales(self) -> list[Sale]:
        rows = self._database.read(
            "SELECT sale, kind, body FROM record"
            " WHERE sale NOT IN (SELECT sale FROM closed) ORDER BY n"
        )
        told: dict[str, list[tuple[str, str]]] = {}
        for sale_id, kind, body in rows:
            told.setdefault(sale_id, []).append((kind, body))
        sales = [_read_sale(sale_id, entries) for sale_id, entries in told.items()]
        return [sale for sale in sales if sale is not None and not sale.closed]

    async def forget(self, now: datetime) -> None:
        """Drop sales that were closed more than KEPT ago."""
        before = (now - KEPT).isoformat()

        def work(connection: sqlite3.Connection) -> None:
            old = "(SELECT sale FROM closed WHERE at < ?)"
            connection.execute(f"DELETE FROM record WHERE sale IN {old}", (before,))  # noqa: S608
            connection.execute("DELETE FROM closed WHERE at < ?", (before,))

        await self._database.write(work)


def _close(connection: sqlite3.Connection, sale_id: str, at: datetime) -> None:
    connection.execute("INSERT OR IGNORE INTO closed VALUES (?, ?)", (sale_id, at.isoformat()))
    connection.execute(
        "UPDATE record SET body = ? WHERE sale = ? AND kind = 'payment_wanted'",
        (_NO_HOLDER, sale_id),
    )


def _read_sale(sale_id: str, entries: Iterable[tuple[str, str]]) -> Sale | None:
    """None for a sale that cannot be read: it is logged and left for a person to settle."""
    try:
        told = [_read_record(kind, json.loads(body)) for kind, body in entries]
        return tell(sale_id, told)
    except (Invalid, KeyError, ValueError) as error:
        log.error(
            "sale %s in the journal cannot be read (%s); settle it by hand: compare it with the "
            "terminal's and central's records",
            sale_id,
            error,
        )
        return None


def _read_record(kind: str, body: Any) -> Record:
    return structure(body, KINDS[kind])


def tell(sale_id: str, told: Iterable[Record]) -> Sale:
    """The sale that these records tell. The first must be Begun (ValueError)."""
    sale: Sale | None = None
    for record in told:
        if isinstance(record, Begun):
            sale = Sale(sale_id, record.order)
        elif sale is None:
            raise ValueError(f"begins with {type(record).__name__}, not with Begun")
        else:
            sale = fold(sale, record)
    if sale is None:
        raise ValueError("is empty")
    return sale
