"""Cloakrooms, their tags, what hangs on them, and who fetched it."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from central.store.schema.base import Amount, UtcTime, metadata

cloakroom = Table(
    "cloakroom",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("payment", String(10), nullable=False),
    Column("price", Amount, nullable=False),
    Column("tax_percent", Amount, nullable=False),
    Column("closes", String(5), nullable=False),
    Column("kept_days", Integer, nullable=False),
)
"""`price` is of each piece. Whoever hangs something, or changes racks or tags, locks its row first,
so what hangs there and what is free stays true until they are done."""

coat_rack = Table(
    "coat_rack",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("cloakroom", ForeignKey("cloakroom.id"), nullable=False),
    Column("name", String(40), nullable=False),
    Column("capacity", Integer, nullable=False),
    UniqueConstraint("cloakroom", "name"),
)

coat_tag = Table(
    "coat_tag",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("cloakroom", ForeignKey("cloakroom.id"), nullable=False),
    Column("rack", ForeignKey("coat_rack.id"), nullable=False, index=True),
    Column("text", String(20), nullable=False),
    Column("number", Integer, nullable=False),
    Column("code", String(100), unique=True),
    Column("state", String(8), nullable=False),
    UniqueConstraint("cloakroom", "text"),
)
"""`text` is what is written on it, `number` its last digits (0 without) to sort by, `code` what a
reader says of it: an NFC chip's number or a barcode's text."""

coat_ticket = Table(
    "coat_ticket",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("cloakroom", ForeignKey("cloakroom.id"), nullable=False),
    Column("code", String(4), nullable=False),
    Column("secret", String(40), nullable=False, unique=True),
    Column("state", String(8), nullable=False),
    Column("phone", String(20), nullable=False, index=True),
    Column("name", String(80), nullable=False),
    Column("language", String(20), nullable=False),
    Column("price", Amount, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("paid", Amount, nullable=False),
    Column("tax_percent", Amount, nullable=False, server_default="0"),
    Column("receipt", String(60), nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
    Column("place", Text, nullable=False),
    Column("fetched_at", UtcTime, index=True),
    Column("fetched_by", String(40), nullable=False),
    Column("forgotten_at", UtcTime),
    Index(
        "uq_coat_ticket_open_code",
        "cloakroom",
        "code",
        unique=True,
        sqlite_where=text("fetched_at IS NULL"),
        postgresql_where=text("fetched_at IS NULL"),
    ),
    Index(None, "cloakroom", "made_at"),
    Index(
        "ix_coat_ticket_kept",
        "cloakroom",
        sqlite_where=text("forgotten_at IS NULL"),
        postgresql_where=text("forgotten_at IS NULL"),
    ),
)
"""What one visitor gave, in one or several pieces. `paid` is less what was given back;
`tax_percent` of it is tax; `place` where it lies in lost property, or what became of it;
`fetched_at` when the last piece was fetched or disposed of; since `forgotten_at` nothing tells of
the person but, for a time, its history."""

coat_piece = Table(
    "coat_piece",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("ticket", ForeignKey("coat_ticket.id"), nullable=False, index=True),
    Column("tag", ForeignKey("coat_tag.id"), nullable=False),
    Column("hung_at", UtcTime, nullable=False, index=True),
    Column("off_at", UtcTime),
    Column("fetched_at", UtcTime, index=True),
    Column("fetched_by", String(40), nullable=False),
    Index(
        "uq_coat_piece_hanging",
        "tag",
        unique=True,
        sqlite_where=text("off_at IS NULL"),
        postgresql_where=text("off_at IS NULL"),
    ),
    Index(None, "tag", "id"),
)
"""It hangs on its tag until `off_at`; a tag has one piece at a time."""

coat_picture = Table(
    "coat_picture",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("ticket", ForeignKey("coat_ticket.id"), nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
    Column("jpeg", LargeBinary, nullable=False),
)

coat_history = Table(
    "coat_history",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("ticket", ForeignKey("coat_ticket.id"), nullable=False, index=True),
    Column("at", UtcTime, nullable=False, index=True),
    Column("who", String(40), nullable=False),
    Column("what", Text, nullable=False),
)

coat_entry = Table(
    "coat_entry",
    metadata,
    Column("secret", String(40), primary_key=True),
    Column("cloakroom", ForeignKey("cloakroom.id"), nullable=False),
    Column("phone", String(20), nullable=False),
    Column("name", String(80), nullable=False),
    Column("language", String(20), nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Index(None, "cloakroom", "made_at"),
)
"""A visitor's pre-registration. When it is used, `secret` becomes that of the coat ticket."""

coat_try = Table(
    "coat_try",
    metadata,
    Column("who", String(120), primary_key=True),
    Column("since", UtcTime, nullable=False),
    Column("wrong", Integer, nullable=False),
)
"""How often somebody guessed wrong since then."""
