"""Lists of tickets that others sold: imported, imported again, revoked.

They are tickets of one of our products at the gates and nowhere else: no money is booked for them,
and they take no places of a time slot.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from admission.facts import TicketIssued
from admission.foreign import EVER, NO_PRODUCT, foreign_ticket_id
from admission.values import Ticket, TicketState, Window
from central.catalogue.offers import ProductKind
from central.catalogue.venue import Venue
from central.foreign.list_file import Listed, Wrong
from central.sale.states import By, Refused
from central.store.engine import one_at_a_time
from central.store.rows import setting
from central.store.schema import feed as feed_table
from central.store.schema import foreign_list, foreign_ticket
from central.sync import feed

PIECE = 1000
"""So many tickets at most are written in one transaction of a long import: nobody who sells waits
for more."""
MOST_LISTS = 1000
_CHANGE = setting(
    foreign_ticket,
    *("list", "valid_from", "valid_until", "persons", "reference", "state"),
    by="ticket",
)
_STATE = setting(foreign_ticket, "state", by="ticket")


@dataclass(frozen=True)
class Counts:
    """What an import did with the tickets of its rows. `cancelled` had no row any more."""

    new: int = 0
    changed: int = 0
    same: int = 0
    cancelled: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.new + other.new,
            self.changed + other.changed,
            self.same + other.same,
            self.cancelled + other.cancelled,
        )


@dataclass(frozen=True)
class Overview:
    """A list as it is now. `used`: tickets of which some gate has let in anybody. `imported_at`:
    when the newest import ended, None while the first one has not."""

    name: str
    product: int
    imported_at: datetime | None
    imported_by: str
    tickets: int
    used: int
    cancelled: int
    blocked: int


def begin(connection: Connection, venue: Venue, name: str, product: int, by: By) -> int | Refused:
    """The number of the list, which is made if there is none of this name."""
    one_at_a_time(connection)
    found = venue.offer(product)
    if found is None:
        return Refused("unknown_product", f"there is no product {product}")
    if found[1].kind is ProductKind.VOUCHER:
        return Refused("no_ticket", f"product {product} is a voucher; a list is of tickets")
    row = connection.execute(select(foreign_list).where(foreign_list.c.name == name)).first()
    if row is None:
        new = {"name": name, "product": product, "created_at": by.at}
        made = connection.execute(insert(foreign_list).returning(foreign_list.c.id), new)
        return int(made.scalar_one())
    if row.product != product:
        return Refused("other_product", f"list {name!r} is of product {row.product}")
    return int(row.id)


def elsewhere(connection: Connection, name: str, rows: Iterable[Listed]) -> list[Wrong]:
    """Rows with codes that are on another list than that of this name."""
    here = select(foreign_list.c.id).where(foreign_list.c.name == name)
    list_ = connection.scalar(here)
    wrong = []
    for piece in pieces(list(rows)):
        known = _known(connection, [row.ticket for row in piece])
        for row in piece:
            found = known.get(row.ticket)
            if found and found.list not in (None, list_):
                wrong.append(Wrong(row.place, "the code is on another list"))
    return wrong


def take(connection: Connection, list_: int, rows: Sequence[Listed], by: By) -> Counts:
    """Make the rows tickets, or what they say now the ticket's. What is revoked stays so."""
    one_at_a_time(connection)
    product = connection.scalar(select(foreign_list.c.product).where(foreign_list.c.id == list_))
    assert product is not None
    known = _known(connection, [row.ticket for row in rows])
    new = [row for row in rows if row.ticket not in known]
    changed = [(row, known[row.ticket]) for row in rows if row.ticket in known]
    changed = [(row, old) for row, old in changed if _differs(list_, row, old)]
    if new:
        valid = TicketState.VALID.value
        connection.execute(
            insert(foreign_ticket),
            [{"ticket": row.ticket, **_columns(list_, row, valid)} for row in new],
        )
    if changed:
        connection.execute(
            _CHANGE,
            [
                {"of_ticket": row.ticket, **_columns(list_, row, _state(old))}
                for row, old in changed
            ],
        )
    good = [row for row, old in changed if _state(old) == TicketState.VALID.value]
    told = [TicketIssued(Ticket(r.ticket, product, r.window, r.persons)) for r in (*new, *good)]
    if told:
        feed.tell(connection, told, by.at)
    return Counts(len(new), len(changed), len(rows) - len(new) - len(changed))


def missing(connection: Connection, list_: int, rows: Iterable[Listed]) -> list[int]:
    """Valid tickets of the list that have no row."""
    table = foreign_ticket
    here = select(table.c.ticket).where(
        table.c.list == list_, table.c.state == TicketState.VALID.value
    )
    return sorted(set(connection.scalars(here)) - {row.ticket for row in rows})


