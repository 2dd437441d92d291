"""Tickets that others sold."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table

from central.store.schema.base import UtcTime, metadata

foreign_list = Table(
    "foreign_list",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("product", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("imported_at", UtcTime),
    Column("imported_by", String(40), nullable=False, server_default=""),
)
"""`imported_at` is when the newest import came to its end; null while the first one has not."""

foreign_ticket = Table(
    "foreign_ticket",
    metadata,
    Column("ticket", BigInteger, primary_key=True, autoincrement=False),
    Column("list", ForeignKey("foreign_list.id"), index=True),
    Column("valid_from", UtcTime, nullable=False),
    Column("valid_until", UtcTime, nullable=False),
    Column("persons", Integer, nullable=False),
    Column("reference", String(100), nullable=False, server_default=""),
    Column("state", String(12), nullable=False),
)
"""Tickets of lists, and those that a shop revoked, which may be on none. Their ids come from their
codes, which are kept nowhere."""
