"""Ticket requests as rows: finding, storing, and what is written down about them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from admission.codes import ALPHABET
from admission.values import Money
from central.catalogue.offers import ProductKind
from central.office import words
from central.sale.states import (
    By,
    Entitled,
    HistoryEntry,
    Holder,
    Line,
    Payment,
    Refused,
    Seating,
    Status,
    TicketRequest,
)
from central.store import schema
from central.store.rows import keyed, setting

_FIND = select(schema.ticket_request).where(*keyed(schema.ticket_request.c.token))
_FIND_LOCKED = _FIND.with_for_update()
_LINES = (
    select(schema.request_line)
    .where(schema.request_line.c.request.in_(bindparam("requests", expanding=True)))
    .order_by(schema.request_line.c.request, schema.request_line.c.number)
)
_MOVE = setting(schema.ticket_request, "status")
_TAKEN = select(schema.ticket_request.c.id).where(*keyed(schema.ticket_request.c.authorisation))


def find(connection: Connection, token: str, *, lock: bool = False) -> TicketRequest | Refused:
    """The request; with `lock` nobody else changes it until the transaction ends."""
    query = _FIND_LOCKED if lock else _FIND
    row = connection.execute(query, {"of_token": token}).mappings().first()
    if row is None:
        return Refused("unknown_request", "no request has this token")
    return found(connection, [row])[0]


def find_by_id(connection: Connection, ids: Sequence[int]) -> list[TicketRequest]:
    """The requests with these ids, in order."""
    table = schema.ticket_request
    query = select(table).where(table.c.id.in_(ids)).order_by(table.c.id)
    return found(connection, connection.execute(query).mappings().all())


def found(connection: Connection, rows: Sequence[RowMapping]) -> list[TicketRequest]:
    """The requests of these rows of ticket_request, with their lines."""
    lines: dict[int, list[RowMapping]] = {row["id"]: [] for row in rows}
    for line in connection.execute(_LINES, {"requests": list(lines)}).mappings():
        lines[line["request"]].append(line)
    return [_request(row, lines[row["id"]]) for row in rows]


def payments(connection: Connection, request: int) -> list[tuple[By, Payment]]:
    table = schema.payment
    rows = connection.execute(
        select(table).where(table.c.request == request).order_by(table.c.id)
    ).mappings()
    return [
        (
            By(row["who"], row["at"]),
            Payment(row["method"], row["reference"], Money(row["amount"], row["currency"])),
        )
        for row in rows
    ]


def history(connection: Connection, request: int) -> list[HistoryEntry]:
    table = schema.history
    rows = connection.execute(
        select(table.c.who, table.c.at, table.c.address, table.c.what)
        .where(table.c.request == request)
        .order_by(table.c.id)
    )
    return [HistoryEntry(By(who, at, address), what) for who, at, address, what in rows]


def note(connection: Connection, request: int, what: str, by: By) -> None:
    """One line of the request's history."""
    connection.execute(insert(schema.history), vars(by) | {"request": request, "what": what})


def move(connection: Connection, request: int, status: Status, what: str, by: By) -> None:
    """Change the status and note why."""
    connection.execute(_MOVE, {"of_id": request, "status": status.value})
    note(connection, request, what, by)


def new_authorisation(connection: Connection) -> str:
    """An authorisation code, [N*4]-[N*4], that no other request has."""
    while True:
        text = "".join(secrets.choice(ALPHABET) for _ in range(8))
        code = f"{text[:4]}-{text[4:]}"
        if connection.scalar(_TAKEN, {"of_authorisation": code}) is None:
            return code


