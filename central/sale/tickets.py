"""Tickets: issued once for a confirmed request, told to the gates in the same transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from admission.codes import SigningKey, human_code, new_ticket_id, sign_ticket
from admission.facts import TicketIssued
from admission.values import Ticket, TicketState, Window
from central.capacity import visits
from central.catalogue.offers import ProductKind
from central.money import dues
from central.sale.request_rows import find, note
from central.sale.states import By, Entitled, IssuedTicket, Line, Refused, Status, TicketRequest
from central.store import schema
from central.store.rows import keyed
from central.sync import feed

_OF_REQUEST = (
    select(schema.ticket)
    .where(*keyed(schema.ticket.c.request))
    .order_by(schema.ticket.c.line, schema.ticket.c.id)
)
_ARRIVAL = select(
    schema.time_slot.c.id, schema.time_slot.c.arrival_start, schema.time_slot.c.arrival_end
).where(schema.time_slot.c.id.in_(bindparam("slots", expanding=True)))
_TAKEN = select(schema.ticket.c.human_code).where(
    schema.ticket.c.human_code.in_(bindparam("codes", expanding=True))
)


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


def block(connection: Connection, sold: Sequence[Ticket], now: datetime) -> None:
    """These tickets are not good any more: tell the gates."""
    _change(connection, sold, TicketState.BLOCKED, now)


def unblock(
    connection: Connection, request: TicketRequest, blocked: Sequence[Ticket], now: datetime
) -> None:
    """These tickets of the request were blocked, and are as good as it is paid: tell the gates."""
    state = TicketState.UNPAID if dues.is_unpaid(connection, request) else TicketState.VALID
    _change(connection, blocked, state, now)


def _change(
    connection: Connection, changed: Sequence[Ticket], state: TicketState, now: datetime
) -> None:
    if not changed:
        return
    table = schema.ticket
    ids = [ticket.id for ticket in changed]
    connection.execute(update(table).where(table.c.id.in_(ids)).values(state=state.value))
    visits.recount(connection, ids, now)
    feed.tell(connection, [TicketIssued(replace(ticket, state=state)) for ticket in changed], now)


def of_request(connection: Connection, request: TicketRequest) -> list[IssuedTicket]:
    return list(_issued(connection, request))


def _issued(connection: Connection, request: TicketRequest) -> Iterator[IssuedTicket]:
    lines = {line.number: line for line in request.lines}
    windows = _windows(connection, request)
    rows = connection.execute(_OF_REQUEST, {"of_request": request.id})
    count: Counter[int] = Counter()
    for row in rows:
        window = Window(row.valid_from, row.valid_until)
        state = TicketState(row.state)
        own = tuple(windows.get(row.id, ()))
        ticket = Ticket(row.id, row.product, window, row.persons, state, request.language, own)
        seats = lines[row.line].seats_of(count[row.line])
        count[row.line] += 1
        yield IssuedTicket(ticket, row.code, row.human_code, lines[row.line], seats)


def _make(
    connection: Connection,
    request: TicketRequest,
    line: Line,
    key: SigningKey,
    state: TicketState,
) -> None:
    opened = _times(connection, line)
    hull = Window(min(w.start for _, w in opened), max(w.end for _, w in opened))
    rows = []
    for id_ in _free_ids(connection, line.quantity):
        ticket = Ticket(id_, line.product, hull, line.persons, state, request.language)
        issued = IssuedTicket(ticket, sign_ticket(key, ticket), human_code(ticket.id), line)
        rows.append(_columns(request, issued))
    connection.execute(insert(schema.ticket), rows)
    if line.entitled:
        own = [_own_columns(row["id"], *one) for row in rows for one in opened]
        connection.execute(insert(schema.ticket_window), own)


def _times(connection: Connection, line: Line) -> list[tuple[Entitled, Window]]:
    """When each attraction of the line opens, as the time slots are now."""
    rows = connection.execute(_ARRIVAL, {"slots": list(line.takes)}).all() if line.takes else ()
    times = {id_: Window(start, end) for id_, start, end in rows}
    if line.valid_from and line.valid_until:
        times[""] = Window(line.valid_from, line.valid_until)
    return [(one, times[one.slot]) for one in line.opens]


def _own_columns(ticket: object, entitled: Entitled, window: Window) -> dict[str, object]:
    return {
        "ticket": ticket,
        "attraction": entitled.attraction,
        "slot": entitled.slot or None,
        "valid_from": window.start,
        "valid_until": window.end,
        "persons": entitled.persons,
    }


def _windows(connection: Connection, request: TicketRequest) -> dict[int, list[tuple[str, Window]]]:
    """Ticket → the windows of single attractions, the first first."""
    if not any(line.entitled for line in request.lines):
        return {}
    table, ticket = schema.ticket_window, schema.ticket
    rows = connection.execute(
        select(table)
        .join(ticket, ticket.c.id == table.c.ticket)
        .where(ticket.c.request == request.id)
        .order_by(table.c.ticket, table.c.valid_from, table.c.attraction)
    )
    windows: dict[int, list[tuple[str, Window]]] = {}
    for row in rows:
        window = Window(row.valid_from, row.valid_until)
        windows.setdefault(row.ticket, []).append((row.attraction, window))
    return windows


def _free_ids(connection: Connection, count: int) -> list[int]:
    """New ticket ids; no other ticket has the human code of one, its low 35 bits."""
    free: dict[str, int] = {}
    while len(free) < count:
        new = {human_code(id_): id_ for id_ in (new_ticket_id() for _ in range(count - len(free)))}
        taken = set(connection.scalars(_TAKEN, {"codes": list(new)}))
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
