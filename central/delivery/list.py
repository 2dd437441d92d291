"""What was sent and what was not, for staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select, update

from central.delivery import outbox, phones, prints
from central.delivery.outbox import Delivery, Kind, State
from central.delivery.settings import is_address
from central.sale.states import By, Refused
from central.store.schema import delivery

MOST = 200
"""Of one request or coat."""


@dataclass(frozen=True)
class Sums:
    """So many of a kind are in a state; the oldest waits to go out since `oldest`."""

    kind: Kind
    state: State
    count: int
    oldest: datetime


def page(
    connection: Connection,
    *,
    state: State | None = None,
    kind: Kind | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Delivery]:
    """The newest first, of ids before `before`; None is any."""
    conditions: list[ColumnElement[bool]] = []
    if state:
        conditions.append(delivery.c.state == state.value)
    if kind:
        conditions.append(delivery.c.kind == kind.value)
    if before is not None:
        conditions.append(delivery.c.id < before)
    return _found(connection, conditions, limit)


def of_request(connection: Connection, request: int) -> list[Delivery]:
    """The newest first."""
    return _found(connection, [delivery.c.request == request], MOST)


def sums(connection: Connection) -> list[Sums]:
    """Of what waits or is dead."""
    states = (State.WAITING.value, State.DEAD.value)
    oldest = func.min(delivery.c.created_at).label("oldest")
    query = (
        select(delivery.c.kind, delivery.c.state, func.count().label("many"), oldest)
        .where(delivery.c.state.in_(states))
        .group_by(delivery.c.kind, delivery.c.state)
    )
    return [
        Sums(Kind(row.kind), State(row.state), row.many, row.oldest)
        for row in connection.execute(query)
    ]


def send_again(
    connection: Connection, id_: int, to: str, country: str, by: By
) -> Delivery | Refused:
    """Send it once more, to another address if `to` is told; the new delivery. `country` is that of
    phone numbers without +."""
    old = outbox.find(connection, id_)
    if old and old.draft.forgotten:
        return Refused("forgotten", "What it said is forgotten, and to whom: it cannot go again.")
    corrected = _corrected(old.draft.kind, to, country) if old and to else ""
    if isinstance(corrected, Refused):
        return corrected
    new = _again(connection, id_, corrected, by)
    if isinstance(new, Refused):
        return new
    made = outbox.find(connection, new)
    assert made
    return made


def all_again(connection: Connection, by: By, limit: int = 500) -> int:
    """Send all messages that are dead once more, the oldest first; how many it were. No prints:
    nobody stands there any more."""
    to_people = delivery.c.kind != Kind.PRINT.value
    dead = select(delivery.c.id).where(delivery.c.state == State.DEAD.value, to_people)
    ids = connection.scalars(dead.order_by(delivery.c.id).limit(limit)).all()
    sent = [_again(connection, id_, "", by) for id_ in ids]
    return sum(isinstance(one, int) for one in sent)


def forget(connection: Connection, requests: Sequence[int], gone: str) -> None:
    """Blot out to whom messages about these requests went; none goes to them any more."""
    to_people = delivery.c.kind != Kind.PRINT.value
    here = (delivery.c.request.in_(requests), to_people)
    unsent = (*here, delivery.c.state.in_((State.WAITING.value, State.DEAD.value)))
    connection.execute(update(delivery).where(*unsent).values(state=State.DROPPED.value))
    connection.execute(update(delivery).where(*here).values(to=gone, values={}, said=""))


def _again(connection: Connection, id_: int, to: str, by: By) -> int | Refused:
    """The number of the new delivery, to whom it went before if `to` is "". What had not been sent
    is dropped for it. A print comes out where it was to, and says if it is a copy by now."""
    old = outbox.drop(connection, id_)
    if isinstance(old, Refused):
        return old
    if old.draft.kind is Kind.PRINT:
        return outbox.put(connection, prints.marked(connection, old.draft), by)
    return outbox.put(connection, replace(old.draft, to=to or old.draft.to), by)


def _found(
    connection: Connection, conditions: Sequence[ColumnElement[bool]], limit: int
) -> list[Delivery]:
    query = select(delivery).where(*conditions).order_by(delivery.c.id.desc()).limit(limit)
    return [outbox.of_row(row) for row in connection.execute(query).mappings()]


def _corrected(kind: Kind, to: str, country: str) -> str | Refused:
    if kind is Kind.SMS:
        return phones.parse(to, country)
    if kind is Kind.EMAIL and not is_address(to):
        return Refused("bad_email", "write an e-mail address, like ada@example.org")
    return to
