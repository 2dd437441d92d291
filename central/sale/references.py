"""What a request refers to: for whom it is, the customer, the number in the seller's own system."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection, insert, select, update

from admission.codes import human_code
from central.office import customers, lookup
from central.sale.request_rows import find, note, set_holder
from central.sale.states import NO_REFERENCES, By, Holder, References, Refused, TicketRequest
from central.store.rows import keyed
from central.store.schema import request_reference, ticket_request

_OF_REQUEST = select(request_reference).where(*keyed(request_reference.c.request))


@dataclass(frozen=True)
class Told:
    """What is known of a request from now on; None and "" for what stays."""

    holder: Holder | None = None
    references: References = NO_REFERENCES
    language: str = ""


def unknown(connection: Connection, told: References) -> Refused | None:
    """Why a request cannot refer to that."""
    if told.pass_ticket and lookup.id_of(connection, told.pass_ticket) is None:
        return lookup.UNKNOWN
    if not told.customer:
        return None
    found = customers.standing(connection, told.customer)
    return found if isinstance(found, Refused) else None


def of_request(connection: Connection, request: int) -> References:
    row = connection.execute(_OF_REQUEST, {"of_request": request}).first()
    if row is None:
        return References()
    shown = human_code(row.pass_ticket) if row.pass_ticket else ""
    return References(row.external_order, customers.number_of(row.customer), shown)


def refer(connection: Connection, request: int, told: References, by: By) -> None:
    """The request refers to what is told; what is not told stays. A customer must be known."""
    if told == NO_REFERENCES:
        return
    before = of_request(connection, request)
    pairs = zip(vars(told).values(), vars(before).values(), strict=True)
    put(connection, request, References(*(new or old for new, old in pairs)), by)


def put(connection: Connection, request: int, after: References, by: By) -> None:
    """The request refers to that and to nothing else. A customer must be known."""
    before = of_request(connection, request)
    if after.customer not in ("", before.customer):
        customer = customers.standing(connection, after.customer, lock=True)
        assert not isinstance(customer, Refused), customer
        after = replace(after, customer=customer.number)
    shown = lookup.id_of(connection, after.pass_ticket) if after.pass_ticket else None
    after = replace(after, pass_ticket=human_code(shown) if shown else "")
    if after == before:
        return
    table, columns = request_reference, {"external_order": after.external_order}
    customer_id = customers.id_of(after.customer) if after.customer else None
    keys = {"customer": customer_id, "pass_ticket": shown}
    here = table.c.request == request
    if not connection.execute(update(table).where(here).values(columns | keys)).rowcount:
        connection.execute(insert(table).values(request=request, **columns, **keys))
    changed = {name: new for name, new in vars(after).items() if new != getattr(before, name)}
    changes = (f"{name} {new}" if new else f"no {name}" for name, new in changed.items())
    note(connection, request, f"refers to {', '.join(changes)}".replace("_", " "), by)


def change(connection: Connection, token: str, told: Told, by: By) -> TicketRequest | Refused:
    """Tell more, or better, about a request."""
    request = find(connection, token, lock=True)
    if isinstance(request, Refused):
        return request
    if refused := unknown(connection, told.references):
        return refused
    refer(connection, request.id, told.references, by)
    if told.holder:
        set_holder(connection, request.id, told.holder, by)
    if told.language and told.language != request.language:
        table = ticket_request
        here = table.c.id == request.id
        connection.execute(update(table).where(here).values(language=told.language))
        note(connection, request.id, f"language {told.language}", by)
    return find(connection, token)
