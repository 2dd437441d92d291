"""Counters: what was read there, and how their readers and printers are."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, Integer, String, Table, Text

from central.store.schema.base import UtcTime, metadata

desk_scan = Table(
    "desk_scan",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("desk", String(40), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("code", Text, nullable=False),
    Index(None, "desk", "id"),
    sqlite_autoincrement=True,
)
"""The newest of each desk only: who looks for them looks at once. No id is used twice."""

desk_status = Table(
    "desk_status",
    metadata,
    Column("desk", String(40), primary_key=True),
    Column("heard_at", UtcTime, nullable=False),
    Column("prints", Boolean, nullable=False),
    Column("faults", JSON, nullable=False),
)
"""`prints`: it has a printer. `faults`: what is wrong with its devices, in words."""
