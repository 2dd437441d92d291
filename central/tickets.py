"""Tickets: issued once for a confirmed request, told to the gates in the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from admission.codes import SigningKey, human_code, new_ticket_id, sign_ticket
from admission.facts import TicketIssued
from admission.values import Ticket, TicketState, Window
from central import feed, schema
from central.money import dues
from central.offers import ProductKind
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
    state = TicketState.UNPAID if dues.is_unpaid(connection, request) else TicketState.VALID
    for line in request.lines:
        if line.kind is not ProductKind.VOUCHER:
            _make(connection, request, line, key, state)
    if made := of_request(connection, request):
        feed.tell(connection, [TicketIssued(issued.ticket) for issued in made], by.at)
        note(connection, request.id, f"issued {len(made)} tickets", by)
    return made


def cancel(
    connection: Connection,
    request: TicketRequest,
    now: datetime,
    only: Collection[int] | None = None,
) -> None:
    """Cancel the tickets of the request, or `only` those with these ids, that are not yet, and
    tell the gates."""
    issued = of_request(connection, request)
    chosen = [one.ticket for one in issued if only is None or one.ticket.id in only]
    standing = [ticket for ticket in chosen if ticket.state is not TicketState.CANCELLED]
    _change(connection, standing, TicketState.CANCELLED, now)


def make_good(connection: Connection, request: TicketRequest, now: datetime) -> None:
    """The unpaid tickets of the request are paid now: tell the gates."""
    issued = [one.ticket for one in of_request(connection, request)]
    unpaid = [ticket for ticket in issued if ticket.state is TicketState.UNPAID]
    _change(connection, unpaid, TicketState.VALID, now)


def _change(
    connection: Connection, changed: Sequence[Ticket], state: TicketState, now: datetime
) -> None:
    if not changed:
        return
    table = schema.ticket
    ids = [ticket.id for ticket in changed]
    connection.execute(update(table).where(table.c.id.in_(ids)).values(state=state.value))
    feed.tell(connection, [TicketIssued(replace(ticket, state=state)) for ticket in changed], now)


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


def _make(
    connection: Connection,
    request: TicketRequest,
    line: Line,
    key: SigningKey,
    state: TicketState,
) -> None:
    window = _window(connection, line)
    rows = []
    for id_ in _free_ids(connection, line.quantity):
        ticket = Ticket(id_, line.product, window, line.persons, state, request.language)
        issued = IssuedTicket(ticket, sign_ticket(key, ticket), human_code(ticket.id), line)
        rows.append(_columns(request, issued))
    connection.execute(insert(schema.ticket), rows)


def _window(connection: Connection, line: Line) -> Window:
    if line.valid_from and line.valid_until:
        return Window(line.valid_from, line.valid_until)
    slot = schema.time_slot
    arrival = select(slot.c.arrival_start, slot.c.arrival_end).where(slot.c.id == line.slot)
    return Window(*connection.execute(arrival).one())


def _free_ids(connection: Connection, count: int) -> list[int]:
    """New ticket ids; no other ticket has the human code of one, its low 35 bits."""
    column, free = schema.ticket.c.human_code, dict[str, int]()
    while len(free) < count:
        new = {human_code(id_): id_ for id_ in (new_ticket_id() for _ in range(count - len(free)))}
        taken = set(connection.scalars(select(column).where(column.in_(new))))
        free |= {code: id_ for code, id_ in new.items() if code not in taken}
    return list(free.values())


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
