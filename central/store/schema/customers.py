"""Who is known by name, what requests refer to, the words by which both are found, batches."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from central.store.schema.base import UtcTime, metadata

WORD = String(200).with_variant(String(200, collation="C"), "postgresql")
"""Compared byte by byte, so that an index finds what begins with a text."""

customer = Table(
    "customer",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("created_at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
    Column("name", String(200), nullable=False),
    Column("email", String(200), nullable=False),
    Column("phone", String(200), nullable=False),
    Column("language", String(20), nullable=False),
    Column("note", Text, nullable=False),
    Column("merged_into", ForeignKey("customer.id"), index=True),
    Column("erased_at", UtcTime),
)
"""Who was merged points to whom he was merged into, who points to nobody."""

customer_word = Table(
    "customer_word",
    metadata,
    Column("kind", String(8), primary_key=True),
    Column("word", WORD, primary_key=True),
    Column("customer", ForeignKey("customer.id"), primary_key=True),
    Index(None, "customer"),
)

request_word = Table(
    "request_word",
    metadata,
    Column("kind", String(8), primary_key=True),
    Column("word", WORD, primary_key=True),
    Column("request", ForeignKey("ticket_request.id"), primary_key=True),
    Index(None, "request"),
)

request_reference = Table(
    "request_reference",
    metadata,
    Column("request", ForeignKey("ticket_request.id"), primary_key=True),
    Column("external_order", String(100), nullable=False, index=True),
    Column("customer", ForeignKey("customer.id"), index=True),
    Column("pass_ticket", ForeignKey("ticket.id"), index=True),
)
"""Of requests that refer to anything. `external_order` is the number that the seller's own system
gave it, `pass_ticket` the pass that was shown."""

batch = Table(
    "batch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("request", ForeignKey("ticket_request.id"), nullable=False, unique=True),
    Column("at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
)
"""A request whose tickets were made in one go."""
