"""Sales at the ticket office that are not yet requests."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "sale_draft",
        sa.Column("staff", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["staff"], ["staff.name"], name="fk_sale_draft_staff"),
        sa.PrimaryKeyConstraint("staff", name="pk_sale_draft"),
    )
    op.create_index("ix_sale_draft_touched_at", "sale_draft", ["touched_at"])
