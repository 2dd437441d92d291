"""Doing a thing once, however often it is asked: the answer is kept with the effect."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update

from central.store.rows import insert_new, keyed
from central.store.schema import idempotency

KEPT_FOR = timedelta(days=30)
_THIS = keyed(idempotency.c.device, idempotency.c.path, idempotency.c.key)
_GIVEN = select(idempotency.c.status, idempotency.c.body, idempotency.c.digest).where(*_THIS)
_ANSWERED = update(idempotency).where(*_THIS)


@dataclass(frozen=True)
class Answer:
    """An HTTP status and a JSON body."""

    status: int
    body: dict[str, Any]


KEY_REUSED = Answer(
    422,
    {
        "type": "about:blank",
        "title": "Unprocessable",
        "status": 422,
        "code": "key_reused",
        "detail": "this Idempotency-Key came with another body before; make a new one",
    },
)


@dataclass(frozen=True)
class Call:
    """What is asked, by whom. `key` is made by the client, one for each thing it wants done;
    `body` are the bytes it sent."""

    device: str
    path: str
    key: str
    body: bytes = b""

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


def once(
    connection: Connection, call: Call, now: datetime, work: Callable[[Connection], Answer]
) -> Answer:
    """The answer of `work`, or the one it gave to this call before; KEY_REUSED when that call had
    another body.

    The key is claimed before the work, so of two that come at once the second waits for the first.
    """
    row = {"device": call.device, "path": call.path, "key": call.key}
    claim = row | {"at": now, "status": 0, "body": {}, "digest": call.digest}
    this = {f"of_{name}": value for name, value in row.items()}
    if not insert_new(connection, idempotency, claim):
        given = connection.execute(_GIVEN, this).one()
        return KEY_REUSED if given.digest not in ("", call.digest) else Answer(*given[:2])
    answer = work(connection)
    connection.execute(_ANSWERED, this | vars(answer))
    return answer


def forget(connection: Connection, now: datetime) -> None:
    """Drop answers that no client asks for any more."""
    connection.execute(delete(idempotency).where(idempotency.c.at < now - KEPT_FOR))
