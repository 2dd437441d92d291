"""How often somebody may guess: counted in the database, so on every worker."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from central.sale.states import Refused
from central.store.rows import insert_new
from central.store.schema import coat_try


@dataclass(frozen=True)
class Limit:
    """At most `most` in `span`, then wait until it is over."""

    most: int
    span: timedelta


WRONG_CODES = Limit(10, timedelta(minutes=5))
"""By one of the staff at one cloakroom: 10 000 codes would take him more than three days."""
ENTRIES = Limit(240, timedelta(minutes=10))
"""Pre-registrations from one network address, which all visitors on the venue's Wi-Fi have: as many
as a busy cloakroom hangs, but in half an hour fewer than entries.MAX_LIVE, so that nobody keeps the
others out."""


def may_try(connection: Connection, who: str, limit: Limit, now: datetime) -> Refused | None:
    """Why `who` has to wait. Locks his count until the transaction ends."""
    here, row = select(coat_try).where(coat_try.c.who == who).with_for_update(), None
    while row is None:  # an old one may be forgotten in between
        insert_new(connection, coat_try, {"who": who, "since": now, "wrong": 0})
        row = connection.execute(here).first()
    until = row.since + limit.span
    if until <= now:
        _set(connection, who, since=now, wrong=0)
        return None
    if row.wrong < limit.most:
        return None
    wait = math.ceil((until - now).total_seconds() / 60)
    detail = f"Too many wrong tries; try again in {wait} minute{'s' * (wait > 1)}."
    return Refused("too_often", detail, {"wait_s": math.ceil((until - now).total_seconds())})


def count(connection: Connection, who: str) -> None:
    """One more, after `may_try`."""
    here = coat_try.c.who == who
    connection.execute(update(coat_try).where(here).values(wrong=coat_try.c.wrong + 1))


def forget(connection: Connection, now: datetime) -> None:
    longest = max(WRONG_CODES.span, ENTRIES.span)
    connection.execute(delete(coat_try).where(coat_try.c.since < now - longest))


def _set(connection: Connection, who: str, **values: object) -> None:
    connection.execute(update(coat_try).where(coat_try.c.who == who).values(values))
