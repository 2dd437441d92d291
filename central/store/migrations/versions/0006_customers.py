"""Customers, references of requests, words to find both by, batches; where changes came from."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

WORD = sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("history", sa.Column("address", sa.String(64), nullable=False, server_default=""))
    op.add_column(
        "ticket_request", sa.Column("device", sa.String(40), nullable=False, server_default="")
    )
    op.execute(
        "UPDATE ticket_request SET device = coalesce((SELECT who FROM history"
        " WHERE request = ticket_request.id ORDER BY history.id LIMIT 1), '')"
    )
    op.create_table(
        "customer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("email", sa.String(200), nullable=False),
        sa.Column("phone", sa.String(200), nullable=False),
        sa.Column("language", sa.String(20), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("merged_into", sa.Integer()),
        sa.Column("erased_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["merged_into"], ["customer.id"], name="fk_customer_merged_into"),
        sa.PrimaryKeyConstraint("id", name="pk_customer"),
    )
    op.create_index("ix_customer_merged_into", "customer", ["merged_into"])
    _words("customer_word", "customer", "customer")
    _words("request_word", "request", "ticket_request")
    op.create_table(
        "request_reference",
        sa.Column("request", sa.Integer(), nullable=False),
        sa.Column("external_order", sa.String(100), nullable=False),
        sa.Column("customer", sa.Integer()),
        sa.ForeignKeyConstraint(
            ["request"], ["ticket_request.id"], name="fk_request_reference_request"
        ),
        sa.ForeignKeyConstraint(
            ["customer"], ["customer.id"], name="fk_request_reference_customer"
        ),
        sa.PrimaryKeyConstraint("request", name="pk_request_reference"),
    )
    for column in ("external_order", "customer"):
        op.create_index(f"ix_request_reference_{column}", "request_reference", [column])
    op.create_table(
        "batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(["request"], ["ticket_request.id"], name="fk_batch_request"),
        sa.PrimaryKeyConstraint("id", name="pk_batch"),
        sa.UniqueConstraint("request", name="uq_batch_request"),
    )


def _words(table: str, owner: str, owners: str) -> None:
    op.create_table(
        table,
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("word", WORD, nullable=False),
        sa.Column(owner, sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint([owner], [f"{owners}.id"], name=f"fk_{table}_{owner}"),
        sa.PrimaryKeyConstraint("kind", "word", owner, name=f"pk_{table}"),
    )
    op.create_index(f"ix_{table}_{owner}", table, [owner])
