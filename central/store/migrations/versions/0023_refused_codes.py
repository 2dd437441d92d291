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


AT_ONCE = 5000
"""Facts in memory: there may be a million."""


def upgrade() -> None:
    connection, feed = op.get_bind(), _FEED
    unknown = feed.c.kind == "refused", feed.c.subject.is_(None), feed.c.n > sa.bindparam("last")
    some = sa.select(feed.c.n, feed.c.body).where(*unknown).order_by(feed.c.n).limit(AT_ONCE)
    known = sa.update(feed).where(feed.c.n == sa.bindparam("at"))
    last = -1
    while rows := connection.execute(some, {"last": last}).all():
        found = [{"at": n, "subject": _subject(code)} for n, body in rows if (code := _code(body))]
        if found:
            connection.execute(known, found)
        last = rows[-1].n


def _code(body: dict[str, str]) -> str:
    return body.get("code", "")


def _subject(code: str) -> int:
    return -foreign_ticket_id("".join(code[:64].upper().replace("-", "").split()))
