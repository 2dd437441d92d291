"""Accounts of staff, their sessions, what they did."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from central.store.schema.base import UtcTime, metadata

staff = Table(
    "staff",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("role", String(12), nullable=False),
    Column("password", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
    Column("disabled_at", UtcTime),
)
"""`password` is an argon2id hash, `who` made the account."""

staff_session = Table(
    "staff_session",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("staff", ForeignKey("staff.name"), nullable=False, index=True),
    Column("begun_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("address", String(64), nullable=False),
)
"""`key` is the SHA-256 of the cookie."""

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
    Column("address", String(64), nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", String(100), nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "who", "id"),
    Index(None, "action", "id"),
    Index(None, "subject", "id"),
)
