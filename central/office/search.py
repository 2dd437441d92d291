"""Finding requests by whatever a visitor can tell of one. Every way has an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, false, select

from admission.codes import ALPHABET, human_code
from central.office import customers, lookup, words
from central.sale.request_rows import found
from central.sale.states import Holder, References, TicketRequest
from central.store.schema import (
    money_entry,
    payment,
    request_reference,
    request_word,
    ticket,
    ticket_request,
)

CODE = 8
"""Characters of an authorisation code, without its dash."""
NOBODY = Holder()
_ALIKE = str.maketrans("OIL", "011")


@dataclass(frozen=True)
class Criteria:
    """What is told; "" for what is not. A request must fit all of it. `receipt` is one of ours,
    "17" of any device or "kiosk-1/17"; `payment` the reference of a payment, the terminal's receipt
    number; `pass_ticket` the code of a pass that was shown."""

    token: str = ""
    code: str = ""
    order: str = ""
    customer: str = ""
    ticket: str = ""
    pass_ticket: str = ""
    language: str = ""
    channel: str = ""
    device: str = ""
    receipt: str = ""
    payment: str = ""
    holder: Holder = NOBODY


@dataclass(frozen=True)
class Found:
    """A request, the place in the list that it has, when it was made, what it refers to."""

    place: int
    request: TicketRequest
    created_at: datetime
    references: References


def page(connection: Connection, told: Criteria, before: int | None, limit: int) -> list[Found]:
    """The newest requests that fit, of places before `before`; one more than `limit` if there are
    more."""
    table = ticket_request
    conditions = _conditions(told)
    if before is not None:
        conditions.append(table.c.id < before)
    query = select(table).where(*conditions).order_by(table.c.id.desc()).limit(limit + 1)
    rows = connection.execute(query).mappings().all()
    references = _references(connection, [row["id"] for row in rows])
    return [
        Found(row["id"], request, row["created_at"], references.get(row["id"], References()))
        for row, request in zip(rows, found(connection, rows), strict=True)
    ]


def normal_code(text: str) -> str | None:
    """The authorisation code, however it was typed; None if it is none."""
    plain = "".join(c for c in text.upper() if c not in "- ").translate(_ALIKE)
    if len(plain) != CODE or not set(plain) <= set(ALPHABET):
        return None
    return f"{plain[:4]}-{plain[4:]}"


def _conditions(told: Criteria) -> list[ColumnElement[bool]]:
    table = ticket_request
    conditions = words.finds(request_word, table.c.id, told.holder)
    if told.token:
        conditions.append(table.c.token == told.token)
    if told.code:
        code = normal_code(told.code)
        conditions.append(table.c.authorisation == code if code else false())
    if told.order:
        conditions.append(_refers(request_reference.c.external_order == told.order))
    if told.customer:
        customer = request_reference.c.customer
        conditions.append(_refers(customer == customers.id_of(told.customer)))
    for name in ("language", "channel", "device"):
        if text := getattr(told, name):
            conditions.append(table.c[name] == text)
    if told.receipt:
        conditions.append(_has_receipt(told.receipt))
    if told.payment:
        paid = select(payment.c.request).where(payment.c.reference == told.payment)
        conditions.append(table.c.id.in_(paid))
    if told.pass_ticket:
        shown = select(ticket.c.id).where(lookup.is_ticket(told.pass_ticket))
        conditions.append(_refers(request_reference.c.pass_ticket.in_(shown)))
    if told.ticket:
        own = select(ticket.c.request).where(lookup.is_ticket(told.ticket))
        conditions.append(ticket_request.c.id.in_(own))
    return conditions


def _refers(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return ticket_request.c.id.in_(select(request_reference.c.request).where(condition))


def _has_receipt(text: str) -> ColumnElement[bool]:
    device, _, number = text.rpartition("/")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return false()
    conditions = [money_entry.c.receipt == int(number)]
    if device:
        conditions.append(money_entry.c.device == device)
    return ticket_request.c.id.in_(select(money_entry.c.request).where(*conditions))


def _references(connection: Connection, requests: Sequence[int]) -> dict[int, References]:
    table = request_reference
    rows = connection.execute(select(table).where(table.c.request.in_(requests)))
    return {
        row.request: References(
            row.external_order,
            customers.number_of(row.customer),
            human_code(row.pass_ticket) if row.pass_ticket else "",
        )
        for row in rows
    }
