"""Who came in a time slot, and who is present."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    with op.batch_alter_table("time_slot") as slot:
        slot.add_column(sa.Column("control", sa.String(12), nullable=False, server_default="sales"))
        for name in ("admitted", "guests", "came", "present", "unscanned"):
            slot.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_time_slot_control_day", "time_slot", ["control", "day"])
    op.create_table(
        "visit",
        sa.Column("slot", sa.String(64), nullable=False),
        sa.Column("ticket", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.String(12), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("admitted", "guests", "came", "present")
        ),
        sa.ForeignKeyConstraint(["slot"], ["time_slot.id"], name="fk_visit_slot"),
        sa.PrimaryKeyConstraint("slot", "ticket", name="pk_visit"),
    )
    op.create_index("ix_visit_ticket", "visit", ["ticket"])
