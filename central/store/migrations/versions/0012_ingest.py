"""Clashes found, the epoch of the feed, what became of what was set aside, clocks of devices."""

import secrets
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "clash",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=True),
        sa.Column("device", sa.String(40), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("alerted", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("settled_at", moment, nullable=True),
        sa.Column("settled_by", sa.String(40), nullable=True),
        sa.Column("settled_why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["n"], ["feed.n"], name="fk_clash_n"),
        sa.PrimaryKeyConstraint("n", name="pk_clash"),
        sa.UniqueConstraint("kind", "device", "number", name="uq_clash_kind_device_number"),
    )
    op.create_index("ix_clash_ticket", "clash", ["ticket"])
    epoch = op.create_table(
        "epoch",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("began_at", moment, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_epoch"),
    )
    number = 1 + secrets.randbelow(2**53 - 1)
    first = {"number": number, "began_at": datetime.now(UTC), "why": "the first"}
    op.bulk_insert(epoch, [first])
    with op.batch_alter_table("quarantine") as quarantine:
        quarantine.add_column(sa.Column("fate", sa.String(12), nullable=True))
        quarantine.add_column(sa.Column("fate_at", moment, nullable=True))
        quarantine.add_column(sa.Column("fate_by", sa.String(40), nullable=True))
        quarantine.add_column(sa.Column("fate_why", sa.Text(), nullable=True))
    with op.batch_alter_table("sequence") as sequence:
        sequence.add_column(sa.Column("newest_at", moment, nullable=True))
        sequence.add_column(sa.Column("clock_wrong_since", moment, nullable=True))
