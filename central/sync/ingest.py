"""Facts from devices: each taken once, in order; what is bad is set aside and blocks nothing.

Facts of many devices are taken in one transaction. It locks, in this order: the devices by name,
time slots, tills, the feed.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from admission.facts import ONLY_CENTRAL, Fact, LeaseReturned, OfflineSold
from admission.presence import MOST_AT_ONCE
from central.capacity import visits, waiting
from central.sale import offline
from central.sale.states import By, Refused
from central.store.engine import Json
from central.store.rows import keyed
from central.store.schema import feed as facts_table
from central.sync import feed, quarantine
from central.sync.quarantine import Bad
from central.watch import clashes
from runtime.convert import Invalid, structure
from runtime.wire import decode, encode, fact_from_data, fact_to_data

log = logging.getLogger("wicket.central")

MAX_FACT = 4096
"""Bytes of one fact; a batch of the feed (publisher.BATCH of them) must fit into one message."""
MAX_COMPARED = 500
"""Facts of one payload that are compared with what was told before; a batch has fewer."""
UTC_DAYS = ZoneInfo("UTC")
CLONED = "another fact was told under this number"
LOST = "lost"
"""The kind of a device's fact that perished: only its number is told."""
_ROW = facts_table.c
_KNOWN = select(_ROW.number, _ROW.received_at, _ROW.body).where(
    *keyed(_ROW.device), _ROW.number.in_(bindparam("numbers", expanding=True))
)


_Good = tuple[Fact, Json]
"""A fact and its data as it was told."""


@dataclass(frozen=True)
class Told:
    """A payload of device/<device>/facts."""

    device: str
    payload: bytes


@dataclass(frozen=True)
class Taken:
    """The number to acknowledge, None for a stranger. `gap`: facts before these are missing, and
    may be on their way through another worker."""

    number: int | None
    gap: bool = False


@dataclass(frozen=True)
class _Payload:
    facts: tuple[Any, ...]


def take(
    connection: Connection,
    device: str,
    payload: bytes,
    known: Collection[str],
    now: datetime,
    *,
    zone: ZoneInfo = UTC_DAYS,
) -> int | None:
    """Take one payload; the number to acknowledge, None for a stranger."""
    return take_all(connection, [Told(device, payload)], known, now, zone)[0].number


def take_all(
    connection: Connection,
    told: Sequence[Told],
    known: Collection[str],
    now: datetime,
    zone: ZoneInfo = UTC_DAYS,
) -> list[Taken]:
    """Take payloads of the devices that are `known`; what came of each. Days begin in `zone`."""
    taking = _Taking(connection, now, zone)
    taking.hold({one.device for one in told if one.device in known})
    taken = [taking.take(one) for one in told]
    taking.finish()
    return taken


def replay(
    connection: Connection, id_: int, known: Collection[str], by: By, *, zone: ZoneInfo = UTC_DAYS
) -> dict[str, Any] | Refused:
    """Take after all what was set aside, if that is possible now: by a newer version, or when its
    device is known."""
    row = quarantine.open_one(connection, id_)
    if isinstance(row, Refused):
        return row
    device, number = row["device"], row["number"]
    if device not in known:
        return Refused("still_bad", "no such device in central.toml")
    if number is None:
        before = feed.last_taken(connection, device, lock=True)
        payload = row["payload"].encode()
        taken = take_all(connection, [Told(device, payload)], known, by.at, zone)[0].number
        if taken is None or taken <= before:
            return Refused("still_bad", f"nothing in it can be taken: {row['reason']}")
        return quarantine.settle(connection, id_, quarantine.TAKEN, f"facts up to {taken}", by)
    feed.last_taken(connection, device, lock=True)
    if connection.execute(_KNOWN, {"of_device": device, "numbers": [number]}).first():
        return Refused("number_taken", f"{device} told another fact under number {number}")
    read = _read(device, number, _data(row["payload"]))
    if isinstance(read, Bad):
        return Refused("still_bad", read.reason)
    _accept(connection, [read], by.at, zone)
    return quarantine.settle(connection, id_, quarantine.TAKEN, "", by)


