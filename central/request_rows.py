"""Ticket requests as rows: finding, storing, and what is written down about them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from admission.codes import ALPHABET
from admission.values import Money
from central import schema
from central.states import (
    By,
    HistoryEntry,
    Holder,
    Line,
    Payment,
    Refused,
    Status,
    TicketRequest,
)


def find(connection: Connection, token: str, *, lock: bool = False) -> TicketRequest | Refused:
    """The request; with `lock` nobody else changes it until the transaction ends."""
    table = schema.ticket_request
    query = select(table).where(table.c.token == token)
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        return Refused("unknown_request", "no request has this token")
    return _request(row, tuple(_lines(connection, row)))


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
        select(table.c.who, table.c.at, table.c.what)
        .where(table.c.request == request)
        .order_by(table.c.id)
    )
    return [HistoryEntry(By(who, at), what) for who, at, what in rows]


def note(connection: Connection, request: int, what: str, by: By) -> None:
    """One line of the request's history."""
    connection.execute(
        insert(schema.history).values(request=request, at=by.at, who=by.who, what=what)
    )


def move(connection: Connection, request: int, status: Status, what: str, by: By) -> None:
    """Change the status and note why."""
    table = schema.ticket_request
    connection.execute(update(table).where(table.c.id == request).values(status=status.value))
    note(connection, request, what, by)


def new_authorisation(connection: Connection) -> str:
    """An authorisation code, [N*4]-[N*4], that no other request has."""
    table = schema.ticket_request
    while True:
        text = "".join(secrets.choice(ALPHABET) for _ in range(8))
        code = f"{text[:4]}-{text[4:]}"
        taken = select(table.c.id).where(table.c.authorisation == code)
        if connection.scalar(taken) is None:
            return code


def store(connection: Connection, request: TicketRequest, by: By) -> None:
    """Write a new request and its lines; its `id` is given by the database."""
    created = connection.execute(
        insert(schema.ticket_request).values(
            token=request.token,
            authorisation=request.authorisation,
            status=request.status.value,
            channel=request.channel,
            language=request.language,
            currency=request.currency,
            created_at=by.at,
            expires_at=request.expires_at,
        )
    )
    assert created.inserted_primary_key is not None
    number = created.inserted_primary_key[0]
    connection.execute(
        insert(schema.request_line), [_line_columns(number, line) for line in request.lines]
    )
    note(connection, number, "registered", by)
    until = request.expires_at.isoformat(timespec="seconds")
    note(connection, number, f"reserved until {until}", by)


def pay(
    connection: Connection, request: int, payment: Payment, holder: Holder | None, by: By
) -> None:
    """Write down who paid what, and for whom the tickets are."""
    connection.execute(
        insert(schema.payment).values(
            request=request,
            at=by.at,
            who=by.who,
            method=payment.method,
            reference=payment.reference,
            amount=payment.amount.amount,
            currency=payment.amount.currency,
        )
    )
    table = schema.ticket_request
    told = asdict(holder) if holder else None
    connection.execute(update(table).where(table.c.id == request).values(holder=told))


def _line_columns(request: int, line: Line) -> dict[str, Any]:
    columns = {name: value for name, value in vars(line).items() if name != "price"}
    return columns | {"request": request, "price": line.price.amount, "places": line.places}


def _lines(connection: Connection, request: RowMapping) -> Iterator[Line]:
    table = schema.request_line
    rows = connection.execute(
        select(table).where(table.c.request == request["id"]).order_by(table.c.number)
    ).mappings()
    for row in rows:
        columns = {k: v for k, v in row.items() if k not in ("request", "places", "price")}
        yield Line(**columns, price=Money(row["price"], request["currency"]))


def _request(row: RowMapping, lines: tuple[Line, ...]) -> TicketRequest:
    columns = {k: v for k, v in row.items() if k not in ("created_at", "holder", "status")}
    holder = Holder(**row["holder"]) if row["holder"] else None
    return TicketRequest(**columns, status=Status(row["status"]), holder=holder, lines=lines)
