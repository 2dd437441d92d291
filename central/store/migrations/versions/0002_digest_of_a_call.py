"""An answer knows which body it was given to."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column(
        "idempotency", sa.Column("digest", sa.String(64), nullable=False, server_default="")
    )
