"""One ticket of others by its code."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from admission.codes import read_code
from admission.foreign import NO_PRODUCT, OpaqueCode
from admission.pretix import PretixCode
from admission.values import Ticket, TicketState, Window
from central.foreign import shops
from central.store.schema import foreign_list, foreign_ticket


@dataclass(frozen=True)
class Foreign:
    """`list` is the name of the list that has it, `shop` of the shop that signed it; "" for none.
    What was revoked before it came on a list has product 0."""

    ticket: Ticket
    list: str = ""
    shop: str = ""
    reference: str = ""


def find(connection: Connection, text: str) -> Foreign | None:
    """As it is listed, else as a shop signed it."""
    code = read_code(text)
    if not isinstance(code, OpaqueCode | PretixCode):
        return None
    table = foreign_ticket
    row = connection.execute(
        select(table, foreign_list.c.name, foreign_list.c.product)
        .outerjoin(foreign_list, foreign_list.c.id == table.c.list)
        .where(table.c.ticket == code.ticket)
    ).first()
    signed = shops.signed_for(connection, code.text)
    shop = signed[0].name if signed else ""
    if row is None:
        return Foreign(signed[1], shop=shop) if signed else None
    window = Window(row.valid_from, row.valid_until)
    state = TicketState(row.state)
    ticket = Ticket(row.ticket, row.product or NO_PRODUCT, window, row.persons, state)
    return Foreign(ticket, row.name or "", shop, row.reference)
