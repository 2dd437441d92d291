"""The tables of central, for SQLite and PostgreSQL alike. Migrations must lead to exactly this."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class UtcTime(TypeDecorator[datetime]):
    """An aware time, kept as UTC; SQLite has no time zones of its own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Amount(TypeDecorator[Decimal]):
    """A decimal amount exactly as written ("12.00"); SQLite would make a float of a NUMERIC."""

    impl = String(24)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else f"{value:f}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

time_slot = Table(
    "time_slot",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("attraction", String(40), nullable=False),
    Column("day", Date, nullable=False),
    Column("start", UtcTime, nullable=False),
    Column("end", UtcTime, nullable=False),
    Column("arrival_start", UtcTime, nullable=False),
    Column("arrival_end", UtcTime, nullable=False),
    Column("sales_start", UtcTime, nullable=False),
    Column("sales_end", UtcTime, nullable=False),
    Column("capacity", Integer),
    Index(None, "attraction", "day"),
)
"""`day` is the local day on which the slot starts."""

ticket_request = Table(
    "ticket_request",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("token", String(64), nullable=False, unique=True),
    Column("authorisation", String(9), nullable=False, unique=True),
    Column("status", String(12), nullable=False, index=True),
    Column("channel", String(12), nullable=False),
    Column("language", String(20), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("holder", JSON(none_as_null=True)),
)

request_line = Table(
    "request_line",
    metadata,
    Column("request", ForeignKey("ticket_request.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("slot", ForeignKey("time_slot.id"), nullable=False, index=True),
    Column("description", String(30), nullable=False),
    Column("attraction", String(40), nullable=False),
    Column("attraction_name", JSON, nullable=False),
    Column("product", Integer, nullable=False),
    Column("product_name", JSON, nullable=False),
    Column("price", Amount, nullable=False),
    Column("persons", Integer, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("places", Integer, nullable=False),
)
"""What was sold, as it was called and priced then. `places` = persons x quantity."""

ticket = Table(
    "ticket",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("human_code", String(12), nullable=False, unique=True),
    Column("request", ForeignKey("ticket_request.id"), nullable=False, index=True),
    Column("line", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("product", Integer, nullable=False),
    Column("persons", Integer, nullable=False),
    Column("valid_from", UtcTime, nullable=False),
    Column("valid_until", UtcTime, nullable=False),
    Column("state", String(12), nullable=False),
)

payment = Table(
    "payment",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("request", ForeignKey("ticket_request.id"), nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
    Column("method", String(40), nullable=False),
    Column("reference", String(100), nullable=False),
    Column("amount", Amount, nullable=False),
    Column("currency", String(3), nullable=False),
)

history = Table(
    "history",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("request", ForeignKey("ticket_request.id"), nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
    Column("what", Text, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("device", String(40), primary_key=True),
    Column("path", String(200), primary_key=True),
    Column("key", String(100), primary_key=True),
    Column("at", UtcTime, nullable=False, index=True),
    Column("status", Integer, nullable=False),
    Column("body", JSON, nullable=False),
)

sequence = Table(
    "sequence",
    metadata,
    Column("device", String(40), primary_key=True),
    Column("last", BigInteger, nullable=False),
)
"""The highest fact number taken of each device; the one of "central" is the head of the feed.
The feed is numbered from this row, not by the database: a reader never sees 43 before 42."""

feed = Table(
    "feed",
    metadata,
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("device", String(40), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("subject", BigInteger),
    Column("at", UtcTime, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("body", JSON, nullable=False),
    UniqueConstraint("device", "number"),
    Index(None, "kind", "subject"),
)
"""Facts in the order central took them: also the outbox to MQTT. `subject` is the id of the
ticket, product or key that the fact is about."""

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("received_at", UtcTime, nullable=False),
    Column("device", String(100), nullable=False, index=True),
    Column("number", BigInteger),
    Column("reason", Text, nullable=False),
    Column("payload", Text, nullable=False),
)
