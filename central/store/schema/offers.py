"""Promo codes and what used them, gift vouchers and what moved their balance."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
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

promo_code = Table(
    "promo_code",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("code", String(40), nullable=False, unique=True),
    Column("percent", Amount),
    Column("amount", Amount),
    Column("per", String(12), nullable=False),
    Column("max_uses", Integer),
    Column("max_per_order", Integer),
    Column("valid_from", UtcTime),
    Column("valid_until", UtcTime),
    Column("products", JSON, nullable=False),
    Column("channels", JSON, nullable=False),
    Column("note", Text, nullable=False),
    Column("blocked", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
)
"""`products` and `channels` that are empty mean any."""

promo_use = Table(
    "promo_use",
    metadata,
    Column("request", ForeignKey("ticket_request.id"), primary_key=True),
    Column("promo_code", ForeignKey("promo_code.id"), primary_key=True),
    Column("uses", Integer, nullable=False),
    Column("amount", Amount, nullable=False),
    Index(None, "promo_code"),
)
"""What a request got off by a code. It counts while the request is reserved or confirmed."""

voucher = Table(
    "voucher",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("code", String(24), nullable=False, unique=True),
    Column("value", Amount),
    Column("product", Integer),
    Column("quantity", Integer),
    Column("price", Amount, nullable=False, server_default="0"),
    Column("currency", String(3), nullable=False),
    Column("valid_from", UtcTime, nullable=False),
    Column("valid_until", UtcTime, nullable=False),
    Column("blocked", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
    Column("request", ForeignKey("ticket_request.id"), index=True),
    Column("line", Integer),
    Column("copy", Integer),
    UniqueConstraint("request", "line", "copy"),
)
"""Worth `value`, or `quantity` of a `product`; `price` was paid. `request`, `line` and `copy` tell
of what sale it is; a voucher of the office has none."""

voucher_entry = Table(
    "voucher_entry",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("voucher", ForeignKey("voucher.id"), nullable=False, index=True),
    Column("request", ForeignKey("ticket_request.id"), index=True),
    Column("at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
    Column("amount", Amount, nullable=False),
    Column("pieces", Integer, nullable=False, server_default="0"),
)
"""What moved the balance: below nothing it was spent. The balance is the value and all entries, or
the quantity and all `pieces`."""

voucher_change = Table(
    "voucher_change",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("voucher", ForeignKey("voucher.id"), nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
    Column("address", String(64), nullable=False),
    Column("what", Text, nullable=False),
)
"""What happened to a voucher, for people."""
