"""Counters with readers and printers."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "desk_scan",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("desk", sa.String(40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_desk_scan"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_desk_scan_desk_id", "desk_scan", ["desk", "id"])
    op.create_table(
        "desk_status",
        sa.Column("desk", sa.String(40), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("prints", sa.Boolean(), nullable=False),
        sa.Column("faults", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("desk", name="pk_desk_status"),
    )
