"""What a line cost and why, lines without a time slot, promo codes, gift vouchers."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("request_line") as line:
        line.alter_column("slot", existing_type=sa.String(64), nullable=True)
        line.add_column(sa.Column("kind", sa.String(12), nullable=False, server_default="ticket"))
        line.add_column(sa.Column("rule", sa.String(40), nullable=False, server_default=""))
        line.add_column(sa.Column("tax_percent", sa.String(24), nullable=False, server_default="0"))
        line.add_column(sa.Column("discount", sa.String(24), nullable=False, server_default="0"))
        line.add_column(sa.Column("value", sa.String(24)))
        line.add_column(sa.Column("valid_from", sa.DateTime(timezone=True)))
        line.add_column(sa.Column("valid_until", sa.DateTime(timezone=True)))
    op.create_table(
        "promo_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("percent", sa.String(24)),
        sa.Column("amount", sa.String(24)),
        sa.Column("per", sa.String(12), nullable=False),
        sa.Column("max_uses", sa.Integer()),
        sa.Column("max_per_order", sa.Integer()),
        sa.Column("valid_from", sa.DateTime(timezone=True)),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
        sa.Column("products", sa.JSON(), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_promo_code"),
        sa.UniqueConstraint("code", name="uq_promo_code_code"),
    )
    op.create_table(
        "promo_use",
        sa.Column("request", sa.Integer(), nullable=False),
        sa.Column("promo_code", sa.Integer(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("amount", sa.String(24), nullable=False),
        sa.ForeignKeyConstraint(["request"], ["ticket_request.id"], name="fk_promo_use_request"),
        sa.ForeignKeyConstraint(["promo_code"], ["promo_code.id"], name="fk_promo_use_promo_code"),
        sa.PrimaryKeyConstraint("request", "promo_code", name="pk_promo_use"),
    )
    op.create_index("ix_promo_use_promo_code", "promo_use", ["promo_code"])
    op.create_table(
        "voucher",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(24), nullable=False),
        sa.Column("value", sa.String(24), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(40), nullable=False),
        sa.Column("request", sa.Integer()),
        sa.Column("line", sa.Integer()),
        sa.Column("copy", sa.Integer()),
        sa.ForeignKeyConstraint(["request"], ["ticket_request.id"], name="fk_voucher_request"),
        sa.PrimaryKeyConstraint("id", name="pk_voucher"),
        sa.UniqueConstraint("code", name="uq_voucher_code"),
        sa.UniqueConstraint("request", "line", "copy", name="uq_voucher_request_line_copy"),
    )
    op.create_index("ix_voucher_request", "voucher", ["request"])
    op.create_table(
        "voucher_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("voucher", sa.Integer(), nullable=False),
        sa.Column("request", sa.Integer()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(40), nullable=False),
        sa.Column("amount", sa.String(24), nullable=False),
        sa.ForeignKeyConstraint(["voucher"], ["voucher.id"], name="fk_voucher_entry_voucher"),
        sa.ForeignKeyConstraint(
            ["request"], ["ticket_request.id"], name="fk_voucher_entry_request"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_voucher_entry"),
    )
    op.create_index("ix_voucher_entry_voucher", "voucher_entry", ["voucher"])
