"""Issued tickets: a list of them, and one with all that it opens and what is left of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select

from admission.entries import persons_left, persons_of
from admission.values import Entitlement, History, Ticket, TicketState, Window
from central.catalogue.offers import Names
from central.office import lookup
from central.office.why import Known
from central.sale import tickets
from central.sale.request_rows import find, note
from central.sale.states import By, IssuedTicket, Refused, TicketRequest
from central.store import schema
from central.store.schema import line_slot, request_line, request_reference, ticket


@dataclass(frozen=True)
class Wanted:
    """Which tickets; "" and None are any. `span`: good at a time of it."""

    span: Window | None = None
    attraction: str = ""
    slot: str = ""
    state: str = ""
    nobodys: bool = False


@dataclass(frozen=True)
class Row:
    """A ticket in the list; `place` is where it stands there."""

    place: tuple[int, int]
    human_code: str
    state: str
    persons: int
    window: Window
    description: str
    attraction: Names
    product: Names
    request: str
    authorisation: str


@dataclass(frozen=True)
class Opens:
    """What a ticket opens: `left` of `persons` may still enter now."""

    line: Entitlement
    window: Window
    persons: int
    left: int


def page(
    connection: Connection, wanted: Wanted, before: tuple[int, int] | None, limit: int
) -> list[Row]:
    """The newest first, of places before `before`; one more than `limit` if there are more."""
    line, request = request_line, schema.ticket_request
    of_line = and_(line.c.request == ticket.c.request, line.c.number == ticket.c.line)
    query = (
        select(
            ticket,
            line.c.description,
            line.c.attraction_name,
            line.c.product_name,
            request.c.token,
            request.c.authorisation,
        )
        .join(line, of_line)
        .join(request, request.c.id == ticket.c.request)
        .where(*_conditions(wanted))
        .order_by(ticket.c.request.desc(), ticket.c.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        same = and_(ticket.c.request == before[0], ticket.c.id < before[1])
        query = query.where(or_(ticket.c.request < before[0], same))
    return [
        Row(
            (row.request, row.id),
            row.human_code,
            row.state,
            row.persons,
            Window(row.valid_from, row.valid_until),
            row.description,
            row.attraction_name,
            row.product_name,
            row.token,
            row.authorisation,
        )
        for row in connection.execute(query)
    ]


def opens(known: Known, now: datetime, zone: ZoneInfo) -> list[Opens]:
    """Each attraction that the ticket opens, and how many may still enter there."""
    told = known.ticket
    product = known.ledger.product(told.product) if told else None
    if told is None or product is None:
        return []
    history = known.ledger.history(told.id)
    return [
        Opens(line, window, persons, persons_left(history, line, persons, now, zone))
        for line in product.entitlements
        if (window := told.window_at(line.attraction))
        for persons in (persons_of(line, told.persons),)
    ]


def uses(known: Known) -> History:
    return known.ledger.history(known.ticket.id) if known.ticket else History()


def block(connection: Connection, code: str, why: str, by: By) -> TicketRequest | Refused:
    """No gate admits the ticket from now on."""
    found = _locked(connection, code, TicketState.VALID, TicketState.UNPAID)
    if isinstance(found, Refused):
        return found
    request, one = found
    tickets.block(connection, [one], by.at)
    note(connection, request.id, f"blocked {code}: {why}", by)
    return request


def unblock(connection: Connection, code: str, why: str, by: By) -> TicketRequest | Refused:
    """It is as good again as it is paid."""
    found = _locked(connection, code, TicketState.BLOCKED)
    if isinstance(found, Refused):
        return found
    request, one = found
    tickets.unblock(connection, request, [one], by.at)
    note(connection, request.id, f"unblocked {code}: {why}", by)
    return request


def _locked(
    connection: Connection, code: str, *states: TicketState
) -> tuple[TicketRequest, Ticket] | Refused:
    """The ticket of a request that nobody else changes meanwhile, if it is in one of the states."""
    told = lookup.find(connection, code)
    if isinstance(told, Refused):
        return told
    request = find(connection, told[0].token, lock=True)
    if isinstance(request, Refused):
        return request
    one = _of(tickets.of_request(connection, request), told[1].ticket.id)
    if one.state not in states:
        return Refused("wrong_state", f"The ticket is {one.state.value}. Nothing was done.")
    return request, one


def _of(issued: Sequence[IssuedTicket], id_: int) -> Ticket:
    return next(one.ticket for one in issued if one.ticket.id == id_)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.span:
        found += [ticket.c.valid_from < wanted.span.end, ticket.c.valid_until > wanted.span.start]
    if wanted.attraction:
        found.append(request_line.c.attraction == wanted.attraction)
    if wanted.slot:
        taken = select(line_slot.c.request).where(line_slot.c.slot == wanted.slot)
        here = and_(line_slot.c.line == ticket.c.line, line_slot.c.request == ticket.c.request)
        found += [
            ticket.c.request.in_(taken),
            exists().where(here, line_slot.c.slot == wanted.slot),
        ]
    if wanted.state:
        found.append(ticket.c.state == wanted.state)
    if wanted.nobodys:
        reference = request_reference
        of_somebody = and_(
            reference.c.request == ticket.c.request, reference.c.customer.is_not(None)
        )
        found.append(~exists().where(of_somebody))
    return found
