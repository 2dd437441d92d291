"""Seating plans, who holds which seat of a time slot, which seats are not sold."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text

from central.store.schema.base import UtcTime, metadata

seat_plan = Table(
    "seat_plan",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("text", Text, nullable=False),
)
"""A plan by the SHA-256 of its text, never changed: a slot keeps the plan by which it was sold."""

seat_hold = Table(
    "seat_hold",
    metadata,
    Column("slot", ForeignKey("time_slot.id"), primary_key=True),
    Column("seat", String(40), primary_key=True),
    Column("request", ForeignKey("ticket_request.id"), nullable=False),
    Index(None, "request"),
)
"""Who took a seat last. It is theirs while the request is reserved, or confirmed; who takes it
after that takes the row's place, so a seat never has two holders."""

seat_block = Table(
    "seat_block",
    metadata,
    Column("slot", ForeignKey("time_slot.id"), primary_key=True),
    Column("seat", String(40), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
    Column("why", Text, nullable=False),
)
"""A seat that staff do not sell. It has no holder."""
