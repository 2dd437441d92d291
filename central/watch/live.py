"""Lanes, kiosks and head counts as they are now, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from admission.values import LaneMode
from central.settings import DeviceKind, DeviceSettings
from central.watch import commands, devices, standing, zones
from central.watch.devices import Gap, Status
from central.watch.standing import Link, Standing

ORDERS = 10
AWAY = 3
"""Times that a device was away, of each."""


@dataclass(frozen=True)
class Lane:
    """`ways`: direction → mode, as told last. `admitted`: persons let in today; None if the gate
    does not tell."""

    name: str
    ways: Mapping[str, str]
    faults: Sequence[str] = ()
    admitted: int | None = None


@dataclass(frozen=True)
class Device:
    """`there`: it can be ordered to do something. `faults` are its own, not those of its lanes.
    `away`: when it was cut off lately, the last time first. `tone`: "good", "bad" or "warn"."""

    name: str
    kind: DeviceKind
    there: bool
    said: str
    tone: str
    since: datetime | None
    faults: Sequence[str]
    lanes: Sequence[Lane]
    waiting: int
    closed: str | None
    version: str
    away: Sequence[str]

    @property
    def key(self) -> str:
        return f"device {self.name}"


@dataclass(frozen=True)
class Told:
    """An order and what came of it, in words. `tone` as of a Device, "" while it waits."""

    at: datetime
    by: str
    what: str
    said: str
    tone: str


@dataclass(frozen=True)
class Live:
    """`zones`: who is where, as central counts."""

    gates: Sequence[Device]
    kiosks: Sequence[Device]
    zones: Mapping[str, int]
    orders: Sequence[Told]


def look(
    connection: Connection, known: Mapping[str, DeviceSettings], zone: ZoneInfo, now: datetime
) -> Live:
    standings = standing.standings(connection, known, now)
    counts = zones.listed(connection, standings, zone, now)
    shown = [
        _device(one, devices.last_gaps(connection, one.device, now, AWAY), zone, now)
        for one in standings
        if one.kind in (DeviceKind.GATE, DeviceKind.KIOSK)
    ]
    return Live(
        [one for one in shown if one.kind is DeviceKind.GATE],
        [one for one in shown if one.kind is DeviceKind.KIOSK],
        {one.zone: one.persons for one in counts},
        [told(one, now) for one in commands.newest(connection, ORDERS)],
    )


def told(one: commands.Order, now: datetime) -> Told:
    tone = "" if not one.over(now) else "good" if one.result and one.result.done else "bad"
    what = f"{commands.deed_in_words(one.command.deed)}, {one.device}"
    return Told(one.command.at, one.command.by, what, commands.in_words(one, now), tone)


def _device(one: Standing, gaps: Sequence[Gap], zone: ZoneInfo, now: datetime) -> Device:
    status = one.status or Status(online=False)
    there = one.link in {Link.ONLINE, Link.SILENT}
    lanes = [_lane(name, ways, status) for name, ways in sorted(status.lanes.items())]
    of_lanes = {fault for lane in lanes for fault in lane.faults}
    said = standing.words(one, zone, now).removeprefix(f"{one.device}: ")
    return Device(
        one.device,
        one.kind,
        there,
        _first(said) if not there else _present(one, status, zone, now),
        _tone(one, status),
        one.since,
        [fault for fault in standing.faults_of(one) if fault not in of_lanes] if there else [],
        lanes,
        status.waiting or 0,
        status.closed if there else None,
        status.version,
        [" to ".join(standing.clock(at, zone, now) for at in (g.began, g.ended)) for g in gaps],
    )


def _first(said: str) -> str:
    return said[:1].upper() + said[1:]


def _present(one: Standing, status: Status, zone: ZoneInfo, now: datetime) -> str:
    if status.closed is not None:
        return "Closed by staff"
    since = standing.clock(one.since, zone, now)
    return f"Silent since {since}" if one.link is Link.SILENT else f"Connected since {since}"


def _tone(one: Standing, status: Status) -> str:
    if one.link is not Link.ONLINE or status.emergency:
        return "bad"
    return "warn" if list(standing.faults_of(one)) or status.closed is not None else "good"


def _lane(name: str, ways: Mapping[str, str], status: Status) -> Lane:
    faults = [one for one in status.faults if one.startswith((f"{name}:", f"{name}, "))]
    modes = {way: mode for way, mode in ways.items() if mode in {m.value for m in LaneMode}}
    return Lane(name, modes, faults, status.admitted.get(name))
