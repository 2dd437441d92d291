"""Keys of devices that sell offline, who may have which, and the end of keys that became known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, func, insert, select

from admission.codes import SigningKey, code_beginning
from admission.facts import KeyPublished
from admission.values import IssuerKey
from central import keys
from central.sale.states import By, Refused
from central.store import schema
from central.store.engine import one_at_a_time
from central.sync import feed

GOOD_FOR = timedelta(days=90)
HEARD = timedelta(hours=24)
"""So long before it begins a key is told that follows another one: by then every gate knows it."""
MOST_AT_ONCE = 3
"""So many keys a device may have that have not ended: one, the next, and one more for a new disk.
"""
_TICKET = schema.ticket.c


@dataclass(frozen=True)
class KeyReport:
    """A key, how many tickets of it are known, and what was done to it."""

    key: IssuerKey
    tickets: int
    changes: tuple[tuple[By, str, str], ...]
    """Who, what, why."""


def register(connection: Connection, public: bytes, by: By) -> IssuerKey | Refused:
    """The key of the device that asks: told to the gates, good for GOOD_FOR. Asked again, the same.

    One that follows another begins when every gate has heard of it. A device of which a key was
    revoked gets none ever again: whoever has stolen it has its token too.
    """
    one_at_a_time(connection)
    known = keys.told(connection)
    if same := [key for key in known.values() if key.public == public]:
        mine = same[0].device == by.who
        return same[0] if mine else Refused("key_taken", "another device has this key")
    own = [key for key in known.values() if key.device == by.who]
    if any(key.revoked_at for key in own):
        return Refused("key_revoked", f"a key of {by.who} was revoked; give the device a new name")
    standing = [key for key in own if key.valid_until is None or key.valid_until > by.at]
    if len(standing) >= MOST_AT_ONCE:
        return Refused("too_many_keys", f"{by.who} has {len(standing)} keys that have not ended")
    begins = keys.from_now(by.at, 0) + (HEARD if standing else timedelta(0))
    made = IssuerKey(keys.next_id(connection), public, begins, begins + GOOD_FOR, by.who)
    feed.tell(connection, [KeyPublished(made)], by.at)
    _note(connection, made.id, "registered", "", by)
    return made


def revoked(
    connection: Connection, which: str, since: datetime, by: By
) -> list[IssuerKey] | Refused:
    """A key by its id, or all keys of a device, as they are when they are revoked. A key can be
    revoked again for an earlier time, never for a later one. Nothing is told yet."""
    one_at_a_time(connection)
    if since > by.at:
        return Refused("not_yet", "a key is revoked from now on, or from a time that is past")
    known = keys.told(connection).values()
    meant = [key for key in known if which in (str(key.id), key.device or keys.NAME)]
    if not meant:
        return Refused("unknown_key", f"there is no key {which}, and no device of that name")
    changed = [
        replace(key, revoked_at=since)
        for key in meant
        if key.revoked_at is None or key.revoked_at > since
    ]
    return changed or Refused("revoked_before", f"{which} is revoked from an earlier time on")


def tell_revoked(connection: Connection, ended: Sequence[IssuerKey], why: str, by: By) -> None:
    feed.tell(connection, [KeyPublished(key) for key in ended], by.at)
    for key in ended:
        if key.revoked_at:
            _note(connection, key.id, f"revoked from {key.revoked_at.isoformat()}", why, by)


def reports(connection: Connection) -> list[KeyReport]:
    """Every key that was ever told, by id."""
    beginning = func.substr(_TICKET.code, 1, len(code_beginning(1)))
    counts = select(beginning, func.count()).group_by(beginning)
    tickets = {row[0]: row[1] for row in connection.execute(counts)}
    changes: dict[int, list[tuple[By, str, str]]] = {}
    for row in connection.execute(select(schema.key_change).order_by(schema.key_change.c.id)):
        changes.setdefault(row.key, []).append((By(row.who, row.at), row.what, row.why))
    return [
        KeyReport(key, tickets.get(code_beginning(key.id), 0), tuple(changes.get(key.id, ())))
        for key in keys.told(connection).values()
    ]


def rotate(connection: Connection, folder: Path, at: datetime, why: str, by: By) -> SigningKey:
    """A new key for central, see keys.rotate."""
    made = keys.rotate(connection, folder, at, by.at)
    _note(connection, made.id, "made", why, by)
    return made


def _note(connection: Connection, key: int, what: str, why: str, by: By) -> None:
    row = {"key": key, "at": by.at, "who": by.who, "what": what, "why": why}
    connection.execute(insert(schema.key_change), row)
