"""Named numbers and words that a device keeps beside its facts: cursors, versions, epochs."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from runtime.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS word (name TEXT PRIMARY KEY, word TEXT NOT NULL) WITHOUT ROWID;
"""
_MARK = "SELECT number FROM mark WHERE name = ?"


def set_mark(connection: sqlite3.Connection, name: str, number: int) -> None:
    """Move a named cursor forward, never back."""
    connection.execute(
        "INSERT INTO mark VALUES (?, ?) ON CONFLICT (name)"
        " DO UPDATE SET number = max(number, excluded.number)",
        (name, number),
    )


def put_mark(connection: sqlite3.Connection, name: str, number: int) -> None:
    """Set a named number, forward or back."""
    put(connection, {name: number})


def put(connection: sqlite3.Connection, values: Mapping[str, int | str]) -> None:
    """Set each number or word, whatever it was."""
    for name, value in values.items():
        table = "word" if isinstance(value, str) else "mark"
        sql = f"INSERT OR REPLACE INTO {table} VALUES (?, ?)"  # noqa: S608 - two names of our own
        connection.execute(sql, (name, value))


def get_mark(database: Database, name: str) -> int:
    """Where a named cursor stands; 0 if it was never set."""
    rows = database.read(_MARK, (name,))
    return int(rows[0][0]) if rows else 0


def get_word(database: Database, name: str) -> str:
    """The word of that name; "" if it was never put."""
    rows = database.read("SELECT word FROM word WHERE name = ?", (name,))
    return str(rows[0][0]) if rows else ""


def last_mark(connection: sqlite3.Connection, name: str) -> int:
    """As `get_mark`, from within a transaction."""
    row = connection.execute(_MARK, (name,)).fetchone()
    return int(row[0]) if row else 0
