"""Epochs of the feed. When its database was put back to an earlier state, its numbers begin to mean
something else; devices see by the epoch, which every message names, that they must begin anew.
"""

from __future__ import annotations

import logging
import secrets
from datetime import datetime

from sqlalchemy import Connection, insert, select

from admission.facts import CENTRAL
from central.store.schema import epoch
from central.sync import feed

log = logging.getLogger("wicket.central")

MOST = 2**53 - 1
"""The largest integer that every reader of JSON keeps exactly."""
_NEWEST = select(epoch.c.number).order_by(epoch.c.id.desc()).limit(1)


def current(connection: Connection) -> int:
    number: int = connection.scalars(_NEWEST).one()
    return number


def begin(connection: Connection, why: str, now: datetime) -> int:
    """A new one. All devices will take a snapshot, and send again what is not taken here."""
    number = 1 + secrets.randbelow(MOST)
    connection.execute(insert(epoch).values(number=number, began_at=now, why=why))
    return number


def heard(connection: Connection, device: str, told: int, cursor: int, now: datetime) -> bool:
    """A device says up to which number of the epoch `told` it has the feed. If that is beyond the
    end, this database has forgotten something: begin a new epoch, and return true."""
    feed.last_taken(connection, CENTRAL, lock=True)
    if told != current(connection) or cursor <= feed.head(connection):
        return False
    why = f"{device} knows the feed up to {cursor}, but it ends at {feed.head(connection)}"
    log.warning("this database has forgotten something, all devices begin anew: %s", why)
    begin(connection, why, now)
    return True
