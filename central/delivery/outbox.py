"""What is to be sent, and how it went. A delivery is written in the transaction that makes it
true, so that none is forgotten and none is of something that did not happen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import ColumnElement, Connection, RowMapping, insert, select, update

from central.sale.states import By, Refused
from central.store.schema import delivery

PAUSES = tuple(timedelta(seconds=s) for s in (10, 30, 120, 600))
HOURLY = timedelta(hours=1)
MAX_TRIES = len(PAUSES) + 1 + 23
"""All of them take a day."""
ONCE, UNBELIEVED = 1, 4
"""Tries of what another one does not help, and of what may have gone out each time."""
TAKEN_FOR = timedelta(minutes=3)
"""Longer than any gateway is waited for."""
MAX_SAID = 500
MAX_ID = 2**31 - 1


class Kind(Enum):
    """SMS to a number like +4930…, EMAIL to an address, PRINT to a desk (its device's id)."""

    SMS = "sms"
    EMAIL = "email"
    PRINT = "print"


class State(Enum):
    """waiting → sent; or dead, when trying on is of no use, and staff have to look; dropped, when
    they did: let it be, or sent it again, which is another delivery."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"


@dataclass(frozen=True)
class Draft:
    """`text` is the id of a text in central/texts (an e-mail has `<text>.subject` too), filled with
    `values`, and with the venue's name as `venue`; a `link` in them that begins with "/" is below
    the public address of central. `to` may be as it was typed. `request` and `coat` say what it is
    about; `attach` are papers made when it is sent: "tickets" of the request as a PDF, for PRINT
    the slips; `tickets` (ids) only these of them."""

    kind: Kind
    to: str
    text: str
    language: str
    values: Mapping[str, str] = field(default_factory=dict)
    request: int | None = None
    coat: int | None = None
    attach: str = ""
    tickets: tuple[int, ...] = ()

    @property
    def forgotten(self) -> bool:
        """Whoever it went to is forgotten, and what it said: it cannot go again."""
        return self.kind is not Kind.PRINT and not self.values


@dataclass(frozen=True)
class Delivery:
    """A draft, and how it went. `said` is what the gateway, mail server or printer answered."""

    id: int
    draft: Draft
    state: State
    created_at: datetime
    who: str
    due_at: datetime
    tries: int
    sent_at: datetime | None
    said: str


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


def due(connection: Connection, kind: Kind, now: datetime, limit: int) -> list[Delivery]:
    """What is to be sent now, the oldest first."""
    return _due(connection, limit, delivery.c.kind == kind.value, delivery.c.due_at <= now)


def take(connection: Connection, kind: Kind, now: datetime, limit: int) -> list[Delivery]:
    """What is due, as it was; nobody else is given it for a while, not even a worker that takes up
    the duty at this moment. So it goes out only while it can be written down, and not again and
    again while a disk is full."""
    ours = (delivery.c.kind == kind.value, delivery.c.due_at <= now)
    taken = _due(connection, limit, *ours, lock=True)
    ids = [one.id for one in taken]
    later = update(delivery).where(delivery.c.id.in_(ids)).values(due_at=now + TAKEN_FOR)
    connection.execute(later)
    return taken


def due_prints(connection: Connection, desk: str, now: datetime, limit: int = 20) -> list[Delivery]:
    """What the printer of this desk (a device's id) is to print now, the oldest first."""
    ours = (delivery.c.kind == Kind.PRINT.value, delivery.c.to == desk)
    return _due(connection, limit, *ours, delivery.c.due_at <= now)


def find(connection: Connection, id_: int) -> Delivery | None:
    row = connection.execute(select(delivery).where(delivery.c.id == id_)).mappings().first()
    return of_row(row) if row else None


def done(connection: Connection, id_: int, said: str, now: datetime) -> bool:
    """It went out; false if nobody waits for that any more."""
    sent = {"state": State.SENT.value, "sent_at": now, "said": said[:MAX_SAID]}
    waits = update(delivery).where(*_waits(id_)).values(tries=delivery.c.tries + 1, **sent)
    return connection.execute(waits).rowcount == 1


def failed(
    connection: Connection, id_: int, said: str, now: datetime, *, most: int = MAX_TRIES
) -> None:
    """It did not go out, for the reason `said`: it is tried again later, or is dead after `most`
    tries in all."""
    here = select(delivery.c.tries).where(*_waits(id_)).with_for_update()
    tries = connection.scalar(here)
    if tries is None:
        return
    pause = pause_after(tries + 1, most)
    values: dict[str, object] = {"tries": tries + 1, "said": said[:MAX_SAID]}
    values |= {"due_at": now + pause} if pause else {"state": State.DEAD.value}
    connection.execute(update(delivery).where(*_waits(id_)).values(values))


def pause_after(tries: int, most: int = MAX_TRIES) -> timedelta | None:
    """How long to wait after so many tries; None after `most` of them."""
    if tries >= most:
        return None
    return PAUSES[tries - 1] if tries <= len(PAUSES) else HOURLY


def drop(connection: Connection, id_: int, said: str = "") -> Delivery | Refused:
    """Do not send it, if it is not sent yet; `said` tells why, if it is not staff who say so."""
    query = select(delivery).where(delivery.c.id == id_).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is None:
        return Refused("unknown_delivery", f"there is no delivery {id_}")
    old = of_row(row)
    if old.state is State.DROPPED:
        return Refused("dropped", "somebody has sent it again or let it be before")
    if old.state is not State.SENT:
        values = {"state": State.DROPPED.value} | ({"said": said} if said else {})
        connection.execute(update(delivery).where(delivery.c.id == id_).values(values))
    return old


def of_row(row: RowMapping) -> Delivery:
    draft = Draft(
        Kind(row["kind"]),
        row["to"],
        row["text"],
        row["language"],
        row["values"],
        row["request"],
        row["coat"],
        row["attach"],
        tuple(int(id_) for id_ in row["tickets"]),
    )
    own = ("id", "created_at", "who", "due_at", "tries", "sent_at", "said")
    return Delivery(draft=draft, state=State(row["state"]), **{name: row[name] for name in own})


def _due(
    connection: Connection, limit: int, *ours: ColumnElement[bool], lock: bool = False
) -> list[Delivery]:
    """With `lock` those that nobody else holds are held."""
    waiting = delivery.c.state == State.WAITING.value
    query = select(delivery).where(waiting, *ours).order_by(delivery.c.due_at, delivery.c.id)
    query = query.limit(limit)
    if lock:
        query = query.with_for_update(skip_locked=True)
    return [of_row(row) for row in connection.execute(query).mappings()]


def _waits(id_: int) -> tuple[ColumnElement[bool], ...]:
    return delivery.c.id == id_, delivery.c.state == State.WAITING.value
