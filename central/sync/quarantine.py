"""What cannot be taken is set aside with the reason: it blocks nothing and never vanishes. People
see it, have it taken after all, or dismiss it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from central.sale.states import By, Refused
from central.store.rows import keyed
from central.store.schema import quarantine

log = logging.getLogger("wicket.central")

MAX_UNREADABLE = 100
"""Unreadable payloads kept of one device; a device that only talks rubbish fills no disk."""
MAX_CLONED = 1000
"""Facts kept of one device that were told under numbers of other facts."""
MAX_REASON = 500
MAX_DEVICE = 100
TAKEN, DISMISSED = "taken", "dismissed"
_THIS = select(quarantine.c.id).where(
    *keyed(quarantine.c.device, quarantine.c.number, quarantine.c.payload)
)


@dataclass(frozen=True)
class Bad:
    """Something set aside. `number` None: a whole payload, of which nothing was taken."""

    number: int | None
    reason: str
    payload: str


def listed(
    connection: Connection, after: int = 0, limit: int | None = None
) -> list[dict[str, Any]]:
    """What is in quarantine, oldest first, with what became of it."""
    rows = select(quarantine).where(quarantine.c.id > after).order_by(quarantine.c.id).limit(limit)
    return [dict(row) for row in connection.execute(rows).mappings()]


def set_payload_aside(
    connection: Connection, device: str, reason: str, payload: bytes, now: datetime
) -> None:
    """Keep a whole payload of which nothing was taken: each once, and not too many. A stranger's
    name may be of any length."""
    device = device[:MAX_DEVICE]
    text = _storable(payload.decode(errors="backslashreplace"))
    same = (quarantine.c.device == device, quarantine.c.number.is_(None))
    kept = connection.scalar(select(func.count()).where(*same)) or 0
    before = connection.scalar(select(quarantine.c.id).where(*same, quarantine.c.payload == text))
    if before is None and kept < MAX_UNREADABLE:
        set_aside(connection, device, [Bad(None, reason, text)], now)


def set_aside_once(connection: Connection, device: str, bad: Bad, now: datetime) -> bool:
    """Keep a fact unless it is there already, and not too many; false if it was not kept."""
    this = {"of_device": device, "of_number": bad.number, "of_payload": bad.payload}
    if connection.scalar(_THIS, this) is not None:
        return False
    same = (quarantine.c.device == device, quarantine.c.reason == bad.reason)
    if (connection.scalar(select(func.count()).where(*same)) or 0) >= MAX_CLONED:
        return False
    set_aside(connection, device, [bad], now)
    return True


def set_aside(connection: Connection, device: str, bad: Sequence[Bad], now: datetime) -> None:
    for one in bad:
        reason = _storable(one.reason)[:MAX_REASON]
        log.warning(
            "set aside from %s, number %s: %s; see GET /v1/quarantine", device, one.number, reason
        )
        connection.execute(
            insert(quarantine).values(
                received_at=now,
                device=device,
                number=one.number,
                reason=reason,
                payload=one.payload,
            )
        )


def open_one(connection: Connection, id_: int) -> dict[str, Any] | Refused:
    """One that waits for people, held until the transaction ends."""
    this = select(quarantine).where(quarantine.c.id == id_).with_for_update()
    row = connection.execute(this).mappings().first()
    if row is None:
        return Refused("unknown_quarantined", f"nothing in quarantine has the id {id_}")
    if row["fate"] is not None:
        return Refused("no_longer_aside", f"it was {row['fate']} by {row['fate_by']} before")
    return dict(row)


def settle(connection: Connection, id_: int, fate: str, why: str, by: By) -> dict[str, Any]:
    """Write down what became of it; the row."""
    values = {"fate": fate, "fate_at": by.at, "fate_by": by.who, "fate_why": why}
    this = quarantine.c.id == id_
    connection.execute(update(quarantine).where(this).values(values))
    return dict(connection.execute(select(quarantine).where(this)).mappings().one())


def dismiss(connection: Connection, id_: int, why: str, by: By) -> dict[str, Any] | Refused:
    """It will not be taken; `why` stays with it."""
    row = open_one(connection, id_)
    return row if isinstance(row, Refused) else settle(connection, id_, DISMISSED, why, by)


def _storable(text: str) -> str:
    """JSON can spell what no database takes: half a surrogate pair, and PostgreSQL takes no NUL."""
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\x00")
