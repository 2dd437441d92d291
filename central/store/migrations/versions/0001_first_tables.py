"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "feed",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device", sa.String(40), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("subject", sa.BigInteger()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("n", name="pk_feed"),
        sa.UniqueConstraint("device", "number", name="uq_feed_device_number"),
    )
    op.create_index("ix_feed_kind_subject", "feed", ["kind", "subject"])
    op.create_table(
        "idempotency",
        sa.Column("device", sa.String(40), nullable=False),
        sa.Column("path", sa.String(200), nullable=False),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("device", "path", "key", name="pk_idempotency"),
    )
    op.create_index("ix_idempotency_at", "idempotency", ["at"])
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device", sa.String(100), nullable=False),
        sa.Column("number", sa.BigInteger()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
    )
    op.create_index("ix_quarantine_device", "quarantine", ["device"])
    op.create_table(
        "sequence",
        sa.Column("device", sa.String(40), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device", name="pk_sequence"),
    )
    op.create_table(
        "ticket_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("authorisation", sa.String(9), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("channel", sa.String(12), nullable=False),
        sa.Column("language", sa.String(20), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("holder", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_request"),
        sa.UniqueConstraint("authorisation", name="uq_ticket_request_authorisation"),
        sa.UniqueConstraint("token", name="uq_ticket_request_token"),
    )
    op.create_index("ix_ticket_request_status", "ticket_request", ["status"])
    op.create_table(
        "time_slot",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("attraction", sa.String(40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrival_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrival_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sales_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sales_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("capacity", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_time_slot"),
    )
    op.create_index("ix_time_slot_attraction_day", "time_slot", ["attraction", "day"])
    op.create_table(
        "history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(40), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["request"], ["ticket_request.id"], name="fk_history_request"),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
    )
    op.create_index("ix_history_request", "history", ["request"])
    op.create_table(
        "payment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(40), nullable=False),
        sa.Column("method", sa.String(40), nullable=False),
        sa.Column("reference", sa.String(100), nullable=False),
        sa.Column("amount", sa.String(24), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.ForeignKeyConstraint(["request"], ["ticket_request.id"], name="fk_payment_request"),
        sa.PrimaryKeyConstraint("id", name="pk_payment"),
    )
    op.create_index("ix_payment_request", "payment", ["request"])
    op.create_table(
        "request_line",
        sa.Column("request", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.String(64), nullable=False),
        sa.Column("description", sa.String(30), nullable=False),
        sa.Column("attraction", sa.String(40), nullable=False),
        sa.Column("attraction_name", sa.JSON(), nullable=False),
        sa.Column("product", sa.Integer(), nullable=False),
        sa.Column("product_name", sa.JSON(), nullable=False),
        sa.Column("price", sa.String(24), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["request"], ["ticket_request.id"], name="fk_request_line_request"),
        sa.ForeignKeyConstraint(["slot"], ["time_slot.id"], name="fk_request_line_slot"),
        sa.PrimaryKeyConstraint("request", "number", name="pk_request_line"),
    )
    op.create_index("ix_request_line_slot", "request_line", ["slot"])
    op.create_table(
        "ticket",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("human_code", sa.String(12), nullable=False),
        sa.Column("request", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("product", sa.Integer(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.ForeignKeyConstraint(["request"], ["ticket_request.id"], name="fk_ticket_request"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket"),
        sa.UniqueConstraint("human_code", name="uq_ticket_human_code"),
    )
    op.create_index("ix_ticket_request", "ticket", ["request"])
