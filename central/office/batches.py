"""Batches: many tickets of one product made in one go, for a reseller or a group.

Prepaid ones are paid when they are made. Postpaid ones are good at once; when the batch is
cancelled, what nobody used is given back and the rest is due.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection, Row, Select, insert, select, update

from admission.codes import SigningKey
from admission.values import History
from central.capacity import slots
from central.catalogue.offers import MAX_DAYS, ProductKind
from central.catalogue.schedule import to_utc
from central.catalogue.venue import Venue
from central.money import dues, ledger, payments, returns
from central.money.dues import PaymentOption, Terms
from central.sale import references, requests, tickets
from central.sale.cart import describe_days
from central.sale.request_rows import find, find_by_id, set_holder
from central.sale.states import (
    NO_REFERENCES,
    By,
    Holder,
    IssuedTicket,
    Payment,
    References,
    Refused,
    TicketRequest,
)
from central.sale.wishes import Wanted, Wish
from central.settings import Channel
from central.store import schema
from central.sync import feed

HELD = timedelta(minutes=1)
"""A batch is confirmed in the transaction that reserves its places."""


@dataclass(frozen=True)
class Order:
    """What is wanted: `want` in a slot, or, of what is sold without one, from `want.day` until
    `until`, both included. `payment` is of prepaid ones, and of all that it costs."""

    want: Wanted
    option: PaymentOption
    until: date | None = None
    payment: Payment | None = None
    reason: str = ""
    language: str = "en"
    holder: Holder | None = None
    references: References = NO_REFERENCES


@dataclass(frozen=True)
class Batch:
    id: int
    token: str
    made: By


@dataclass(frozen=True)
class Exported:
    """A ticket of a batch, and when somebody first went in with it."""

    issued: IssuedTicket
    used_at: datetime | None


def make(
    connection: Connection, venue: Venue, key: SigningKey, order: Order, by: By
) -> Batch | Refused:
    """Reserve, confirm and issue, all or nothing."""
    if refused := references.unknown(connection, order.references):
        return refused
    with connection.begin_nested() as savepoint:
        made = _make(connection, venue, key, order, by)
        if isinstance(made, Refused):
            savepoint.rollback()
    return made


def one(connection: Connection, id_: int) -> Batch | Refused:
    row = connection.execute(_all().where(schema.batch.c.id == id_)).first()
    return _batch(row) if row else Refused("unknown_batch", f"there is no batch {id_}")


def page(connection: Connection, after: int, limit: int) -> list[Batch]:
    rows = connection.execute(_all().where(schema.batch.c.id > after).limit(limit))
    return [_batch(row) for row in rows]


def latest(connection: Connection, before: int, limit: int) -> list[tuple[Batch, TicketRequest]]:
    """The newest first, with ids below `before` (0: from the last), each with its request."""
    batch, request = schema.batch, schema.ticket_request
    query = (
        select(batch.c.id, request.c.token, batch.c.who, batch.c.at, batch.c.request)
        .join(request, request.c.id == batch.c.request)
        .order_by(batch.c.id.desc())
        .limit(limit)
    )
    rows = connection.execute(query.where(batch.c.id < before) if before else query).all()
    made = {one.id: one for one in find_by_id(connection, [row.request for row in rows])}
    return [(Batch(row.id, row.token, By(row.who, row.at)), made[row.request]) for row in rows]


def export(connection: Connection, request: TicketRequest) -> list[Exported]:
    """All tickets of the request in order."""
    ids = select(schema.ticket.c.id).where(schema.ticket.c.request == request.id)
    told = feed.histories(connection, ids)
    issued = tickets.of_request(connection, request)
    return [Exported(each, _used_at(told.get(each.ticket.id, History()))) for each in issued]


def cancel(connection: Connection, id_: int, reason: str, by: By) -> Batch | Refused:
    """Cancel the tickets that nobody used, and give back what they cost; all of it if nobody used
    any. Harmless when cancelled before."""
    found = one(connection, id_)
    if isinstance(found, Refused):
        return found
    request = find(connection, found.token, lock=True)
    if isinstance(request, Refused):
        return request
    slots.hold(connection, request.places)
    ledger.lock_till(connection, by.who)
    listed = export(connection, request)
    unused = [each.issued for each in listed if each.issued.standing and each.used_at is None]
    if len(unused) == len(listed):
        done = requests.cancel(connection, request.token, reason, by)
        return done if isinstance(done, Refused) else found
    if unused:
        returns.book_return(connection, request, unused, by)
        if refused := returns.take_back(connection, request, unused, reason, by):
            return refused
    return found


def _make(
    connection: Connection, venue: Venue, key: SigningKey, order: Order, by: By
) -> Batch | Refused:
    wish = Wish((order.want,), Channel.OFFICE.value, order.language, HELD)
    request = requests.reserve(connection, venue, wish, by)
    if isinstance(request, Refused):
        return request
    if request.lines[0].kind is ProductKind.VOUCHER:
        return Refused("no_ticket", "a batch is of tickets or passes")
    if order.until and (refused := _set_window(connection, venue, request, order, by)):
        return refused
    references.refer(connection, request.id, order.references, by)
    if order.holder:
        set_holder(connection, request.id, order.holder, by)
    confirmed = _confirm(connection, request, order, by)
    if isinstance(confirmed, Refused):
        return confirmed
    issued = tickets.issue(connection, request.token, key, by)
    if isinstance(issued, Refused):
        return issued
    made = connection.execute(insert(schema.batch).values(request=request.id, at=by.at, who=by.who))
    assert made.inserted_primary_key is not None
    return Batch(made.inserted_primary_key[0], request.token, by)


def _confirm(
    connection: Connection, request: TicketRequest, order: Order, by: By
) -> TicketRequest | Refused:
    terms = Terms(order.option, order.reason)
    if order.payment is None:
        return payments.choose(connection, request.token, terms, by)
    dues.set_terms(connection, request.id, terms)
    return requests.confirm(connection, request.token, order.payment, None, by)


def _set_window(
    connection: Connection, venue: Venue, request: TicketRequest, order: Order, by: By
) -> Refused | None:
    """Another last day than the product's own."""
    [line] = request.lines
    first = order.want.day or by.at.astimezone(venue.zone).date()
    if line.valid_from is None or order.until is None:
        return Refused("wrong_day", "a time slot has its own times")
    if not first <= order.until <= first + timedelta(days=MAX_DAYS):
        return Refused("wrong_day", f"{order.until} is not within {MAX_DAYS} days after {first}")
    after = datetime.combine(order.until + timedelta(days=1), time.min)
    table = schema.request_line
    connection.execute(
        update(table)
        .where(table.c.request == request.id)
        .values(
            valid_until=to_utc(after, venue.zone), description=describe_days(first, order.until)
        )
    )
    return None


def _used_at(history: History) -> datetime | None:
    return min((use.at for use in history.uses if use.entered), default=None)


def _all() -> Select[tuple[int, str, str, datetime]]:
    batch, request = schema.batch, schema.ticket_request
    return (
        select(batch.c.id, request.c.token, batch.c.who, batch.c.at)
        .join(request, request.c.id == batch.c.request)
        .order_by(batch.c.id)
    )


def _batch(row: Row[tuple[int, str, str, datetime]]) -> Batch:
    return Batch(row.id, row.token, By(row.who, row.at))
