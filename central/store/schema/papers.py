"""How tickets look."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, LargeBinary, String, Table

from central.store.schema.base import UtcTime, metadata

ticket_design = Table(
    "ticket_design",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("product", Integer, nullable=False),
    Column("body", JSON, nullable=False),
    Column("logo", LargeBinary, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
    Column("used_at", UtcTime),
    Index(None, "product", "id"),
)
"""Each time a design is saved it is a new row, never changed; `product` is 0 for all that have none
of their own. The one that was taken into use last (`used_at`) counts."""
