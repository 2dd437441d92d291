"""The money: tills with their numbers, the double-entry ledger, day-ends, payment options."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from central.store.schema.base import Amount, UtcTime, metadata

till = Table(
    "till",
    metadata,
    Column("device", String(40), primary_key=True),
    Column("receipt", BigInteger, nullable=False),
    Column("day_end", BigInteger, nullable=False),
    Column("closed", BigInteger, nullable=False),
)
"""The last receipt and day-end number of each device, and the last entry in that day-end. Whoever
writes an entry locks its device's row first, so the entries of one device are in order."""

money_entry = Table(
    "money_entry",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcTime, nullable=False),
    Column("device", String(40), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("request", ForeignKey("ticket_request.id"), index=True),
    Column("currency", String(3), nullable=False),
    Column("receipt", BigInteger, index=True),
    Column("method", String(40), nullable=False),
    Column("reference", String(100), nullable=False),
    Column("amount", Amount, nullable=False),
    Column("reason", Text, nullable=False),
    UniqueConstraint("device", "receipt"),
    Index(None, "device", "id"),
)
"""What happened to money, never changed. `amount` is what was taken, or given back if negative."""

posting = Table(
    "posting",
    metadata,
    Column("entry", ForeignKey("money_entry.id"), primary_key=True),
    Column("account", String(100), primary_key=True),
    Column("amount", Amount, nullable=False),
)
"""A debit (positive) or credit (negative); those of one entry come to nothing."""

day_end = Table(
    "day_end",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("device", String(40), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
    Column("body", JSON, nullable=False),
    UniqueConstraint("device", "number"),
)

payment_option = Table(
    "payment_option",
    metadata,
    Column("request", ForeignKey("ticket_request.id"), primary_key=True),
    Column("option", String(12), nullable=False),
    Column("reason", Text, nullable=False),
)
"""How a request is paid, where it is not directly."""
