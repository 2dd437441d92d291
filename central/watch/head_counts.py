"""Who is in each zone, by all passages and corrections in the feed; what may be wrong about it.

Kept in step in the transaction in which the feed takes the facts; nobody else writes the feed
meanwhile, so nobody else counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Table,
    Update,
    and_,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from admission.facts import (
    CENTRAL,
    Alarmed,
    CountCorrected,
    Counted,
    Evacuated,
    Fact,
    Lapsed,
    Passed,
)
from admission.presence import LONGEST_ZONE, MOST_PERSONS, moves
from admission.values import Direction
from central.store.rows import keyed
from central.store.schema import feed, quarantine, sequence, zone_count, zone_flaw, zone_told

LOOK_BACK = 100
"""Passages and admissions among which the zone of a lane is looked for."""
MOST_MISSING = 10_000
_ADMITTED = select(feed.c.body).where(*keyed(feed.c.device, feed.c.number))


def _raising(sum_: Column[Any]) -> Update:
    table: Any = sum_.table
    return update(table).where(*keyed(*table.primary_key)).values({sum_: sum_ + bindparam("more")})


_RAISE = {sum_: _raising(sum_) for sum_ in (zone_count.c.persons, zone_flaw.c.times)}


class Flaw(Enum):
    """Why fewer or more may be in a zone than are counted. UNTICKETED: a body went in without a
    ticket. LAPSED: whoever was let in did not walk, as far as the sensor saw. EVACUATED: fire
    opened every lane. The others are alarms of its lanes."""

    UNTICKETED = "unticketed"
    FORCED = "forced"
    TAILGATING = "tailgating"
    WRONG_WAY = "wrong_way"
    LAPSED = "lapsed"
    EVACUATED = "evacuated"


ALARMS = {flaw.value: flaw for flaw in (Flaw.FORCED, Flaw.TAILGATING, Flaw.WRONG_WAY)}


@dataclass(frozen=True)
class Baseline:
    """What a gate begins with that takes a snapshot: the `counts` of all facts of the feed up to
    `as_of`, which are those of each device up to the number in `taken`, but for the `missing` ones
    (device, number): those are in quarantine, and may come later."""

    as_of: int
    counts: Mapping[str, int]
    taken: Mapping[str, int]
    missing: Sequence[tuple[str, int]] = ()


def baseline(connection: Connection) -> Baseline:
    taken = {row.device: row.last for row in connection.execute(select(sequence))}
    there = and_(feed.c.device == quarantine.c.device, feed.c.number == quarantine.c.number)
    missing = connection.execute(
        select(quarantine.c.device, quarantine.c.number)
        .distinct()
        .outerjoin(feed, there)
        .where(quarantine.c.number.is_not(None), feed.c.n.is_(None))
        .order_by(quarantine.c.device, quarantine.c.number.desc())
        .limit(MOST_MISSING)
    )
    pairs = [(device, number) for device, number in missing]
    return Baseline(taken.get(CENTRAL, 0), counted(connection), taken, pairs)


def counted(connection: Connection) -> dict[str, int]:
    """Persons in each zone."""
    rows = connection.execute(select(zone_count.c.zone, zone_count.c.persons))
    return {row.zone: row.persons for row in rows}


def take(connection: Connection, facts: Sequence[Fact], head: int, now: datetime) -> None:
    """The feed has taken these facts, one transaction's, and ends at `head`."""
    taking = _Taking(connection)
    for fact in facts:
        match fact.event:
            case Passed() | CountCorrected():
                taking.move(fact)
            case Alarmed() | Lapsed() | Evacuated():
                for zone, flaw, times in _flaws(connection, fact):
                    taking.flaws[zone, flaw.value] += times
            case Counted():
                taking.write()
                keep_told(connection, fact.device, _told(fact.event), head, now)
    taking.write()


def keep_told(
    connection: Connection, device: str, present: Mapping[str, int], head: int, at: datetime
) -> None:
    """The device says that it counts `present` at this moment, `at` which the feed ends at
    `head`."""
    ours = counted(connection)
    for zone, persons in sorted(present.items()):
        told = {"persons": persons, "counted": ours.get(zone, 0), "head": head, "at": at}
        _put(connection, zone_told, {"device": device, "zone": zone}, told)


