"""Pre-registrations: a visitor writes his number on his own phone and shows a QR code."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, delete, func, insert, select

from central.catalogue.texts import hidden
from central.coats import coats, rooms, tries
from central.coats.values import ENTRY_LASTS, SECRET_BYTES, Coat, CoatState, Entry, House
from central.delivery import phones
from central.sale.states import By, Refused
from central.store.schema import coat_entry
from central.texts import spoken

MAX_LIVE = 1000
"""Of one cloakroom."""
MAX_NAME = 80


@dataclass(frozen=True)
class Registration:
    """What a visitor tells; `phone` is as typed."""

    cloakroom: int
    phone: str
    name: str = ""
    language: str = ""


def register(
    connection: Connection,
    house: House,
    wanted: Registration,
    by: By,
    *,
    network: str,
) -> Entry | Refused:
    """A new entry; `network` is where the visitor's browser is."""
    found, name = rooms.find(connection, wanted.cloakroom), wanted.name.strip()
    if isinstance(found, Refused):
        return found
    number = phones.parse(wanted.phone, house.country)
    if isinstance(number, Refused):
        return number
    if len(name) > MAX_NAME or hidden(name):
        return Refused("bad_name", f"A name has at most {MAX_NAME} characters.")
    who = f"entries:{network}"[:120]
    if wait := tries.may_try(connection, who, tries.ENTRIES, by.at):
        return Refused(wait.code, "That was often; try again in some minutes.", wait.extras)
    tries.count(connection, who)
    live_now = (coat_entry.c.cloakroom == found.id, coat_entry.c.made_at > by.at - ENTRY_LASTS)
    if (connection.scalar(select(func.count()).where(*live_now)) or 0) >= MAX_LIVE:
        return Refused("too_many", "Too many are waiting; give your number at the cloakroom.")
    secret = secrets.token_urlsafe(SECRET_BYTES)
    entry = Entry(secret, found.id, number, name, spoken([wanted.language]), by.at)
    connection.execute(insert(coat_entry).values(vars(entry)))
    return entry


def live(connection: Connection, room: int, now: datetime, limit: int = 200) -> list[Entry]:
    """Newest first."""
    here = (coat_entry.c.cloakroom == room, coat_entry.c.made_at > now - ENTRY_LASTS)
    query = select(coat_entry).where(*here).order_by(coat_entry.c.made_at.desc()).limit(limit)
    return [_entry(row) for row in connection.execute(query)]


def find(
    connection: Connection, shown: str, now: datetime, *, lock: bool = False
) -> Entry | Refused:
    """By its link, or bare secret. Says why it is not good any more."""
    secret = coats.secret_in(shown)
    if not secret:
        return Refused("unknown_entry", "That is no pre-registration.")
    query = select(coat_entry).where(coat_entry.c.secret == secret)
    row = connection.execute(query.with_for_update() if lock else query).first()
    used = coats.by_secret(connection, secret)
    if isinstance(used, Coat):
        hangs = " hangs for it" * (used.state is CoatState.OPEN)
        detail = f"It was used before: {used.tags}{hangs}."
        return Refused("entry_used", detail, {"coat": used.id})
    if row is None:
        return Refused("unknown_entry", "There is no such pre-registration, or it ran out.")
    entry = _entry(row)
    if entry.until <= now:
        of = {"cloakroom": entry.cloakroom}
        return Refused("entry_over", "The pre-registration ran out; make a new one.", of)
    return entry


def marked(connection: Connection, room: int, mark: str, now: datetime) -> Entry | Refused:
    """The one with this mark, if it still waits there."""
    found = (one for one in live(connection, room, now, MAX_LIVE) if one.mark == mark)
    told = "That pre-registration was used, or ran out."
    return next(found, Refused("unknown_entry", told))


def drop(connection: Connection, secret: str, by: By) -> None:
    """It was not meant, or is used."""
    connection.execute(delete(coat_entry).where(coat_entry.c.secret == secret))


def forget(connection: Connection, now: datetime) -> None:
    connection.execute(delete(coat_entry).where(coat_entry.c.made_at <= now - 2 * ENTRY_LASTS))


def _entry(row: Row[tuple[object, ...]]) -> Entry:
    return Entry(row.secret, row.cloakroom, row.phone, row.name, row.language, row.made_at)
