"""What visitors are told by SMS and e-mail about their tickets."""

from __future__ import annotations

from sqlalchemy import Connection, select

from admission.values import TicketState
from central.delivery import outbox
from central.delivery.outbox import Draft, Kind
from central.papers import links
from central.sale.request_rows import request_holders
from central.sale.states import By, Holder, Status, TicketRequest
from central.store.schema import delivery, ticket, ticket_request, voucher

TEXTS = {Kind.SMS: "sms.tickets", Kind.EMAIL: "mail.tickets"}


def send_tickets(
    connection: Connection,
    request: TicketRequest,
    by: By,
    *,
    phone: bool = True,
    email: bool = True,
    again: bool = False,
) -> list[int]:
    """Tell the holder where the tickets are, once they are good, by each way that is known; the
    numbers of the deliveries. Nobody is told twice, unless `again`."""
    holder = request_holders(connection, [request.id]).get(request.id, Holder())
    ways = {Kind.SMS: holder.phone if phone else "", Kind.EMAIL: holder.email if email else ""}
    wanted = {kind: to.strip() for kind, to in ways.items() if to.strip()}
    if not wanted or not _has_good_ones(connection, request.id):
        return []
    told = set() if again else _told(connection, request.id)
    path = links.path_of(links.secret_of(connection, request.id, by))
    values = {"link": path, "order": request.authorisation}
    drafts = [
        Draft(
            kind,
            to,
            TEXTS[kind],
            request.language,
            values,
            request=request.id,
            attach="tickets" if kind is Kind.EMAIL else "",
        )
        for kind, to in wanted.items()
        if (kind.value, to) not in told
    ]
    return [outbox.put(connection, draft, by) for draft in drafts]


def is_over(connection: Connection, draft: Draft) -> bool:
    """It tells of a request that is cancelled by now."""
    if draft.request is None or draft.text not in TEXTS.values():
        return False
    query = select(ticket_request.c.status).where(ticket_request.c.id == draft.request)
    return connection.scalar(query) == Status.CANCELLED.value


def _has_good_ones(connection: Connection, request: int) -> bool:
    """Tickets, or gift vouchers."""
    good = (ticket.c.request == request, ticket.c.state == TicketState.VALID.value)
    bought = (voucher.c.request == request, ~voucher.c.blocked)
    some = select(ticket.c.id).where(*good).exists() | select(voucher.c.id).where(*bought).exists()
    return bool(connection.scalar(select(some)))


def _told(connection: Connection, request: int) -> set[tuple[str, str]]:
    texts = delivery.c.text.in_(TEXTS.values())
    here = select(delivery.c.kind, delivery.c.to).where(delivery.c.request == request, texts)
    return {(kind, to) for kind, to in connection.execute(here)}
