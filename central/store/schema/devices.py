"""How devices are, when they were cut off, and who is where."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, String, Table

from central.store.schema.base import UtcTime, metadata

device_status = Table(
    "device_status",
    metadata,
    Column("device", String(40), primary_key=True),
    Column("online", Boolean, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("heard_at", UtcTime, nullable=False),
    Column("told", JSON, nullable=False),
)
"""The newest that was heard of each device: online or not `since`, and what its status `told`. The
row of "central" is central itself: since when it hears the broker."""

device_gap = Table(
    "device_gap",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("device", String(40), nullable=False),
    Column("began", UtcTime, nullable=False),
    Column("ended", UtcTime, nullable=False),
    Index(None, "device", "ended"),
)
"""When a device was cut off. What goes on is in `device_status`."""

zone_count = Table(
    "zone_count",
    metadata,
    Column("zone", String(64), primary_key=True),
    Column("persons", BigInteger, nullable=False),
    Column("corrected_at", UtcTime),
    Column("corrected_by", String(100), nullable=False, server_default=""),
    Column("why", String(200), nullable=False, server_default=""),
)
"""What the passages and corrections in the feed add up to; the last correction beside it."""

zone_flaw = Table(
    "zone_flaw",
    metadata,
    Column("zone", String(64), primary_key=True),
    Column("cause", String(24), primary_key=True),
    Column("times", BigInteger, nullable=False),
)
"""What may have made the count wrong since the last correction."""

zone_told = Table(
    "zone_told",
    metadata,
    Column("device", String(40), primary_key=True),
    Column("zone", String(64), primary_key=True),
    Column("persons", BigInteger, nullable=False),
    Column("counted", BigInteger, nullable=False),
    Column("head", BigInteger, nullable=False),
    Column("at", UtcTime, nullable=False),
)
"""What each gate told last that it counts, and what central `counted` when its feed ended at
`head`."""