class _Taking:
    """What changes, until it is written."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._moved: Counter[str] = Counter()
        self._corrected: dict[str, dict[str, Any]] = {}
        self.flaws: Counter[tuple[str, str]] = Counter()

    def move(self, fact: Fact) -> None:
        for zone, persons in moves(fact.event):
            self._moved[zone] += persons
            match fact.event:
                case CountCorrected() as event:
                    self._correct(zone, fact.at, event)
                case Passed(ticket=None, direction=Direction.IN) if persons > 0:
                    self.flaws[zone, Flaw.UNTICKETED.value] += persons

    def _correct(self, zone: str, at: datetime, event: CountCorrected) -> None:
        """What was doubtful before is settled."""
        said = {"corrected_at": at, "corrected_by": event.by[:100], "why": event.why[:200]}
        self._corrected[zone] = said
        for key in [key for key in self.flaws if key[0] == zone]:
            del self.flaws[key]

    def write(self) -> None:
        for zone, persons in self._moved.items():
            _add(self._connection, zone_count.c.persons, {"zone": zone}, persons)
        for zone, said in self._corrected.items():
            self._connection.execute(delete(zone_flaw).where(zone_flaw.c.zone == zone))
            self._connection.execute(
                update(zone_count).where(zone_count.c.zone == zone).values(said)
            )
        for (zone, cause), times in self.flaws.items():
            _add(self._connection, zone_flaw.c.times, {"zone": zone, "cause": cause}, times)
        self._moved.clear()
        self._corrected.clear()
        self.flaws.clear()


def _told(event: Counted) -> dict[str, int]:
    return {one.zone: one.persons for one in event.present if 0 < len(one.zone) <= LONGEST_ZONE}


def _flaws(connection: Connection, fact: Fact) -> Iterator[tuple[str, Flaw, int]]:
    match fact.event:
        case Alarmed(lane=lane, alarm=alarm, on=True) if alarm in ALARMS:
            for zone in _zones_of(connection, fact, lane):
                yield zone, ALARMS[alarm], 1
        case Lapsed(admission=admission, persons=persons) if persons <= MOST_PERSONS:
            this = {"of_device": fact.device, "of_number": admission}
            body = connection.scalar(_ADMITTED, this) or {}
            yield from ((zone, Flaw.LAPSED, persons) for zone in _named(body.get("zone")))
        case Evacuated(on=True, present=present):
            zones = {one.zone for one in present}
            yield from ((name, Flaw.EVACUATED, 1) for zone in zones for name in _named(zone))


def _zones_of(connection: Connection, fact: Fact, lane: str) -> set[str]:
    """Both ends of the lane, as whoever went through it last did."""
    bodies = connection.scalars(
        select(feed.c.body)
        .where(feed.c.device == fact.device, feed.c.number < fact.number)
        .where(feed.c.kind.in_(("admitted", "passed")))
        .order_by(feed.c.number.desc())
        .limit(LOOK_BACK)
    )
    ends = (b.get(end) for b in bodies if b.get("lane") == lane for end in ("zone", "behind"))
    return {name for zone in ends for name in _named(zone)}


def _named(zone: Any) -> Iterator[str]:
    if isinstance(zone, str) and 0 < len(zone) <= LONGEST_ZONE:
        yield zone


def _add(connection: Connection, sum_: Column[Any], key: dict[str, str], more: int) -> None:
    raised = {"more": more} | {f"of_{name}": value for name, value in key.items()}
    if not connection.execute(_RAISE[sum_], raised).rowcount:
        connection.execute(insert(sum_.table), key | {sum_.name: more})


def _put(connection: Connection, table: Table, key: dict[str, Any], values: dict[str, Any]) -> None:
    of_key = [table.c[name] == value for name, value in key.items()]
    if not connection.execute(update(table).where(*of_key).values(values)).rowcount:
        connection.execute(insert(table).values({**key, **values}))
