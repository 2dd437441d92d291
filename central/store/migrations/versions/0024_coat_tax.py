"""The tax in a coat's fee stays what it was at check-in."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.add_column(
        "coat_ticket", sa.Column("tax_percent", sa.String(24), nullable=False, server_default="0")
    )
    op.execute(
        "UPDATE coat_ticket SET tax_percent = (SELECT cloakroom.tax_percent FROM cloakroom"
        " WHERE cloakroom.id = coat_ticket.cloakroom)"
    )
