"""What staff ordered devices to do, and what came of it."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, String, Table

from central.store.schema.base import UtcTime, metadata

command = Table(
    "command",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("device", String(40), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("body", JSON, nullable=False),
    Column("who", String(40), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("sent_at", UtcTime),
    Column("answered_at", UtcTime),
    Column("done", Boolean),
    Column("said", String(500), nullable=False, server_default=""),
    Index(None, "at"),
)
"""`sent_at`: the worker on duty took it up to send it, once. `done` and `said` are the device's
answer, or say why nothing was sent."""
