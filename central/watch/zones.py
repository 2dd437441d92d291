"""Head counts for people: what central counts, what each gate says it counts, why the two may
differ, and how staff put the count right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, select

from admission.facts import CENTRAL, CountCorrected
from central.sale.states import By, Refused
from central.settings import DeviceKind
from central.store.schema import zone_count, zone_flaw, zone_told
from central.sync import feed
from central.watch import head_counts
from central.watch.head_counts import Flaw
from central.watch.standing import Standing, clock, facts

UNEXPLAINED = "nothing known here explains it"


@dataclass(frozen=True)
class Correction:
    at: datetime
    by: str
    why: str


@dataclass(frozen=True)
class GateCount:
    """What `device` said at `at` that it counts, `difference` more than central did then. `why`:
    in words, what that may come from."""

    device: str
    persons: int
    difference: int
    at: datetime
    why: Sequence[str] = ()


@dataclass(frozen=True)
class ZoneCount:
    """`flaws`: how often something happened since the last correction by which the count may be
    wrong."""

    zone: str
    persons: int
    corrected: Correction | None
    flaws: Mapping[Flaw, int]
    gates: Sequence[GateCount]


def listed(
    connection: Connection, standings: Sequence[Standing], zone: ZoneInfo, now: datetime
) -> list[ZoneCount]:
    """Every zone that somebody counts, by name. Times in words are those of the time zone."""
    rows = {row.zone: row for row in connection.execute(select(zone_count))}
    flaws: dict[str, dict[Flaw, int]] = defaultdict(dict)
    for row in connection.execute(select(zone_flaw).order_by(zone_flaw.c.cause)):
        flaws[row.zone][Flaw(row.cause)] = row.times
    told: dict[str, list[GateCount]] = defaultdict(list)
    for row in connection.execute(select(zone_told).order_by(zone_told.c.device)):
        difference = row.persons - row.counted
        why = list(causes(row.device, standings, zone, now)) if difference else []
        told[row.zone].append(GateCount(row.device, row.persons, difference, row.at, why))
    return [
        ZoneCount(
            name,
            rows[name].persons if name in rows else 0,
            _corrected(rows.get(name)),
            flaws[name],
            told[name],
        )
        for name in sorted({*rows, *told})
    ]


def causes(
    device: str, standings: Sequence[Standing], zone: ZoneInfo, now: datetime
) -> Iterator[str]:
    """Why the device may count other persons than central."""
    known = False
    for one in standings:
        for cause in _causes(one, zone, now, own=one.device == device):
            known = True
            yield cause
    if not known:
        yield (
            f"{UNEXPLAINED}; if it stays, have {device} begin anew from a snapshot"
            " (stop it, remove its gate.db while it has nothing to tell, start it)"
        )


def _causes(one: Standing, zone: ZoneInfo, now: datetime, *, own: bool) -> Iterator[str]:
    status = one.status
    waiting = (status.waiting or 0) if status else 0
    if one.away and one.kind is DeviceKind.GATE:
        since = clock(one.since, zone, now)
        yield f"{one.device} is cut off since {since}; what it counts since then is not known"
    if waiting:
        yield f"not arrived yet: {facts(waiting)} of {one.device}"
    if one.quarantined:
        yield f"in quarantine: {facts(one.quarantined)} of {one.device}"
    if not own or status is None:
        return
    if one.behind:
        yield f"not known at {one.device} yet: {facts(one.behind)} of the feed"
    if status.set_aside:
        yield f"set aside at {one.device}, which cannot read them: {facts(status.set_aside)}"
    if status.name_taken:
        yield f"somebody else tells facts in the name of {one.device}"


def in_words(flaw: Flaw, times: int) -> str:
    """What may have made the count wrong."""
    match flaw:
        case Flaw.UNTICKETED:
            return f"went in without a ticket (free lanes, opened by staff, forced): {times}"
        case Flaw.LAPSED:
            return f"let in, but did not walk as far as the sensor saw: {times}"
        case Flaw.EVACUATED:
            return "fire opened every lane: many left without being counted"
        case _:
            return f"alarms of lanes, {flaw.value.replace('_', ' ')}: {times}"


def correct(
    connection: Connection, zone: str, persons: int, why: str, by: By
) -> Correction | Refused:
    """Staff say that there are `persons` in the zone now. Told to all gates."""
    feed.last_taken(connection, CENTRAL, lock=True)
    known = select(zone_count.c.zone).where(zone_count.c.zone == zone)
    told = select(zone_told.c.zone).where(zone_told.c.zone == zone)
    if connection.scalar(known.union(told).limit(1)) is None:
        return Refused("unknown_zone", f"nobody counts in a zone {zone!r}")
    change = persons - head_counts.counted(connection).get(zone, 0)
    feed.tell(connection, [CountCorrected(zone, change, by.who, why)], by.at)
    return Correction(by.at, by.who, why)


def _corrected(row: Row[Any] | None) -> Correction | None:
    if row is None or row.corrected_at is None:
        return None
    return Correction(row.corrected_at, row.corrected_by, row.why)