def cancel(connection: Connection, tickets: Collection[int], by: By) -> Counts:
    known = _known(connection, tickets).values()
    return Counts(cancelled=_set(connection, list(known), TicketState.CANCELLED, by))


def finish(connection: Connection, list_: int, by: By) -> None:
    connection.execute(
        update(foreign_list)
        .where(foreign_list.c.id == list_)
        .values(imported_at=by.at, imported_by=by.who)
    )


def revoke(connection: Connection, codes: Iterable[str], by: By) -> int:
    """Block the tickets with these codes, on a list or not; how many were not yet.

    One that central does not know gets a row all the same, and the gates are told of it: it may be
    a signed code, which needs nobody to know it, or come on a list later.
    """
    one_at_a_time(connection)
    ids = list(dict.fromkeys(map(foreign_ticket_id, codes)))
    known = _known(connection, ids)
    blocked = TicketState.BLOCKED
    new = [Ticket(id_, NO_PRODUCT, EVER, state=blocked) for id_ in ids if id_ not in known]
    if new:
        times = {"valid_from": EVER.start, "valid_until": EVER.end}
        told = times | {"persons": 1, "state": blocked.value}
        connection.execute(insert(foreign_ticket), [{"ticket": t.id, **told} for t in new])
        feed.tell(connection, [TicketIssued(ticket) for ticket in new], by.at)
    standing = [row for row in known.values() if row.state != blocked.value]
    return len(new) + _set(connection, standing, blocked, by)


def overviews(connection: Connection) -> list[Overview]:
    """The newest lists first."""
    table, count = foreign_ticket, func.count()
    counted = select(table.c.list, table.c.state, count).group_by(table.c.list, table.c.state)
    states = {(list_, state): number for list_, state, number in connection.execute(counted)}
    admitted = select(feed_table.c.subject).where(feed_table.c.kind == "admitted")
    went_in = select(table.c.list, count).where(table.c.ticket.in_(admitted)).group_by(table.c.list)
    used = {row[0]: row[1] for row in connection.execute(went_in)}
    newest = select(foreign_list).order_by(foreign_list.c.id.desc()).limit(MOST_LISTS)
    return [
        Overview(
            row.name,
            row.product,
            row.imported_at,
            row.imported_by,
            sum(number for (list_, _), number in states.items() if list_ == row.id),
            used.get(row.id, 0),
            states.get((row.id, TicketState.CANCELLED.value), 0),
            states.get((row.id, TicketState.BLOCKED.value), 0),
        )
        for row in connection.execute(newest)
    ]


def pieces(rows: Sequence[Any]) -> list[Sequence[Any]]:
    return [rows[n : n + PIECE] for n in range(0, len(rows), PIECE)]


def _set(connection: Connection, rows: Sequence[Row[Any]], state: TicketState, by: By) -> int:
    if not rows:
        return 0
    connection.execute(_STATE, [{"of_ticket": r.ticket, "state": state.value} for r in rows])
    named = select(foreign_list.c.id, foreign_list.c.product)
    products = {row.id: row.product for row in connection.execute(named)}
    told = [
        Ticket(
            row.ticket,
            products.get(row.list, NO_PRODUCT),
            Window(row.valid_from, row.valid_until),
            row.persons,
            state,
        )
        for row in rows
    ]
    feed.tell(connection, [TicketIssued(ticket) for ticket in told], by.at)
    return len(told)


def _known(connection: Connection, tickets: Collection[int]) -> dict[int, Row[Any]]:
    rows = connection.execute(
        select(foreign_ticket).where(foreign_ticket.c.ticket.in_(list(tickets)))
    )
    return {row.ticket: row for row in rows}


def _differs(list_: int, row: Listed, old: Row[Any]) -> bool:
    if old.list not in (None, list_):
        return False
    return _columns(list_, row, _state(old)) != {
        name: getattr(old, name) for name in _columns(list_, row, "")
    }


def _state(old: Row[Any]) -> str:
    """What is revoked stays so; what was cancelled is good again."""
    kept = {TicketState.BLOCKED.value: TicketState.BLOCKED.value}
    return kept.get(old.state, TicketState.VALID.value)


def _columns(list_: int, row: Listed, state: str) -> dict[str, object]:
    return {
        "list": list_,
        "valid_from": row.window.start,
        "valid_until": row.window.end,
        "persons": row.persons,
        "reference": row.reference,
        "state": state,
    }
