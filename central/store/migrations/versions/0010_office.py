"""Vouchers for a product, what happened to vouchers, text on tickets, passes as references."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    for column in (
        sa.Column("text", sa.String(200), nullable=False, server_default=""),
        sa.Column("ticket_text", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("gives_product", sa.Integer()),
        sa.Column("gives_quantity", sa.Integer(), nullable=False, server_default="0"),
    ):
        op.add_column("request_line", column)
    with op.batch_alter_table("voucher") as voucher:
        voucher.alter_column("value", existing_type=sa.String(24), nullable=True)
        voucher.add_column(sa.Column("product", sa.Integer()))
        voucher.add_column(sa.Column("quantity", sa.Integer()))
        voucher.add_column(sa.Column("price", sa.String(24), nullable=False, server_default="0"))
    op.execute("UPDATE voucher SET price = value WHERE request IS NOT NULL")
    op.add_column(
        "voucher_entry", sa.Column("pieces", sa.Integer(), nullable=False, server_default="0")
    )
    op.create_index("ix_voucher_entry_request", "voucher_entry", ["request"])
    op.create_table(
        "voucher_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("voucher", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(40), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["voucher"], ["voucher.id"], name="fk_voucher_change_voucher"),
        sa.PrimaryKeyConstraint("id", name="pk_voucher_change"),
    )
    op.create_index("ix_voucher_change_voucher", "voucher_change", ["voucher"])
    with op.batch_alter_table("request_reference") as reference:
        reference.add_column(sa.Column("pass_ticket", sa.BigInteger()))
        reference.create_foreign_key(
            "fk_request_reference_pass_ticket", "ticket", ["pass_ticket"], ["id"]
        )
    op.create_index("ix_request_reference_pass_ticket", "request_reference", ["pass_ticket"])
    op.create_index("ix_payment_reference", "payment", ["reference"])
    op.create_index("ix_money_entry_receipt", "money_entry", ["receipt"])
    for name in ("channel", "device", "language"):
        op.create_index(f"ix_ticket_request_{name}_id", "ticket_request", [name, "id"])
