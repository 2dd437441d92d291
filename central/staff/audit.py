"""What staff did, one row for each action, written in the transaction that does it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from central.sale.states import By
from central.store.schema import audit

MAX_SUBJECT = 100
MAX_DETAIL = 1000


@dataclass(frozen=True)
class Deed:
    id: int
    at: datetime
    who: str
    address: str
    action: str
    subject: str
    detail: str


def write(connection: Connection, action: str, subject: str, detail: str, by: By) -> None:
    """`action` is what staff call it ("refund"), `subject` what it was done to: a request's
    token, a lane, a tag."""
    connection.execute(
        insert(audit).values(
            at=by.at,
            who=by.who,
            address=by.address,
            action=action,
            subject=subject[:MAX_SUBJECT],
            detail=detail[:MAX_DETAIL],
        )
    )


def page(
    connection: Connection,
    *,
    who: str = "",
    action: str = "",
    subject: str = "",
    before: int | None = None,
    limit: int = 100,
) -> list[Deed]:
    """The newest first, of ids before `before`; "" is any."""
    told = {audit.c.who: who, audit.c.action: action, audit.c.subject: subject}
    conditions = [column == value for column, value in told.items() if value]
    if before is not None:
        conditions.append(audit.c.id < before)
    query = select(audit).where(*conditions).order_by(audit.c.id.desc()).limit(limit)
    return [Deed(**row) for row in connection.execute(query).mappings()]
