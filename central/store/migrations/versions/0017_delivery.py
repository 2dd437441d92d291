"""What is sent to people, and links to tickets."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("to", sa.String(320), nullable=False),
        sa.Column("text", sa.String(80), nullable=False),
        sa.Column("language", sa.String(20), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("request", sa.Integer(), nullable=True),
        sa.Column("coat", sa.Integer(), nullable=True),
        sa.Column("attach", sa.String(20), nullable=False, server_default=""),
        sa.Column("tickets", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(40), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("said", sa.Text(), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(["request"], ["ticket_request.id"], name="fk_delivery_request"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
    )
    op.create_index("ix_delivery_request", "delivery", ["request"])
    op.create_index("ix_delivery_coat", "delivery", ["coat"])
    op.create_index("ix_delivery_state_kind_due_at", "delivery", ["state", "kind", "due_at"])
    op.create_table(
        "public_link",
        sa.Column("secret", sa.String(40), nullable=False),
        sa.Column("request", sa.Integer(), nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["request"], ["ticket_request.id"], name="fk_public_link_request"),
        sa.PrimaryKeyConstraint("secret", name="pk_public_link"),
        sa.UniqueConstraint("request", "ticket", name="uq_public_link_request_ticket"),
    )
