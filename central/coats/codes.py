"""Codes of four digits: a look-up and no secret, so staff compare tag, picture and last digits."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from central.sale.states import Refused
from central.store.schema import coat_ticket

MAX_OPEN = 9000
"""Open coat tickets of one cloakroom; then a guess is right too often."""
RECENT = timedelta(hours=12)
"""So long it is told of a code that it was fetched."""
_LADDER = "0123456789"
_EASY = {str(digit) * 4 for digit in range(10)} | {
    ladder[start : start + 4] for ladder in (_LADDER, _LADDER[::-1]) for start in range(7)
}
CODES = frozenset(f"{number:04d}" for number in range(10_000)) - _EASY
"""Not 0000 or 1234, that people try first."""


def is_code(shown: str) -> bool:
    return len(shown) == 4 and shown.isascii() and shown.isdigit()


def new_code(connection: Connection, room: int, now: datetime) -> str | Refused:
    """One that no open ticket of the cloakroom has, nor, if that can be, one that was fetched just
    now: who shows that once more is told so, and gets nobody else's coat. The cloakroom's row is
    locked by the caller."""
    query = select(coat_ticket.c.code).where(coat_ticket.c.cloakroom == room)
    taken = set(connection.scalars(query.where(coat_ticket.c.fetched_at.is_(None))))
    if len(taken) >= MAX_OPEN:
        return Refused("no_codes", f"{MAX_OPEN} coat tickets are open; hand some out first.")
    recent = set(connection.scalars(query.where(coat_ticket.c.fetched_at >= now - RECENT)))
    return secrets.choice(sorted(CODES - taken - recent or CODES - taken))
