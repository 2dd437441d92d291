"""Tickets: issued once for a confirmed request, told to the gates in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from admission.codes import SigningKey, human_code, new_ticket_id, sign_ticket
from admission.facts import TicketIssued
from admission.values import Ticket, TicketState, Window
from central import feed, schema
from central.request_rows import find, note
from central.states import By, IssuedTicket, Line, Refused, Status, TicketRequest


def issue(
    connection: Connection, token: str, key: SigningKey, by: By
) -> list[IssuedTicket] | Refused:
    """One ticket for each of a line's quantity; asked again, the same ones."""
    request = find(connection, token, lock=True)
    if isinstance(request, Refused):
        return request
    if request.status is not Status.CONFIRMED:
        return Refused("not_confirmed", f"the request is {request.status_at(by.at).value}")
    if issued := of_request(connection, request):
        return issued
    for line in request.lines:
        _make(connection, request, line, key)
    made = of_request(connection, request)
    feed.tell(connection, [TicketIssued(issued.ticket) for issued in made], by.at)
    note(connection, request.id, f"issued {len(made)} tickets", by)
    return made


def cancel(connection: Connection, request: TicketRequest, now: datetime) -> None:
    """Cancel the tickets of the request that are not yet, and tell the gates."""
    cancelled = [
        replace(issued.ticket, state=TicketState.CANCELLED)
        for issued in of_request(connection, request)
        if issued.ticket.state is not TicketState.CANCELLED
    ]
    connection.execute(
        update(schema.ticket)
        .where(schema.ticket.c.id.in_([ticket.id for ticket in cancelled]))
        .values(state=TicketState.CANCELLED.value)
    )
    feed.tell(connection, [TicketIssued(ticket) for ticket in cancelled], now)


def of_request(connection: Connection, request: TicketRequest) -> list[IssuedTicket]:
    return list(_issued(connection, request))


def _issued(connection: Connection, request: TicketRequest) -> Iterator[IssuedTicket]:
    lines = {line.number: line for line in request.lines}
    table = schema.ticket
    rows = connection.execute(
        select(table).where(table.c.request == request.id).order_by(table.c.line, table.c.id)
    )
    for row in rows:
        window = Window(row.valid_from, row.valid_until)
        state = TicketState(row.state)
        ticket = Ticket(row.id, row.product, window, row.persons, state, request.language)
        yield IssuedTicket(ticket, row.code, row.human_code, lines[row.line])


def _make(connection: Connection, request: TicketRequest, line: Line, key: SigningKey) -> None:
    slot = schema.time_slot
    arrival = connection.execute(
        select(slot.c.arrival_start, slot.c.arrival_end).where(slot.c.id == line.slot)
    ).one()
    window = Window(*arrival)
    for _ in range(line.quantity):
        id_ = _free_id(connection)
        ticket = Ticket(id_, line.product, window, line.persons, language=request.language)
        issued = IssuedTicket(ticket, sign_ticket(key, ticket), human_code(ticket.id), line)
        connection.execute(insert(schema.ticket).values(_columns(request, issued)))


def _free_id(connection: Connection) -> int:
    """A ticket id whose human code, its low 35 bits, no other ticket has."""
    table = schema.ticket
    while True:
        number = new_ticket_id()
        taken = select(table.c.id).where(table.c.human_code == human_code(number))
        if connection.scalar(taken) is None:
            return number


def _columns(request: TicketRequest, issued: IssuedTicket) -> dict[str, object]:
    ticket = issued.ticket
    return {
        "id": ticket.id,
        "human_code": issued.human_code,
        "request": request.id,
        "line": issued.line.number,
        "code": issued.code,
        "product": ticket.product,
        "persons": ticket.persons,
        "valid_from": ticket.window.start,
        "valid_until": ticket.window.end,
        "state": ticket.state.value,
    }
