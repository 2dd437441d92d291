"""How devices are, when they were cut off, how many persons each zone counts."""

import json
from collections import Counter

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

MOST, LONGEST = 10_000_000, 64


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "device_status",
        sa.Column("device", sa.String(40), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("heard_at", moment, nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("device", name="pk_device_status"),
    )
    op.create_table(
        "device_gap",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(40), nullable=False),
        sa.Column("began", moment, nullable=False),
        sa.Column("ended", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_device_gap"),
    )
    op.create_index("ix_device_gap_device_ended", "device_gap", ["device", "ended"])
    counts = op.create_table(
        "zone_count",
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("persons", sa.BigInteger(), nullable=False),
        sa.Column("corrected_at", moment),
        sa.Column("corrected_by", sa.String(100), nullable=False, server_default=""),
        sa.Column("why", sa.String(200), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("zone", name="pk_zone_count"),
    )
    op.create_table(
        "zone_flaw",
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("cause", sa.String(24), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("zone", "cause", name="pk_zone_flaw"),
    )
    op.create_table(
        "zone_told",
        sa.Column("device", sa.String(40), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("persons", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.BigInteger(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("device", "zone", name="pk_zone_told"),
    )
    rows = [{"zone": zone, "persons": persons} for zone, persons in _counted().items()]
    if rows:
        op.bulk_insert(counts, rows)


def _counted() -> dict[str, int]:
    """What the feed up to here adds up to, as admission/presence.py had it then."""
    told = op.get_bind().execute(
        sa.text("SELECT body FROM feed WHERE kind IN ('passed', 'count_corrected')")
    )
    counted: Counter[str] = Counter()
    for (body,) in told:
        fact = json.loads(body) if isinstance(body, str) else body
        if fact["kind"] == "passed":
            moves = ((fact.get("zone"), fact["persons"]), (fact.get("behind"), -fact["persons"]))
        else:
            moves = ((fact["zone"], fact["change"]), (None, 0))
        for zone, persons in moves:
            if zone and len(zone) <= LONGEST:
                counted[zone] += max(-MOST, min(MOST, persons))
    return dict(counted)