def store(connection: Connection, request: TicketRequest, by: By) -> int:
    """Write a new request and its lines; the id that the database gives it."""
    created = connection.execute(
        insert(schema.ticket_request),
        {
            "token": request.token,
            "authorisation": request.authorisation,
            "status": request.status.value,
            "channel": request.channel,
            "language": request.language,
            "device": by.who,
            "currency": request.currency,
            "created_at": by.at,
            "expires_at": request.expires_at,
        },
    )
    assert created.inserted_primary_key is not None
    number: int = created.inserted_primary_key[0]
    connection.execute(
        insert(schema.request_line), [_line_columns(number, line) for line in request.lines]
    )
    if taken := [row for line in request.lines for row in _places(number, line)]:
        connection.execute(insert(schema.line_slot), taken)
    note(connection, number, "registered", by)
    until = request.expires_at.isoformat(timespec="seconds")
    note(connection, number, f"{request.status.value} until {until}", by)
    return number


def pay(
    connection: Connection, request: int, payment: Payment, holder: Holder | None, by: By
) -> None:
    """Write down who paid what, and for whom the tickets are, if that is told."""
    connection.execute(
        insert(schema.payment),
        {
            "request": request,
            "at": by.at,
            "who": by.who,
            "method": payment.method,
            "reference": payment.reference,
            "amount": payment.amount.amount,
            "currency": payment.amount.currency,
        },
    )
    if holder:
        set_holder(connection, request, holder, by)


def set_holder(connection: Connection, request: int, holder: Holder, by: By) -> None:
    """For whom the tickets are from now on. The history does not tell who it is."""
    if request_holders(connection, [request]).get(request) == holder:
        return
    table = schema.ticket_request
    connection.execute(update(table).where(table.c.id == request).values(holder=asdict(holder)))
    words.rewrite(connection, schema.request_word, request, holder)
    note(connection, request, "holder told", by)


def request_holders(connection: Connection, requests: Iterable[int]) -> dict[int, Holder]:
    """Request → holder, of those of which one was told."""
    table = schema.ticket_request
    here = (table.c.id.in_(list(requests)), table.c.holder.is_not(None))
    rows = connection.execute(select(table.c.id, table.c.holder).where(*here))
    return {id_: Holder(**holder) for id_, holder in rows}


def free_places(connection: Connection, request: int, line: Line, count: int) -> None:
    """So many tickets of the line hold no places any more."""
    table = schema.line_slot
    here = (table.c.request == request, table.c.line == line.number)
    for slot, each in line.takes.items():
        fewer = update(table).where(*here, table.c.slot == slot)
        connection.execute(fewer.values(places=table.c.places - count * each))


def _places(request: int, line: Line) -> list[dict[str, Any]]:
    return [
        {"request": request, "line": line.number, "slot": slot, "places": each * line.quantity}
        for slot, each in line.takes.items()
    ]


def _line_columns(request: int, line: Line) -> dict[str, Any]:
    return vars(line) | {
        "request": request,
        "slot": line.slot or None,
        "kind": line.kind.value,
        "price": line.price.amount,
        "entitled": [asdict(one) for one in line.entitled],
        "ticket_text": dict(line.ticket_text),
        "seating": [asdict(one) for one in line.seating],
    }


def _request(row: RowMapping, lines: Iterable[RowMapping]) -> TicketRequest:
    columns = {k: v for k, v in row.items() if k not in ("created_at", "holder", "status")}
    holder = Holder(**row["holder"]) if row["holder"] else None
    own = tuple(_line(line, row["currency"]) for line in lines)
    return TicketRequest(**columns, status=Status(row["status"]), holder=holder, lines=own)


def _line(row: RowMapping, currency: str) -> Line:
    columns = {k: v for k, v in row.items() if k != "request"} | {
        "slot": row["slot"] or "",
        "kind": ProductKind(row["kind"]),
        "price": Money(row["price"], currency),
        "entitled": tuple(Entitled(**one) for one in row["entitled"]),
        "seating": tuple(_seating(one) for one in row["seating"]),
    }
    return Line(**columns)


def _seating(told: dict[str, Any]) -> Seating:
    return Seating(**told | {name: tuple(told[name]) for name in ("seats", "zones")})
