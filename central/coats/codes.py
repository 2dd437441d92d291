"""Codes of four digits: a look-up and no secret, so staff compare tag, picture and last digits."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, select

from central.sale.states import Refused
from central.store.schema import coat_ticket

MAX_OPEN = 9000
"""Open coat tickets of one cloakroom; then a guess is right too often."""
_LADDER = "0123456789"
_EASY = {str(digit) * 4 for digit in range(10)} | {
    ladder[start : start + 4] for ladder in (_LADDER, _LADDER[::-1]) for start in range(7)
}
CODES = frozenset(f"{number:04d}" for number in range(10_000)) - _EASY
"""Not 0000 or 1234, that people try first."""


def is_code(shown: str) -> bool:
    return len(shown) == 4 and shown.isascii() and shown.isdigit()


def new_code(connection: Connection, room: int) -> str | Refused:
    """One that no open ticket of the cloakroom has. Its row is locked by the caller."""
    query = select(coat_ticket.c.code)
    here = (coat_ticket.c.cloakroom == room, coat_ticket.c.fetched_at.is_(None))
    taken = set(connection.scalars(query.where(*here)))
    if len(taken) >= MAX_OPEN:
        return Refused("no_codes", f"{MAX_OPEN} coat tickets are open; hand some out first.")
    return secrets.choice(sorted(CODES - taken))
