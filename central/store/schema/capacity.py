"""What staff did to time slots, places leased for offline sale, who waits for places."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from central.store.schema.base import UtcTime, metadata

slot_change = Table(
    "slot_change",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("slot", ForeignKey("time_slot.id"), nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("who", String(40), nullable=False),
    Column("what", String(100), nullable=False),
    Column("why", Text, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("slot", ForeignKey("time_slot.id"), nullable=False, index=True),
    Column("device", String(40), nullable=False, index=True),
    Column("channel", String(12), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("places", Integer, nullable=False),
    Column("used", Integer, nullable=False),
    Column("returned", Integer, nullable=False),
)
"""Until `expires_at` the places that are neither used nor returned are leased. Used places are
sold, whenever that is told."""

lease_use = Table(
    "lease_use",
    metadata,
    Column("ticket", BigInteger, primary_key=True, autoincrement=False),
    Column("lease", ForeignKey("lease.id"), nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("places", Integer, nullable=False),
)
"""A ticket that a kiosk sold offline, and when it told."""

visit = Table(
    "visit",
    metadata,
    Column("slot", ForeignKey("time_slot.id"), primary_key=True),
    Column("ticket", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", String(12), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("admitted", Integer, nullable=False),
    Column("guests", Integer, nullable=False),
    Column("came", Integer, nullable=False),
    Column("present", Integer, nullable=False),
    Index(None, "ticket"),
)
"""What the facts tell of a ticket in a time slot whose visits count (central/capacity/visits.py).
`channel` sold its place, "" if it has none."""

waiting = Table(
    "waiting",
    metadata,
    Column("request", ForeignKey("ticket_request.id"), primary_key=True),
    Column("offer_min", Integer, nullable=False),
)
"""A request that waits for places, or did: for so many minutes they will be held for it."""
