"""Refusals of codes that are no tickets' are found by the code."""

import sqlalchemy as sa
from alembic import op

from admission.foreign import foreign_ticket_id

revision = "0023"
down_revision = "0022"

_FEED = sa.table(
    "feed",
    sa.column("n", sa.BigInteger()),
    sa.column("kind", sa.String()),
    sa.column("subject", sa.BigInteger()),
    sa.column("body", sa.JSON()),
)


def upgrade() -> None:
    connection, feed = op.get_bind(), _FEED
    unknown = sa.select(feed.c.n, feed.c.body).where(
        feed.c.kind == "refused", feed.c.subject.is_(None)
    )
    rows = connection.execute(unknown).all()
    for n, body in rows:
        if code := body.get("code", ""):
            plain = "".join(code[:64].upper().replace("-", "").split())
            subject = -foreign_ticket_id(plain)
            connection.execute(sa.update(feed).where(feed.c.n == n).values(subject=subject))
