"""Customers: people whom the venue knows by a number. Nobody has to be one.

Calls that change a customer lock its row. An erased customer keeps its number and its requests,
which keep their sums and the references of their payments; who it was is gone from all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, delete, insert, or_, select, update
from sqlalchemy.sql.dml import Update

from central.delivery import list as deliveries
from central.office import words
from central.sale.request_rows import note, request_holders
from central.sale.states import By, Holder, Refused
from central.store import schema
from central.store.schema import customer, customer_word, request_reference, request_word

GONE = "…"
"""Stands where an erased text was."""
MIN_STRUCK = 3
"""Shorter names are not looked for in other texts."""
_NUMBER = re.compile(r"C-([0-9]{6,9})")


@dataclass(frozen=True)
class Details:
    """What is known of somebody."""

    holder: Holder
    language: str = ""
    note: str = ""


@dataclass(frozen=True)
class Customer:
    """`merged_into` is the number of the customer it was merged into, "" for none."""

    number: str
    created_at: datetime
    details: Details
    merged_into: str = ""
    erased_at: datetime | None = None


def number_of(id_: int | None) -> str:
    """C-000042; "" for nobody."""
    return "" if id_ is None else f"C-{id_:06}"


def id_of(number: str) -> int:
    """0, which nobody has, for what is no customer number."""
    told = _NUMBER.fullmatch(number)
    return int(told[1]) if told else 0


def find(connection: Connection, number: str, *, lock: bool = False) -> Customer | Refused:
    query = select(customer).where(customer.c.id == id_of(number))
    row = connection.execute(query.with_for_update() if lock else query).first()
    return _customer(row) if row else Refused("unknown_customer", f"there is no customer {number}")


def standing(connection: Connection, number: str, *, lock: bool = False) -> Customer | Refused:
    """The customer, or the one it was merged into, if it was not erased."""
    found = find(connection, number, lock=lock)
    if isinstance(found, Customer) and found.merged_into:
        found = find(connection, found.merged_into, lock=lock)
    if isinstance(found, Customer) and found.erased_at:
        return Refused("customer_erased", f"customer {found.number} was erased")
    return found


def search(connection: Connection, part: Holder, after: int, limit: int) -> list[Customer]:
    """Customers with numbers above `after`, in order; erased and merged ones have no words."""
    query = select(customer).where(
        customer.c.id > after, *words.finds(customer_word, customer.c.id, part)
    )
    return [_customer(row) for row in connection.execute(query.order_by("id").limit(limit))]


def create(connection: Connection, details: Details, by: By) -> Customer:
    made = connection.execute(
        insert(customer).values(created_at=by.at, who=by.who, **_columns(details))
    )
    assert made.inserted_primary_key is not None
    id_: int = made.inserted_primary_key[0]
    words.rewrite(connection, customer_word, id_, details.holder)
    return Customer(number_of(id_), by.at, details)


def change(connection: Connection, number: str, details: Details) -> Customer | Refused:
    """What is known from now on. Refused for one that was merged or erased."""
    found = _alone(connection, number)
    if isinstance(found, Refused):
        return found
    id_ = id_of(number)
    connection.execute(update(customer).where(customer.c.id == id_).values(_columns(details)))
    words.rewrite(connection, customer_word, id_, details.holder)
    return find(connection, number)


def merge(connection: Connection, number: str, into: str, by: By) -> Customer | Refused:
    """`number` was the same person as `into`, to whom its requests belong from now on; that one."""
    if id_of(number) == id_of(into):
        return Refused("same_customer", "a customer cannot be merged into itself")
    # Always in the same order, so that two merges at once do not wait for each other for ever.
    found = {each: _alone(connection, each) for each in sorted((number, into), key=id_of)}
    for one in found.values():
        if isinstance(one, Refused):
            return one
    old, new = id_of(number), id_of(into)
    for request in requests_of(connection, [old]):
        note(connection, request, f"customer {number} merged into {into}", by)
    reference = request_reference.c.customer
    connection.execute(update(request_reference).where(reference == old).values(customer=new))
    same = or_(customer.c.id == old, customer.c.merged_into == old)
    connection.execute(update(customer).where(same).values(merged_into=new))
    connection.execute(delete(customer_word).where(customer_word.c.customer == old))
    return find(connection, into)


def erase(connection: Connection, number: str, by: By) -> Customer | Refused:
    """Forget who the customer is, those that were merged into it, and the holders of its requests;
    their names, addresses and phone numbers in other texts too. Harmless when erased before."""
    found = find(connection, number, lock=True)
    if isinstance(found, Refused):
        return found
    if found.merged_into:
        return Refused("customer_merged", f"erase {found.merged_into}", {"into": found.merged_into})
    same = or_(customer.c.id == id_of(number), customer.c.merged_into == id_of(number))
    rows = connection.execute(select(customer).where(same)).all()
    ids = [row.id for row in rows]
    requests = requests_of(connection, ids)
    holders = [_customer(row).details.holder for row in rows]
    holders += request_holders(connection, requests).values()
    _strike(connection, requests, holders)
    for request in requests:
        _forget_holder(connection, request, by)
    deliveries.forget(connection, requests, GONE)
    connection.execute(delete(customer_word).where(customer_word.c.customer.in_(ids)))
    nobody = _columns(Details(Holder()))
    unerased = (same, customer.c.erased_at.is_(None))
    connection.execute(update(customer).where(*unerased).values(erased_at=by.at, **nobody))
    return find(connection, number)


def merged_into(connection: Connection, number: str) -> list[Customer]:
    """Those who turned out to be the same."""
    query = select(customer).where(customer.c.merged_into == id_of(number)).order_by("id")
    return [_customer(row) for row in connection.execute(query)]


def requests_of(connection: Connection, ids: Iterable[int]) -> Sequence[int]:
    """The requests of the customers with these ids, in order."""
    table = request_reference
    query = select(table.c.request).where(table.c.customer.in_(list(ids)))
    return connection.scalars(query.order_by(table.c.request)).all()


def holder_of(connection: Connection, ticket: int) -> Holder | None:
    """Who a ticket, a pass say, suggests as the holder of what is bought with it: the holder of its
    request, or its customer. None if nobody was told."""
    table = schema.ticket
    request = connection.scalar(select(table.c.request).where(table.c.id == ticket))
    if request is None:
        return None
    if told := request_holders(connection, [request]).get(request):
        return told
    reference = request_reference.c.customer
    known = connection.scalar(select(reference).where(request_reference.c.request == request))
    found = standing(connection, number_of(known))
    return found.details.holder if isinstance(found, Customer) else None


@dataclass(frozen=True)
class Suggested:
    """Who a ticket is of: a customer's number, "" for none, and what is known of them."""

    customer: str
    holder: Holder | None


