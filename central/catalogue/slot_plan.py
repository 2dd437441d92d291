"""Time slots as planned, brought into the database: what somebody has to do with stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, exists, insert, or_, select, update

from admission.values import TimeSlot
from central.store.schema import lease, line_slot, slot_change, ticket_window, time_slot, visit


def refresh(
    connection: Connection, planned: Sequence[TimeSlot], zone: ZoneInfo, now: datetime
) -> None:
    """Make the future as planned. A slot that anybody has to do with is kept, closed, when it is
    planned no more, and keeps its seats; tickets that were sold stay good at the times that they
    tell."""
    wanted = {slot.id: _columns(slot, zone) for slot in planned}
    recent = time_slot.c.day >= now.astimezone(zone).date() - timedelta(days=1)
    connection.execute(select(time_slot.c.id).where(recent).order_by("id").with_for_update()).all()
    rows = connection.execute(select(time_slot).where(recent)).mappings()
    known = {row["id"]: dict(row) for row in rows}
    in_use = set(connection.scalars(select(time_slot.c.id).where(recent, _IN_USE)))
    for id_, row in known.items():
        this = time_slot.c.id == id_
        if id_ in wanted:
            if id_ in in_use and row["seating"] != wanted[id_]["seating"]:
                wanted[id_] |= {name: row[name] for name in ("seating", "capacity", "control")}
            if row | wanted[id_] != row:
                connection.execute(update(time_slot).where(this).values(wanted[id_]))
        elif row["start"] > now and id_ in in_use:
            if row["planned"]:
                connection.execute(update(time_slot).where(this).values(planned=False))
        elif row["start"] > now:
            connection.execute(delete(time_slot).where(this))
    new = [columns for id_, columns in wanted.items() if id_ not in known]
    if new:
        connection.execute(insert(time_slot), new)


_IN_USE = or_(
    *(
        exists().where(table.c.slot == time_slot.c.id)
        for table in (line_slot, lease, slot_change, ticket_window, visit)
    )
)


def _columns(slot: TimeSlot, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": slot.id,
        "attraction": slot.attraction,
        "day": slot.start.astimezone(zone).date(),
        "start": slot.start,
        "end": slot.end,
        "arrival_start": slot.arrival.start,
        "arrival_end": slot.arrival.end,
        "sales_start": slot.sales.start,
        "sales_end": slot.sales.end,
        "capacity": slot.capacity,
        "shares": [list(share) for share in slot.shares],
        "planned": True,
        "seating": slot.seating or None,
        "control": slot.control.value,
    }
