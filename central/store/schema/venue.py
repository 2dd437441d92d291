"""The venue as the office imported it, revision after revision; the newest counts."""

from __future__ import annotations

from sqlalchemy import Column, Date, Integer, String, Table, Text

from central.store.schema.base import UtcTime, metadata

venue_revision = Table(
    "venue_revision",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
    Column("text", Text, nullable=False),
    Column("planned", Date),
)
"""`text` is the whole venue.toml, comments included. Rows are never changed but for `planned`: the
day on which the time slots of the coming days were made by this revision."""
