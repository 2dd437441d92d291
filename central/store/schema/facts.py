"""Answers given, facts taken, facts set aside."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from central.store.schema.base import UtcTime, metadata

idempotency = Table(
    "idempotency",
    metadata,
    Column("device", String(40), primary_key=True),
    Column("path", String(200), primary_key=True),
    Column("key", String(100), primary_key=True),
    Column("at", UtcTime, nullable=False, index=True),
    Column("status", Integer, nullable=False),
    Column("body", JSON, nullable=False),
    Column("digest", String(64), nullable=False, server_default=""),
)
"""`digest` is that of the body that was sent; "" from before it was kept."""

sequence = Table(
    "sequence",
    metadata,
    Column("device", String(40), primary_key=True),
    Column("last", BigInteger, nullable=False),
)
"""The highest fact number taken of each device; the one of "central" is the head of the feed.
The feed is numbered from this row, not by the database: a reader never sees 43 before 42."""

feed = Table(
    "feed",
    metadata,
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("device", String(40), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("subject", BigInteger),
    Column("at", UtcTime, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("body", JSON, nullable=False),
    UniqueConstraint("device", "number"),
    Index(None, "kind", "subject"),
)
"""Facts in the order central took them: also the outbox to MQTT. `subject` is the id of the
ticket, product or key that the fact is about."""

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("received_at", UtcTime, nullable=False),
    Column("device", String(100), nullable=False, index=True),
    Column("number", BigInteger),
    Column("reason", Text, nullable=False),
    Column("payload", Text, nullable=False),
)