def suggested(connection: Connection, ticket: int) -> Suggested:
    """The customer of the ticket's request; if it has none, the only one with its holder's e-mail
    address."""
    holder, table = holder_of(connection, ticket), request_reference
    own = select(schema.ticket.c.request).where(schema.ticket.c.id == ticket).scalar_subquery()
    known = connection.scalar(select(table.c.customer).where(table.c.request == own))
    found = standing(connection, number_of(known))
    if isinstance(found, Customer):
        return Suggested(found.number, holder)
    alike = search(connection, Holder(email=holder.email), 0, 2) if holder and holder.email else []
    return Suggested(alike[0].number if len(alike) == 1 else "", holder)


def _alone(connection: Connection, number: str) -> Customer | Refused:
    """The customer, locked, if it was neither merged nor erased."""
    found = find(connection, number, lock=True)
    if isinstance(found, Refused):
        return found
    if found.merged_into:
        told = {"into": found.merged_into}
        return Refused("customer_merged", f"{number} was merged into {found.merged_into}", told)
    if found.erased_at:
        return Refused("customer_erased", f"customer {number} was erased")
    return found


def _forget_holder(connection: Connection, request: int, by: By) -> None:
    table = schema.ticket_request
    connection.execute(update(table).where(table.c.id == request).values(holder=None))
    connection.execute(delete(request_word).where(request_word.c.request == request))
    note(connection, request, "personal data erased", by)


def _strike(connection: Connection, requests: Sequence[int], holders: Iterable[Holder]) -> None:
    """Blot out who they are in all that was written by hand about the requests."""
    told = {text for holder in holders for text in vars(holder).values()}
    secret = sorted((text for text in told if len(text) >= MIN_STRUCK), key=len, reverse=True)
    if not secret or not requests:
        return
    either = "|".join(map(re.escape, secret))
    blot = re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)
    reasons = schema.payment_option.c.reason, schema.money_entry.c.reason
    for column in (schema.history.c.what, *reasons, schema.request_line.c.text):
        _blot_out(connection, column, requests, blot)


def _blot_out(
    connection: Connection, column: Column[str], requests: Sequence[int], blot: re.Pattern[str]
) -> None:
    table = column.table
    key = tuple(table.primary_key)
    rows = connection.execute(select(column, *key).where(table.c.request.in_(requests))).all()
    for text, *ids in rows:
        if blot.search(text):
            here = (one == id_ for one, id_ in zip(key, ids, strict=True))
            struck: Update = update(table).where(*here)
            connection.execute(struck.values({column.name: blot.sub(GONE, text)}))


def _columns(details: Details) -> dict[str, str]:
    return vars(details.holder) | {"language": details.language, "note": details.note}


def _customer(row: Row[Any]) -> Customer:
    details = Details(Holder(row.name, row.email, row.phone), row.language, row.note)
    merged = number_of(row.merged_into)
    return Customer(number_of(row.id), row.created_at, details, merged, row.erased_at)
