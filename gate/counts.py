"""How many persons this gate counts in each zone: where it began, and every fact since, once.

A gate begins with what central counted when a snapshot was taken. Those facts it may well hear
again, by MQTT or by the feed, and some it had heard before: so it keeps up to which number of each
device they are counted in.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping

from admission.facts import CENTRAL, Fact
from admission.presence import moves
from runtime import outbox as outbox_store
from runtime.wire import fact_from_data

SCHEMA = """
CREATE TABLE IF NOT EXISTS presence (zone TEXT PRIMARY KEY, persons INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counted_in (
    device TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS not_counted_in (
    device TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (device, number)) WITHOUT ROWID;
"""
"""Facts of a device up to the number in `counted_in` are in the counts with which this gate began,
but for those in `not_counted_in`."""

_MOVE = (
    "INSERT INTO presence VALUES (?, ?)"
    " ON CONFLICT (zone) DO UPDATE SET persons = persons + excluded.persons"
)
_COUNTED_IN = (
    "SELECT 1 FROM counted_in WHERE device = ? AND number >= ? AND NOT EXISTS"
    " (SELECT 1 FROM not_counted_in n WHERE n.device = ? AND n.number = ?)"
)
_SINCE = (
    "SELECT body FROM fact f LEFT JOIN counted_in c ON c.device = f.device"
    " WHERE f.number > coalesce(c.number, 0)"
    " OR EXISTS (SELECT 1 FROM not_counted_in n WHERE n.device = f.device AND n.number = f.number)"
)


def fold(connection: sqlite3.Connection, fact: Fact, times: int = 1) -> None:
    """Count a fact that is new here; -1 times: one that is to be forgotten."""
    told = [(zone, times * persons) for zone, persons in moves(fact.event)]
    if not told:
        return
    this = (fact.device, fact.number)
    if connection.execute(_COUNTED_IN, (*this, *this)).fetchone() is None:
        connection.executemany(_MOVE, told)


def begin_anew(connection: sqlite3.Connection) -> None:
    """Central may be another one, which numbers its own facts anew."""
    outbox_store.put_mark(connection, "counts", 0)
    connection.execute("DELETE FROM fact WHERE device = ?", (CENTRAL,))


def begin(
    connection: sqlite3.Connection,
    as_of: int,
    counts: Mapping[str, int],
    taken: Mapping[str, int],
    missing: Iterable[tuple[str, int]] = (),
) -> bool:
    """Count on from central's `counts` as of the number `as_of` of the feed (central's Baseline),
    and from what is known here beyond it. False if it is older than where this gate began: what
    happened between the two it may never have heard."""
    if as_of < outbox_store.last_mark(connection, "counts"):
        return False
    for table in ("presence", "counted_in", "not_counted_in"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
    connection.executemany("INSERT INTO presence VALUES (?, ?)", counts.items())
    connection.executemany("INSERT INTO counted_in VALUES (?, ?)", taken.items())
    connection.executemany("INSERT OR IGNORE INTO not_counted_in VALUES (?, ?)", missing)
    for (body,) in connection.execute(_SINCE).fetchall():
        connection.executemany(_MOVE, list(moves(fact_from_data(json.loads(body)).event)))
    outbox_store.set_mark(connection, "counts", as_of)
    return True
