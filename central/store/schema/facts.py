"""Answers given, facts taken, facts set aside, facts that do not fit together."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
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
    Column("newest_at", UtcTime),
    Column("clock_wrong_since", UtcTime),
)
"""The highest fact number taken of each device; the one of "central" is the head of the feed.
`newest_at` is the newest time that its facts told and that can be; the clock that told others is
wrong since `clock_wrong_since`, by central's time.
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
ticket, product or key that the fact is about; of a refused code that is no ticket's, a number below
nothing (central/sync/feed.py)."""

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("received_at", UtcTime, nullable=False),
    Column("device", String(100), nullable=False, index=True),
    Column("number", BigInteger),
    Column("reason", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("fate", String(12)),
    Column("fate_at", UtcTime),
    Column("fate_by", String(40)),
    Column("fate_why", Text),
)
"""`fate`: what became of it, "taken" after all or "dismissed"; None while it waits for people."""

clash = Table(
    "clash",
    metadata,
    Column("n", ForeignKey("feed.n"), primary_key=True, autoincrement=False),
    Column("kind", String(12), nullable=False),
    Column("ticket", BigInteger, index=True),
    Column("device", String(40), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("alerted", Boolean, nullable=False, server_default=false()),
    Column("settled_at", UtcTime),
    Column("settled_by", String(40)),
    Column("settled_why", Text),
    UniqueConstraint("kind", "device", "number"),
)
"""The `conflicted` facts of the feed. `device` and `number` name the fact that goes too far: so it
is told once of each."""

epoch = Table(
    "epoch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("number", BigInteger, nullable=False),
    Column("began_at", UtcTime, nullable=False),
    Column("why", Text, nullable=False),
)
"""Whenever the feed has gone back (a copy was restored) its numbers begin to mean something else:
then a new epoch begins. The newest row counts; its random `number` is what devices are told."""

key_change = Table(
    "key_change",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", Integer, nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
    Column("what", String(100), nullable=False),
    Column("why", Text, nullable=False),
)
"""What was done to a signing key; the feed has the keys themselves."""
