"""Seating plans, who holds which seat, which seats are not sold."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "seat_plan",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_seat_plan"),
    )
    with op.batch_alter_table("time_slot") as slot:
        slot.add_column(sa.Column("seating", sa.String(64)))
        slot.create_foreign_key("fk_time_slot_seating", "seat_plan", ["seating"], ["digest"])
    op.add_column(
        "request_line", sa.Column("seating", sa.JSON(), nullable=False, server_default="[]")
    )
    op.create_table(
        "seat_hold",
        sa.Column("slot", sa.String(64), nullable=False),
        sa.Column("seat", sa.String(40), nullable=False),
        sa.Column("request", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["slot"], ["time_slot.id"], name="fk_seat_hold_slot"),
        sa.ForeignKeyConstraint(["request"], ["ticket_request.id"], name="fk_seat_hold_request"),
        sa.PrimaryKeyConstraint("slot", "seat", name="pk_seat_hold"),
    )
    op.create_index("ix_seat_hold_request", "seat_hold", ["request"])
    op.create_table(
        "seat_block",
        sa.Column("slot", sa.String(64), nullable=False),
        sa.Column("seat", sa.String(40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(40), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["slot"], ["time_slot.id"], name="fk_seat_block_slot"),
        sa.PrimaryKeyConstraint("slot", "seat", name="pk_seat_block"),
    )
