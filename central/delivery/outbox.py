"""What is to be sent, and how it went. A delivery is written in the transaction that makes it
true, so that none is forgotten and none is of something that did not happen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from sqlalchemy import Connection, insert

from central.sale.states import By
from central.store.schema import delivery


class Kind(Enum):
    """SMS to a number like +4930…, EMAIL to an address, PRINT to a desk (its device's id)."""

    SMS = "sms"
    EMAIL = "email"
    PRINT = "print"


class State(Enum):
    """waiting → sent; or dead, when trying on is of no use, and staff have to look."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True)
class Draft:
    """`text` is the id of a text in central/texts (an e-mail has `<text>.subject` too), filled with
    `values`. `request` and `coat` say what it is about; `attach` are papers made when it is sent:
    "tickets" of the request as a PDF, for PRINT the slips; `tickets` (ids) only these of them."""

    kind: Kind
    to: str
    text: str
    language: str
    values: Mapping[str, str] = field(default_factory=dict)
    request: int | None = None
    coat: int | None = None
    attach: str = ""
    tickets: tuple[int, ...] = ()


def put(connection: Connection, draft: Draft, by: By, at: datetime | None = None) -> int:
    """To be sent from `at` on (now); the number of the delivery."""
    made = connection.execute(
        insert(delivery).values(
            kind=draft.kind.value,
            to=draft.to,
            text=draft.text,
            language=draft.language,
            values=dict(draft.values),
            request=draft.request,
            coat=draft.coat,
            attach=draft.attach,
            tickets=[str(id_) for id_ in draft.tickets],
            state=State.WAITING.value,
            created_at=by.at,
            who=by.who,
            due_at=at or by.at,
            tries=0,
        )
    )
    assert made.inserted_primary_key
    return int(made.inserted_primary_key[0])
