"""Finding requests by whatever a visitor can tell of one. Every way has an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, false, select

from admission.codes import ALPHABET, HumanCode, SignedCode, human_code, read_code
from central import customers, words
from central.request_rows import found
from central.schema import request_reference, request_word, ticket, ticket_request
from central.states import Holder, References, TicketRequest

CODE = 8
"""Characters of an authorisation code, without its dash."""
NOBODY = Holder()
_ALIKE = str.maketrans("OIL", "011")


@dataclass(frozen=True)
class Criteria:
    """What is told; "" for what is not. A request must fit all of it."""

    token: str = ""
    code: str = ""
    order: str = ""
    customer: str = ""
    ticket: str = ""
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
    if told.ticket:
        conditions.append(_has_ticket(told.ticket))
    return conditions


def _refers(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return ticket_request.c.id.in_(select(request_reference.c.request).where(condition))


def _has_ticket(text: str) -> ColumnElement[bool]:
    match read_code(text):
        case SignedCode() as code:
            this = ticket.c.id == code.ticket.id
        case HumanCode(bits):
            this = ticket.c.human_code == human_code(bits)
        case _:
            return false()
    return ticket_request.c.id.in_(select(ticket.c.request).where(this))


def _references(connection: Connection, requests: Sequence[int]) -> dict[int, References]:
    table = request_reference
    rows = connection.execute(select(table).where(table.c.request.in_(requests)))
    return {
        row.request: References(row.external_order, customers.number_of(row.customer))
        for row in rows
    }
