"""Facts from devices: each taken once, in order; what is bad is set aside and blocks nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from admission.facts import ONLY_CENTRAL, Fact
from central import feed
from central.capacity import visits, waiting
from central.store.schema import quarantine
from runtime.convert import Invalid, structure
from runtime.wire import decode, encode, fact_from_data

log = logging.getLogger("wicket.central")

MAX_UNREADABLE = 100
"""Unreadable payloads kept of one device; a device that only talks rubbish fills no disk."""
MAX_FACT = 4096
"""Bytes of one fact; a batch of the feed (publisher.BATCH of them) must fit into one message."""
MAX_REASON = 500


@dataclass(frozen=True)
class Bad:
    """Something set aside. `number` None: a whole payload, of which nothing was taken."""

    number: int | None
    reason: str
    payload: str


@dataclass(frozen=True)
class _Payload:
    facts: tuple[Any, ...]


def take(
    connection: Connection, device: str, payload: bytes, known: Collection[str], now: datetime
) -> int | None:
    """Take a payload of device/<device>/facts; the number to acknowledge, None for a stranger."""
    if device not in known:
        set_payload_aside(connection, device, "no such device in central.toml", payload, now)
        return None
    last = feed.last_taken(connection, device, lock=True)
    try:
        told = structure(decode(payload), _Payload).facts
        first = _first_number(told)
    except (Invalid, RecursionError) as error:
        set_payload_aside(connection, device, str(error), payload, now)
        return last
    good: list[Fact] = []
    bad: list[Bad] = []
    taken = last
    for number, data in _in_order(told, first, last):
        match _read(device, number, data):
            case Fact() as fact:
                good.append(fact)
            case Bad() as problem:
                bad.append(problem)
        taken = number
    if taken > last:
        touched = visits.touched(connection, good, now)
        feed.accept(connection, good, now)
        if freed := visits.count(connection, touched):
            waiting.serve(connection, freed, now)
        feed.take_up_to(connection, device, taken)
    _set_aside(connection, device, bad, now)
    return taken


def set_aside(connection: Connection) -> list[dict[str, Any]]:
    """Everything in quarantine, oldest first."""
    rows = connection.execute(select(quarantine).order_by(quarantine.c.id)).mappings()
    return [dict(row) for row in rows]


def _number(data: Any) -> int | None:
    number = data.get("number") if isinstance(data, dict) else None
    return number if type(number) is int and number >= 1 else None


def _first_number(told: Sequence[Any]) -> int:
    """The number of the first fact; told by any that can be read, for numbers have no holes."""
    for index, data in enumerate(told):
        number = _number(data)
        if number is not None and number > index:
            return number - index
    if told:
        raise Invalid([("facts", "not one of them has a number")])
    return 1


def _in_order(told: Sequence[Any], first: int, last: int) -> Iterator[tuple[int, Any]]:
    """What comes right after `last`, up to the first gap."""
    for assumed, data in enumerate(told, first):
        number = _number(data) or assumed
        if number > last + 1:
            return
        if number == last + 1:
            last = number
            yield number, data


def _read(device: str, number: int, data: Any) -> Fact | Bad:
    try:
        size = len(encode(data))
        fact = fact_from_data(data)
        problem = _problem(device, fact, size)
        fact = replace(fact, at=fact.at.astimezone(UTC))
    except (ValueError, OverflowError, RecursionError) as error:
        return Bad(number, str(error), _as_text(data))
    return Bad(number, problem, _as_text(data)) if problem else fact


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
    for name in ("persons", "admission"):
        value = getattr(fact.event, name, 1)
        if value is not None and value < 1:
            return f"{name}: {value} is not possible"
    return None


def _as_text(data: Any) -> str:
    try:
        return json.dumps(data)
    except (ValueError, RecursionError) as error:
        return f"cannot be shown: {error}"


def set_payload_aside(
    connection: Connection, device: str, reason: str, payload: bytes, now: datetime
) -> None:
    """Keep a whole payload of which nothing was taken: each once, and not too many."""
    text = payload.decode(errors="backslashreplace").replace("\0", "\\x00")
    same = (quarantine.c.device == device, quarantine.c.number.is_(None))
    kept = connection.scalar(select(func.count()).where(*same)) or 0
    before = connection.scalar(select(quarantine.c.id).where(*same, quarantine.c.payload == text))
    if before is None and kept < MAX_UNREADABLE:
        _set_aside(connection, device, [Bad(None, reason, text)], now)


def _set_aside(connection: Connection, device: str, bad: Sequence[Bad], now: datetime) -> None:
    for one in bad:
        reason = one.reason.encode(errors="backslashreplace").decode()[:MAX_REASON]
        log.warning(
            "set aside from %s, number %s: %s; see GET /v1/quarantine", device, one.number, reason
        )
        connection.execute(
            insert(quarantine).values(
                received_at=now,
                device=device,
                number=one.number,
                reason=reason,
                payload=one.payload,
            )
        )