class _Taking:
    """One transaction's facts."""

    def __init__(self, connection: Connection, now: datetime, zone: ZoneInfo) -> None:
        self._connection, self._now, self._zone = connection, now, zone
        self._before: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._good: list[_Good] = []
        self._bad: dict[str, list[Bad]] = defaultdict(list)
        self._again: list[tuple[str, Sequence[tuple[int, Any]]]] = []

    def hold(self, devices: Collection[str]) -> None:
        """Nobody else takes facts of theirs meanwhile."""
        for device in sorted(devices):
            self._before[device] = feed.last_taken(self._connection, device, lock=True)
        self._last |= self._before

    def take(self, told: Told) -> Taken:
        device, last = told.device, self._last.get(told.device)
        if last is None:
            reason = "no such device in central.toml"
            self._set_payload_aside(told, reason)
            return Taken(None)
        try:
            facts = structure(decode(told.payload), _Payload).facts
            numbered = _numbered(facts)
        except (Invalid, RecursionError) as error:
            self._set_payload_aside(told, str(error))
            return Taken(last)
        if again := [one for one in numbered if one[0] <= last]:
            self._again.append((device, again[:MAX_COMPARED]))
        for number, data in numbered:
            if number > last + 1:
                return Taken(last, gap=True)
            if number == last + 1:
                self._last[device] = last = number
                self._keep(device, number, data)
        return Taken(last)

    def finish(self) -> None:
        if self._good:
            _accept(self._connection, self._good, self._now, self._zone)
            facts = [fact for fact, _ in self._good]
            clashes.check_clocks(self._connection, facts, self._now, self._zone)
        for device, number in self._last.items():
            if number > self._before[device]:
                feed.take_up_to(self._connection, device, number)
        for device, bad in self._bad.items():
            quarantine.set_aside(self._connection, device, bad, self._now)
        for device, again in self._again:
            self._compare(device, again)

    def _keep(self, device: str, number: int, data: Any) -> None:
        read = _read(device, number, data)
        if isinstance(read, Bad):
            self._bad[device].append(read)
        else:
            self._good.append(read)

    def _set_payload_aside(self, told: Told, reason: str) -> None:
        quarantine.set_payload_aside(self._connection, told.device, reason, told.payload, self._now)

    def _compare(self, device: str, again: Sequence[tuple[int, Any]]) -> None:
        """What is told again must be what was told before, else two devices have one name."""
        numbers = [number for number, _ in again]
        rows = self._connection.execute(_KNOWN, {"of_device": device, "numbers": numbers})
        known = {number: (received_at, body) for number, received_at, body in rows}
        for number, data in again:
            received_at, body = known.get(number, (self._now, None))
            if _same(device, number, data, body):
                continue
            bad = Bad(number, CLONED, _as_text(data))
            new = quarantine.set_aside_once(self._connection, device, bad, self._now)
            if new and body is not None:
                fact = fact_from_data(body)
                clashes.report_cloned(self._connection, fact, received_at, self._now, self._zone)


def _accept(connection: Connection, good: Sequence[_Good], now: datetime, zone: ZoneInfo) -> None:
    """Facts that nothing forbids, each device's in its order."""
    facts = [fact for fact, _ in good]
    sold = offline.take(connection, facts, now)
    touched = visits.touched(connection, facts, now)
    feed.accept(connection, facts, now, [body for _, body in good])
    if freed := visits.count(connection, touched):
        waiting.serve(connection, freed, now)
    offline.tell(connection, sold, now, zone)
    clashes.find(connection, facts, now, zone)


def _number(data: Any) -> int | None:
    number = data.get("number") if isinstance(data, dict) else None
    return number if type(number) is int and number >= 1 else None


def _numbered(told: Sequence[Any]) -> list[tuple[int, Any]]:
    """Each with its number; those that tell none by their place, for numbers have no holes."""
    for index, data in enumerate(told):
        number = _number(data)
        if number is not None and number > index:
            first = number - index
            return [(_number(data) or assumed, data) for assumed, data in enumerate(told, first)]
    if told:
        raise Invalid([("facts", "not one of them has a number")])
    return []


def _read(device: str, number: int, data: Any) -> _Good | Bad:
    try:
        told = encode(data)
        fact = fact_from_data(data)
        problem = _problem(device, fact, len(told))
        if fact.at.tzinfo is not UTC:
            fact = replace(fact, at=fact.at.astimezone(UTC))
    except (ValueError, OverflowError, RecursionError) as error:
        return Bad(number, str(error), _as_text(data))
    return Bad(number, problem, _as_text(data)) if problem else (fact, Json(told.decode()))


def _problem(device: str, fact: Fact, size: int) -> str | None:
    """What forbids to take a well-formed fact."""
    if fact.device != device:
        return f"told in the name of {fact.device!r}"
    if isinstance(fact.event, ONLY_CENTRAL):
        return "only central tells this kind of fact"
    if size > MAX_FACT:
        return f"{size} bytes are more than {MAX_FACT}"
    if fact.ticket is not None and fact.ticket < 1:
        return f"{fact.ticket} is no ticket id"
    if isinstance(fact.event, OfflineSold | LeaseReturned):
        return offline.problem(fact.event)
    for name, most in (("persons", MOST_AT_ONCE), ("admission", None)):
        value = getattr(fact.event, name, 1)
        if value is not None and (value < 1 or (most and value > most)):
            return f"{name}: {value} is not possible"
    return None


def _same(device: str, number: int, data: Any, known: Any) -> bool:
    """Whether it says what is `known`; one that perished says nothing."""
    if data == known or (isinstance(data, dict) and data.get("kind") == LOST):
        return True
    if known is None:
        return False
    read = _read(device, number, data)
    if isinstance(read, Bad):
        return False
    return fact_to_data(read[0]) == fact_to_data(fact_from_data(known))


def _as_text(data: Any) -> str:
    try:
        return json.dumps(data)
    except (ValueError, RecursionError) as error:
        return f"cannot be shown: {error}"


def _data(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
