"""Slots that staff close or resize, channel shares, leases for offline sale, the waiting list."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with op.batch_alter_table("time_slot") as slot:
        slot.add_column(sa.Column("shares", sa.JSON(), nullable=False, server_default="[]"))
        slot.add_column(
            sa.Column("planned", sa.Boolean(), nullable=False, server_default=sa.true())
        )
        slot.add_column(sa.Column("closed", sa.Boolean()))
        slot.add_column(sa.Column("own_capacity", sa.Integer()))
    op.create_table(
        "slot_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(40), nullable=False),
        sa.Column("what", sa.String(100), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["slot"], ["time_slot.id"], name="fk_slot_change_slot"),
        sa.PrimaryKeyConstraint("id", name="pk_slot_change"),
    )
    op.create_index("ix_slot_change_slot", "slot_change", ["slot"])
    op.create_table(
        "lease",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(64), nullable=False),
        sa.Column("device", sa.String(40), nullable=False),
        sa.Column("channel", sa.String(12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("returned", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["slot"], ["time_slot.id"], name="fk_lease_slot"),
        sa.PrimaryKeyConstraint("id", name="pk_lease"),
    )
    op.create_index("ix_lease_slot", "lease", ["slot"])
    op.create_index("ix_lease_device", "lease", ["device"])
    op.create_table(
        "lease_use",
        sa.Column("ticket", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lease", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["lease"], ["lease.id"], name="fk_lease_use_lease"),
        sa.PrimaryKeyConstraint("ticket", name="pk_lease_use"),
    )
    op.create_index("ix_lease_use_lease", "lease_use", ["lease"])
    op.create_table(
        "waiting",
        sa.Column("request", sa.Integer(), nullable=False),
        sa.Column("offer_min", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["request"], ["ticket_request.id"], name="fk_waiting_request"),
        sa.PrimaryKeyConstraint("request", name="pk_waiting"),
    )
