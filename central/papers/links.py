"""Unguessable links to tickets: 128 random bits each, made when first asked for."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from central.sale.states import By
from central.store.schema import public_link

SECRET_BYTES = 16


@dataclass(frozen=True)
class Linked:
    """What a link shows: a ticket (its id), or all of a request (None)."""

    request: int
    ticket: int | None


def secret_of(connection: Connection, request: int, by: By, ticket: int | None = None) -> str:
    """The secret of the link to a request, or to one ticket of it; always the same."""
    here = (public_link.c.request == request, public_link.c.ticket == (ticket or 0))
    known: str | None = connection.scalar(select(public_link.c.secret).where(*here))
    if known:
        return known
    secret = secrets.token_urlsafe(SECRET_BYTES)
    row = {"secret": secret, "request": request, "ticket": ticket or 0, "created_at": by.at}
    connection.execute(insert(public_link).values(row))
    return secret


def find(connection: Connection, secret: str) -> Linked | None:
    query = select(public_link).where(public_link.c.secret == secret)
    row = connection.execute(query).first()
    return Linked(row.request, row.ticket or None) if row else None


def path_of(secret: str) -> str:
    """Below the public address of central (`[public] url`)."""
    return f"/t/{secret}"
