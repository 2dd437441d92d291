"""How the desks are: what each said of itself, and when it was heard last."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from central.sale.states import By
from central.store.schema import desk_status

SILENT = timedelta(seconds=60)
"""A desk says every 20 s how it is; who did not for so long is not there."""


@dataclass(frozen=True)
class Desk:
    """`heard_at` is None when it was never heard."""

    name: str
    online: bool
    heard_at: datetime | None = None
    prints: bool = False
    faults: tuple[str, ...] = ()


def tell(connection: Connection, desk: By, *, prints: bool, faults: Sequence[str]) -> None:
    values = {"heard_at": desk.at, "prints": prints, "faults": list(faults)}
    here = desk_status.c.desk == desk.who
    if not connection.execute(update(desk_status).where(here).values(values)).rowcount:
        connection.execute(insert(desk_status).values(desk=desk.who, **values))


def listed(connection: Connection, desks: Collection[str], now: datetime) -> list[Desk]:
    """All `desks` of the settings, by their name."""
    heard = {row.desk: row for row in connection.execute(select(desk_status))}
    found = []
    for name in sorted(desks):
        if row := heard.get(name):
            online = row.heard_at > now - SILENT
            found.append(Desk(name, online, row.heard_at, row.prints, tuple(row.faults)))
        else:
            found.append(Desk(name, online=False))
    return found
