"""What was read at a desk. A page that is open there takes it; an old one nobody wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from central.store.schema import desk_scan

KEPT = 50
"""So many of each desk."""
FRESH = timedelta(seconds=5)
"""A scan that found no page for so long is for none: whoever held the code has gone on."""


@dataclass(frozen=True)
class Read:
    """`code` as the reader gave it; of a contactless tag without a code "NFC:" and its UID in
    hex."""

    id: int
    at: datetime
    code: str


def put(connection: Connection, desk: str, code: str, now: datetime) -> int:
    """The id of the scan; the desk's oldest ones are forgotten."""
    made = connection.execute(insert(desk_scan).values(desk=desk, at=now, code=code))
    assert made.inserted_primary_key
    id_ = int(made.inserted_primary_key[0])
    here = desk_scan.c.desk == desk
    kept = select(desk_scan.c.id).where(here).order_by(desk_scan.c.id.desc()).limit(KEPT)
    oldest = select(func.min(kept.subquery().c.id)).scalar_subquery()
    connection.execute(delete(desk_scan).where(here, desk_scan.c.id < oldest))
    return id_


def newest(connection: Connection, desk: str) -> int:
    """Its id; 0 if there is none."""
    return connection.scalar(select(func.max(desk_scan.c.id)).where(desk_scan.c.desk == desk)) or 0


def after(connection: Connection, desk: str, id_: int, now: datetime) -> Sequence[Read]:
    """Those of the desk after one, the oldest first; only fresh ones."""
    fresh = desk_scan.c.at > now - FRESH
    query = (
        select(desk_scan.c.id, desk_scan.c.at, desk_scan.c.code)
        .where(desk_scan.c.desk == desk, desk_scan.c.id > id_, fresh)
        .order_by(desk_scan.c.id)
        .limit(KEPT)
    )
    return [Read(*row) for row in connection.execute(query)]
