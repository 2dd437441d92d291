"""What is sent to people, and the links under which visitors find their tickets."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from central.store.schema.base import UtcTime, metadata

delivery = Table(
    "delivery",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(8), nullable=False),
    Column("to", String(320), nullable=False),
    Column("text", String(80), nullable=False),
    Column("language", String(20), nullable=False),
    Column("values", JSON, nullable=False),
    Column("request", ForeignKey("ticket_request.id"), index=True),
    Column("coat", Integer, index=True),
    Column("attach", String(20), nullable=False, server_default=""),
    Column("tickets", JSON, nullable=False, server_default="[]"),
    Column("state", String(8), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("sent_at", UtcTime),
    Column("said", Text, nullable=False, server_default=""),
    Index(None, "state", "kind", "due_at"),
)
"""`said` is what the gateway, mail server or printer answered last, `coat` a coat ticket's id."""

public_link = Table(
    "public_link",
    metadata,
    Column("secret", String(40), primary_key=True),
    Column("request", ForeignKey("ticket_request.id"), nullable=False),
    Column("ticket", BigInteger, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("request", "ticket"),
)
"""Who knows `secret` sees one ticket, or all of a request (then `ticket` is 0)."""
