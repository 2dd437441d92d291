"""How each device stands, and in plain words what is wrong with it and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from admission.facts import CENTRAL
from central.settings import DeviceKind, DeviceSettings
from central.store.schema import quarantine
from central.sync import feed
from central.watch import devices
from central.watch.devices import Heard, Status

ON_THE_BUS = (DeviceKind.GATE, DeviceKind.KIOSK)
"""Kinds that tell a status; the others only ask over HTTP."""
BEHIND = 100
"""So many facts of the feed a device may lack while they are on their way."""
CLOCK_S = 5.0
"""A clock that is wrong by less is right enough."""


class Link(Enum):
    """SILENT: the broker believes that it is there, but nothing is heard of it. NEVER: nothing ever
    was. HTTP: it is no device that is listened to."""

    ONLINE = "online"
    OFFLINE = "offline"
    SILENT = "silent"
    NEVER = "never"
    HTTP = "http"


@dataclass(frozen=True)
class Standing:
    """`since`: in this state; `behind`: facts of the feed that it lacks; `quarantined`: facts of
    it that wait for people."""

    device: str
    kind: DeviceKind
    link: Link
    since: datetime | None = None
    heard_at: datetime | None = None
    status: Status | None = None
    behind: int | None = None
    quarantined: int = 0

    @property
    def away(self) -> bool:
        return self.link in {Link.OFFLINE, Link.SILENT}


def standings(
    connection: Connection, known: Mapping[str, DeviceSettings], now: datetime
) -> list[Standing]:
    """One of each device in central.toml, by name."""
    heard, head = devices.all_heard(connection), feed.head(connection)
    waiting = quarantine.c.number.is_not(None) & quarantine.c.fate.is_(None)
    rows = connection.execute(
        select(quarantine.c.device, func.count().label("facts"))
        .where(waiting)
        .group_by(quarantine.c.device)
    )
    aside = {row.device: row.facts for row in rows}
    found = []
    for name in sorted(known):
        link, since = _link(known[name].kind, heard.get(name), heard.get(CENTRAL), now)
        one, told = heard.get(name), heard[name].status if name in heard else None
        cursor = told.cursor if told else None
        found.append(
            Standing(
                name,
                known[name].kind,
                link,
                since,
                one.heard_at if one else None,
                told,
                None if cursor is None else max(0, head - cursor),
                aside.get(name, 0),
            )
        )
    return found


def _link(
    kind: DeviceKind, one: Heard | None, central: Heard | None, now: datetime
) -> tuple[Link, datetime | None]:
    if kind not in ON_THE_BUS:
        return Link.HTTP, None
    if one is None:
        return Link.NEVER, None
    away = devices.away_since(one, central, now)
    if away is None:
        return Link.ONLINE, one.since
    return (Link.SILENT if one.online else Link.OFFLINE), away


def words(one: Standing, zone: ZoneInfo, now: datetime) -> str:
    """What is wrong with it and what to do, in one sentence."""
    match one.link:
        case Link.HTTP:
            said = ["asks over HTTP only"]
        case Link.NEVER:
            said = ["never heard; is it switched on, are its [mqtt] host and its site right?"]
        case Link.OFFLINE | Link.SILENT:
            said = list(_absence(one, zone, now))
        case Link.ONLINE:
            said = [*_closed(one), *faults_of(one)]
            said = said or [f"connected since {clock(one.since, zone, now)}"]
    if one.quarantined:
        said.append(f"{one.quarantined} of its facts are in quarantine; see GET /v1/quarantine")
    return f"{one.device}: {'; '.join(said)}"


def clock(at: datetime | None, zone: ZoneInfo, now: datetime) -> str:
    """ "10:04", or with its day if that is not today."""
    if at is None:
        return "?"
    there = at.astimezone(zone)
    today = there.date() == now.astimezone(zone).date()
    return f"{there:%H:%M}" if today else f"{there:%Y-%m-%d %H:%M}"


def _absence(one: Standing, zone: ZoneInfo, now: datetime) -> Iterator[str]:
    since = clock(one.since, zone, now)
    yield f"silent since {since}" if one.link is Link.SILENT else f"cut off since {since}"
    waiting = one.status.waiting if one.status else None
    if waiting:
        yield f"{facts(waiting)} not told yet when last heard"
    yield "is it switched on, is its network up?"


def _closed(one: Standing) -> Iterator[str]:
    if one.status and one.status.closed is not None:
        yield f"closed by staff: {one.status.closed}"


def faults_of(one: Standing) -> Iterator[str]:
    """What is wrong with it, as it said last and as far as one can tell."""
    status = one.status or Status(online=True)
    if status.name_taken:
        yield "somebody else tells facts in its name; is there a copy of its SD card?"
    if status.emergency:
        yield "fire has opened every lane; after it, correct the head counts"
    if status.out_of_order is not None and status.closed is None:
        yield f"out of order: {status.out_of_order}"
    yield from status.faults
    offset = status.clock_offset_s
    if status.clock_trusted is False:
        wrong = "" if offset is None else f", {ahead(offset)}"
        yield f"its clock is not trusted{wrong}; is there a time server (NTP) in its network?"
    elif offset is not None and abs(offset) >= CLOCK_S:
        yield f"its clock is {ahead(offset)}; is there a time server (NTP) in its network?"
    if one.behind and one.behind > BEHIND:
        yield f"{facts(one.behind)} of the feed behind; does it reach central over HTTP?"
    if status.waiting and status.waiting > BEHIND:
        yield f"{facts(status.waiting)} not told yet"
    if status.set_aside:
        yield f"it cannot read {facts(status.set_aside)}; install the newer wicket there"


def facts(count: int) -> str:
    return "1 fact" if count == 1 else f"{count} facts"


def ahead(offset_s: float) -> str:
    return f"{abs(offset_s):.0f} s {'ahead' if offset_s > 0 else 'behind'}"
