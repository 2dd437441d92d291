"""How often a ticket was put on paper, at a desk or a kiosk; another time is marked as such."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import Connection, select

from admission.values import TicketState
from central.delivery import outbox
from central.delivery.outbox import Draft, Kind, State
from central.sale.states import By, TicketRequest
from central.store.schema import delivery, feed, ticket

TEXT = "print.tickets"


def counted(connection: Connection, tickets: Collection[int]) -> dict[int, int]:
    """Ticket → how often it came out of a printer; what waits to be printed counts too."""
    table = ticket
    query = select(table.c.request).where(table.c.id.in_(tickets)).distinct()
    requests = connection.scalars(query).all()
    told = select(feed.c.subject).where(
        feed.c.kind == "ticket_printed", feed.c.subject.in_(tickets)
    )
    found = Counter(connection.scalars(told))
    states = (State.SENT.value, State.WAITING.value)
    papers = select(delivery.c.request, delivery.c.tickets).where(
        delivery.c.kind == Kind.PRINT.value,
        delivery.c.request.in_(requests),
        delivery.c.state.in_(states),
        delivery.c.attach == "tickets",
    )
    for request, ids in connection.execute(papers).all():
        found.update(int(id_) for id_ in ids or _all_of(connection, request))
    return {id_: found[id_] for id_ in tickets}


def put(
    connection: Connection,
    request: TicketRequest,
    desk: str,
    tickets: Collection[int],
    by: By,
) -> int:
    """Print these tickets of the request, or all that are not cancelled and its gift vouchers, at a
    desk (its device's id); the number of the delivery."""
    draft = Draft(
        Kind.PRINT,
        desk,
        TEXT,
        request.language,
        request=request.id,
        attach="tickets",
        tickets=tuple(tickets),
    )
    return outbox.put(connection, marked(connection, draft), by)


def marked(connection: Connection, draft: Draft) -> Draft:
    """A print of tickets with the value `copy`: how often one of them was printed before, "0" for
    never. Other prints as they are."""
    if draft.request is None or draft.attach != "tickets":
        return draft
    chosen = draft.tickets or _standing(connection, draft.request)
    before = max(counted(connection, chosen).values(), default=0)
    return replace(draft, values={"copy": str(before)})


def _standing(connection: Connection, request: int) -> tuple[int, ...]:
    gone = ticket.c.state == TicketState.CANCELLED.value
    here = select(ticket.c.id).where(ticket.c.request == request, ~gone)
    return tuple(connection.scalars(here.order_by(ticket.c.line, ticket.c.id)))


def _all_of(connection: Connection, request: int) -> list[int]:
    here = select(ticket.c.id).where(ticket.c.request == request)
    return list(connection.scalars(here))
