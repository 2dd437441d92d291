"""All that is known of one request, for the page on which staff look at it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, select

from admission.values import Money
from central.catalogue.offers import ProductKind
from central.delivery import list as sent
from central.delivery import prints
from central.delivery.outbox import Delivery
from central.money import dues, ledger, returns
from central.money.dues import PaymentOption, Terms
from central.money.ledger import Receipt
from central.papers import links
from central.sale import promotions, references, tickets, vouchers
from central.sale.promotions import Discount
from central.sale.request_rows import find, history, payments
from central.sale.states import (
    By,
    HistoryEntry,
    IssuedTicket,
    Payment,
    References,
    Refused,
    Status,
    TicketRequest,
)
from central.sale.vouchers import Voucher
from central.staff import audit
from central.staff.audit import Deed
from central.store.schema import public_link, ticket_request

MOST_DEEDS = 50


@dataclass(frozen=True)
class Dossier:
    """`count` is how many tickets it is of, made or not; `paid` what was paid less what went back;
    `credit` what is owed to the visitor. `used` are tickets with which somebody is or was inside;
    `printed` tells how often each came out of a printer; `paths` lead to the public pages that
    were asked for (0: of the whole request)."""

    request: TicketRequest
    created_at: datetime
    status: Status
    count: int
    due: Money
    paid: Money
    credit: Money
    terms: Terms
    references: References
    payments: list[tuple[By, Payment]]
    receipts: list[Receipt]
    discounts: list[Discount]
    history: list[HistoryEntry]
    tickets: list[IssuedTicket]
    used: Collection[int]
    vouchers: list[Voucher]
    paths: Mapping[int, str]
    deliveries: list[Delivery]
    printed: Mapping[int, int]
    deeds: list[Deed]

    @property
    def invited(self) -> bool:
        return self.terms.option is PaymentOption.INVITATION

    @property
    def standing(self) -> list[IssuedTicket]:
        """Tickets that could be given back or exchanged."""
        return [one for one in self.tickets if one.standing and one.ticket.id not in self.used]


def whole(connection: Connection, token: str, now: datetime) -> Dossier | Refused:
    request = find(connection, token)
    if isinstance(request, Refused):
        return request
    issued = tickets.of_request(connection, request)
    balances = ledger.balances(connection, request.id)
    table = ticket_request
    made_at = connection.scalar(select(table.c.created_at).where(table.c.id == request.id))
    return Dossier(
        request=request,
        created_at=made_at or now,
        status=request.status_at(now),
        count=count_of(request),
        due=dues.due(connection, request),
        paid=Money(balances.paid, request.currency),
        credit=Money(max(-balances.owed, Decimal(0)), request.currency),
        terms=dues.terms(connection, request.id),
        references=references.of_request(connection, request.id),
        payments=payments(connection, request.id),
        receipts=ledger.receipts(connection, request.id),
        discounts=promotions.used_by(connection, request.id),
        history=history(connection, request.id),
        tickets=issued,
        used=returns.used(connection, [one.ticket.id for one in issued]),
        vouchers=vouchers.of_request(connection, request.id),
        paths=paths_of(connection, request.id),
        deliveries=sent.of_request(connection, request.id),
        printed=prints.counted(connection, [one.ticket.id for one in issued]),
        deeds=audit.page(connection, subject=token, limit=MOST_DEEDS),
    )


def count_of(request: TicketRequest) -> int:
    """How many tickets it is of."""
    kinds = (line for line in request.lines if line.kind is not ProductKind.VOUCHER)
    return sum(line.quantity for line in kinds)


def paths_of(connection: Connection, request: int) -> dict[int, str]:
    """Ticket → its public page, of those that have one; 0 is the page of them all."""
    query = select(public_link).where(public_link.c.request == request)
    return {row.ticket: links.path_of(row.secret) for row in connection.execute(query)}
