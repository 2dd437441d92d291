"""Tickets that others sold."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "foreign_list",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("product", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("imported_by", sa.String(40), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name="pk_foreign_list"),
        sa.UniqueConstraint("name", name="uq_foreign_list_name"),
    )
    op.create_table(
        "foreign_ticket",
        sa.Column("ticket", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("list", sa.Integer(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(100), nullable=False, server_default=""),
        sa.Column("state", sa.String(12), nullable=False),
        sa.ForeignKeyConstraint(["list"], ["foreign_list.id"], name="fk_foreign_ticket_list"),
        sa.PrimaryKeyConstraint("ticket", name="pk_foreign_ticket"),
    )
    op.create_index("ix_foreign_ticket_list", "foreign_ticket", ["list"])
