"""What staff order devices to do: written down by any worker, sent once by the one on duty, and
answered by the device, or by nobody. Nothing is sent after it has expired."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, delete, insert, select, update

from admission.codes import HumanCode, SignedCode, TagCode, human_code, read_code
from admission.foreign import OpaqueCode
from admission.pretix import PretixCode
from central.sale.states import By, Refused
from central.settings import DeviceKind, DeviceSettings
from central.store.database import Database
from central.store.schema import command as table
from central.watch import standing
from central.watch.standing import Link
from runtime.commands import (
    LONGEST,
    AdmitCode,
    CloseSales,
    Command,
    Deed,
    OpenLane,
    OpenSales,
    Result,
    SetMode,
    deed_from_data,
    deed_to_data,
    kind_of,
)

EXPIRES = timedelta(seconds=10)
GRACE = timedelta(seconds=1)
"""So long after its expiry an answer may still be on its way."""
LOOK_S = 0.1
"""How often whoever waits for an answer looks for it."""
KEPT = timedelta(days=90)
AT_ONCE = 50


@dataclass(frozen=True)
class Order:
    """A command and what became of it. `result` None: nobody has answered yet."""

    device: str
    command: Command
    result: Result | None = None

    def over(self, now: datetime) -> bool:
        """There is an answer, or there will be none."""
        return self.result is not None or now > self.command.expires_at + GRACE

    @property
    def subject(self) -> str:
        """The lane, else the device."""
        return str(getattr(self.command.deed, "lane", self.device))


def order(
    connection: Connection,
    device: str,
    deed: Deed,
    by: By,
    *,
    known: Mapping[str, DeviceSettings],
    zone: ZoneInfo,
) -> Order | Refused:
    """To be sent at once, or refused if the device is not there to obey."""
    kind = DeviceKind.KIOSK if isinstance(deed, CloseSales | OpenSales) else DeviceKind.GATE
    if device not in known or known[device].kind is not kind:
        return Refused("unknown_device", f"no {kind.value} of central.toml is called {device!r}")
    [there] = standing.standings(connection, {device: known[device]}, by.at)
    if there.link in {Link.OFFLINE, Link.NEVER}:
        told = standing.words(there, zone, by.at)
        return Refused("device_away", f"Nothing was sent. {told}")
    command = Command(secrets.token_hex(16), by.who, by.at, by.at + EXPIRES, deed)
    connection.execute(
        insert(table).values(
            id=command.id,
            device=device,
            kind=kind_of(deed),
            body=deed_to_data(deed),
            who=command.by,
            at=command.at,
            expires_at=command.expires_at,
        )
    )
    return Order(device, command)


def take(connection: Connection, now: datetime) -> list[Order]:
    """Those that are to be sent now; nobody else takes them, and they are never taken again."""
    rows = connection.execute(
        select(table)
        .where(table.c.at > now - LONGEST, table.c.expires_at > now)
        .where(table.c.sent_at.is_(None), table.c.answered_at.is_(None))
        .order_by(table.c.at, table.c.id)
        .limit(AT_ONCE)
        .with_for_update()
    ).all()
    ids = [row.id for row in rows]
    connection.execute(update(table).where(table.c.id.in_(ids)).values(sent_at=now))
    return [_order(row) for row in rows]


def waiting(connection: Connection, now: datetime) -> bool:
    """Whether there is something to take."""
    query = select(table.c.id).where(table.c.at > now - LONGEST, table.c.expires_at > now)
    query = query.where(table.c.sent_at.is_(None), table.c.answered_at.is_(None))
    return connection.scalar(query.limit(1)) is not None


def answer(connection: Connection, device: str, result: Result, now: datetime) -> bool:
    """What the device says of a command to it; false for any other, and for a second answer."""
    changed = connection.execute(
        update(table)
        .where(table.c.id == result.id, table.c.device == device, table.c.answered_at.is_(None))
        .values(answered_at=now, done=result.done, said=result.said)
    )
    return changed.rowcount == 1


def find(connection: Connection, id_: str) -> Order | None:
    row = connection.execute(select(table).where(table.c.id == id_)).first()
    return _order(row) if row else None


def newest(connection: Connection, limit: int) -> list[Order]:
    """The last one first."""
    query = select(table).order_by(table.c.at.desc(), table.c.id).limit(limit)
    return [_order(row) for row in connection.execute(query)]


def forget(connection: Connection, now: datetime) -> None:
    connection.execute(delete(table).where(table.c.at < now - KEPT))


async def outcome(database: Database, clock: Callable[[], datetime], id_: str) -> Order | None:
    """What became of it, as soon as that is known; None if there is no such command."""
    while True:
        found = await database.read(lambda connection: find(connection, id_))
        if found is None or found.over(clock()):
            return found
        await asyncio.sleep(LOOK_S)


def deed_in_words(deed: Deed) -> str:
    """What was ordered."""
    match deed:
        case OpenLane(lane, way):
            return f"open {lane} once, {way.value}"
        case SetMode(lane, way, mode):
            return f"{lane}, {way.value}: {mode.value if mode else 'as scheduled'}"
        case AdmitCode(lane, way, code):
            return f"admit {_ticket(code)} at {lane}, {way.value}"
        case CloseSales(reason):
            return f"close: {reason}"
        case OpenSales():
            return "open again"


def _ticket(text: str) -> str:
    """Which one the code is of. The code itself would let whoever reads it in."""
    match read_code(text):
        case SignedCode() as code:
            return f"ticket {human_code(code.ticket.id)}"
        case HumanCode(bits):
            return f"ticket {human_code(bits)}"
        case PretixCode() | OpaqueCode() as code:
            return f"ticket {human_code(code.ticket)} of others"
        case TagCode():
            return "the ticket of a card"
        case None:
            return "a code that nobody reads"


def in_words(one: Order, now: datetime) -> str:
    """What became of it, for staff."""
    if one.result is not None:
        return one.result.said
    if not one.over(now):
        return "waiting for an answer"
    seconds = (one.command.expires_at - one.command.at).seconds
    return (
        f"{one.subject}: nothing is known to be done: nobody answered within {seconds} s; is"
        f" {one.device} connected, and is the wicket there new enough to obey?"
    )


def _order(row: Row[Any]) -> Order:
    deed = deed_from_data(row.kind, row.body)
    result = None
    if row.answered_at is not None:
        result = Result(row.id, row.done, row.said, row.answered_at)
    return Order(row.device, Command(row.id, row.who, row.at, row.expires_at, deed), result)
