"""Sales at the ticket office that are not yet requests."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Integer, Table

from central.store.schema.base import UtcTime, metadata

sale_draft = Table(
    "sale_draft",
    metadata,
    Column("staff", ForeignKey("staff.name"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("touched_at", UtcTime, nullable=False, index=True),
    Column("body", JSON, nullable=False),
)
"""The sale that one of the staff is at; `version` counts its changes."""
