"""One ticket by what is printed on it: whose request it belongs to, who used it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, false, select

from admission.codes import HumanCode, SignedCode, human_code, read_code
from admission.values import History, Use
from central.sale import tickets
from central.sale.request_rows import find_by_id
from central.sale.states import IssuedTicket, Refused, TicketRequest
from central.store.schema import ticket
from central.sync import feed

UNKNOWN = Refused("unknown_ticket", "no ticket has this code")


def is_ticket(text: str) -> ColumnElement[bool]:
    """The condition that a row of `ticket` is the one of this signed or human code."""
    match read_code(text):
        case SignedCode() as code:
            return ticket.c.id == code.ticket.id
        case HumanCode(bits):
            return ticket.c.human_code == human_code(bits)
        case _:
            return false()


def id_of(connection: Connection, text: str) -> int | None:
    """The id of the ticket with this code; None if there is none."""
    found: int | None = connection.scalar(select(ticket.c.id).where(is_ticket(text)))
    return found


def find(connection: Connection, text: str) -> tuple[TicketRequest, IssuedTicket] | Refused:
    row = connection.execute(select(ticket.c.id, ticket.c.request).where(is_ticket(text))).first()
    if row is None:
        return UNKNOWN
    [request] = find_by_id(connection, [row.request])
    issued = tickets.of_request(connection, request)
    return request, next(one for one in issued if one.ticket.id == row.id)


def uses(connection: Connection, id_: int) -> Sequence[Use]:
    """Every entry that gates have told, the first first."""
    history = feed.histories(connection, [id_]).get(id_, History())
    return sorted(history.uses, key=lambda use: use.at)
