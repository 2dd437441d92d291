"""What the facts of each ticket tell of time slots (visits.py), and the rows that keep it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from admission.facts import Fact
from admission.presence import history_of
from admission.values import Control, Exit, TicketState, Use
from central.store import schema
from runtime.wire import fact_from_data

USES = ("admitted", "lapsed", "passed", "forgiven")
SUMS = ("admitted", "guests", "came", "present")
MOST = 255
"""Persons of a ticket that central does not know."""
MAX_ZONE = 64
AT_ONCE = 200


@dataclass(frozen=True)
class Slot:
    id: str
    attraction: str
    control: Control
    arrival_start: datetime
    arrival_end: datetime
    end: datetime


@dataclass
class Tally:
    """One ticket in one slot. `came` is the most of its persons that were inside at once: nobody
    knows who of a group goes in again."""

    admitted: int = 0
    came: int = 0
    present: int = 0
    zone: str = ""


@dataclass(frozen=True)
class _Place:
    """What a ticket has in a slot."""

    slot: str
    places: int
    channel: str


@dataclass
class _Known:
    """A ticket; `places`: attraction → the one it has there."""

    persons: int = MOST
    places: dict[str, _Place] = field(default_factory=dict)


@dataclass
class _Party:
    """Persons who came in together, as far as they are inside."""

    slot: str
    zone: str
    persons: int


def tally(
    facts: Iterable[Fact], slot_of: Callable[[str, datetime], str | None]
) -> dict[str, Tally]:
    """Slot → what the facts of one ticket tell of it. Who leaves a zone came into it first."""
    history = history_of(facts)
    came = [(use.at, 0, use) for use in history.uses if use.entered and not use.again]
    left = [(exit_.at, 1, exit_) for exit_ in history.exits if exit_.zone]
    left += [(at, 1, Exit(zone, at, MOST)) for zone, at in history.forgiven if zone]
    tallies: dict[str, Tally] = defaultdict(Tally)
    inside: list[_Party] = []
    moved: list[tuple[datetime, int, Use | Exit]] = [*came, *left]
    for _, _, move in sorted(moved, key=lambda one: one[:2]):
        if isinstance(move, Exit):
            _leave(inside, move)
        elif slot := slot_of(move.attraction, move.at):
            inside.append(_Party(slot, move.zone, move.entered))
            one = tallies[slot]
            one.admitted, one.zone = one.admitted + move.entered, move.zone
            one.came = max(one.came, _inside(inside, slot))
    for slot, one in tallies.items():
        one.present = _inside(inside, slot)
    return dict(tallies)


def _leave(inside: Sequence[_Party], gone: Exit) -> None:
    persons = gone.persons
    for party in inside:
        if party.zone == gone.zone:
            went = min(persons, party.persons)
            party.persons, persons = party.persons - went, persons - went


def _inside(inside: Iterable[_Party], slot: str) -> int:
    return sum(party.persons for party in inside if party.slot == slot)


def recount(connection: Connection, live: Sequence[Slot], tickets: Collection[int]) -> set[str]:
    """Bring the rows of these tickets in these slots up to date, and the sums with them."""
    changed: set[str] = set()
    ids = sorted(tickets) if live else []
    for start in range(0, len(ids), AT_ONCE):
        changed |= _recount_some(connection, live, ids[start : start + AT_ONCE])
    return changed


def _recount_some(connection: Connection, live: Sequence[Slot], tickets: list[int]) -> set[str]:
    table, slots = schema.visit, [slot.id for slot in live]
    ours = (table.c.ticket.in_(tickets), table.c.slot.in_(slots))
    known = _known(connection, slots, tickets)
    new: dict[tuple[str, int], dict[str, Any]] = {}
    for ticket, facts in _facts(connection, live, tickets).items():
        told = known.get(ticket, _Known())
        for slot, one in tally(facts, partial(_slot_of, live, told)).items():
            new[slot, ticket] = _row(slot, ticket, one, told)
    rows = connection.execute(select(table).where(*ours)).mappings()
    old = {(row["slot"], row["ticket"]): dict(row) for row in rows}
    more: dict[str, Counter[str]] = defaultdict(Counter)
    for key in (old.keys() | new.keys()) - {key for key in old if old[key] == new.get(key)}:
        for name in SUMS:
            more[key[0]][name] += new.get(key, _NONE)[name] - old.get(key, _NONE)[name]
    if more:
        connection.execute(delete(table).where(*ours))
        if new:
            connection.execute(insert(table), list(new.values()))
    for slot, counts in sorted(more.items()):
        _add(connection, slot, counts)
    return set(more)


def _row(slot: str, ticket: int, told: Tally, known: _Known) -> dict[str, Any]:
    place = next((one for one in known.places.values() if one.slot == slot), None)
    admitted = min(told.admitted, place.places if place else known.persons)
    return {
        "slot": slot,
        "ticket": ticket,
        "channel": place.channel if place else "",
        "zone": told.zone[:MAX_ZONE],
        "admitted": admitted,
        "guests": 0 if place else admitted,
        "came": min(told.came, place.places) if place else 0,
        "present": min(told.present, MOST),
    }


_NONE = dict.fromkeys(SUMS, 0)


def _add(connection: Connection, slot: str, counts: Mapping[str, int]) -> None:
    table = schema.time_slot
    more = {name: table.c[name] + change for name, change in counts.items() if change}
    if more:
        connection.execute(update(table).where(table.c.id == slot).values(more))


def _slot_of(live: Sequence[Slot], known: _Known, attraction: str, at: datetime) -> str | None:
    if place := known.places.get(attraction):
        return place.slot
    here = [slot for slot in live if slot.attraction == attraction and slot.arrival_start <= at]
    on = [slot for slot in here if at < slot.arrival_end] or [s for s in here if at < s.end]
    return max(on, key=lambda slot: slot.arrival_start).id if on else None


def _facts(
    connection: Connection, live: Sequence[Slot], tickets: list[int]
) -> dict[int, list[Fact]]:
    feed, since = schema.feed, min(slot.arrival_start for slot in live)
    rows = connection.execute(
        select(feed.c.subject, feed.c.body)
        .where(feed.c.kind.in_(USES), feed.c.subject.in_(tickets))
        .where(feed.c.at >= since)
    )
    facts: dict[int, list[Fact]] = defaultdict(list)
    for ticket, body in rows:
        facts[ticket].append(fact_from_data(body))
    return facts


def _known(connection: Connection, slots: list[str], tickets: list[int]) -> dict[int, _Known]:
    """What central knows of the tickets: their persons, and their places in these slots."""
    known: dict[int, _Known] = defaultdict(_Known)
    ticket, line, lines = schema.ticket, schema.request_line, schema.line_slot
    in_line = (lines.c.request == ticket.c.request) & (lines.c.line == ticket.c.line)
    rows = connection.execute(
        select(
            ticket.c.id,
            ticket.c.persons,
            ticket.c.state,
            line.c.entitled,
            line.c.persons.label("each"),
            schema.time_slot.c.attraction,
            lines.c.slot,
            schema.ticket_request.c.channel,
        )
        .join(line, (line.c.request == ticket.c.request) & (line.c.number == ticket.c.line))
        .join(schema.ticket_request, schema.ticket_request.c.id == ticket.c.request)
        .outerjoin(lines, in_line & lines.c.slot.in_(slots))
        .outerjoin(schema.time_slot, schema.time_slot.c.id == lines.c.slot)
        .where(ticket.c.id.in_(tickets))
    )
    for row in rows:
        known[row.id].persons = row.persons
        if row.slot and row.state != TicketState.CANCELLED.value:
            each = {one["slot"]: one["persons"] for one in row.entitled}.get(row.slot, row.each)
            known[row.id].places[row.attraction] = _Place(row.slot, each, row.channel)
    use, lease = schema.lease_use, schema.lease
    rows = connection.execute(
        select(use.c.ticket, use.c.places, lease.c.slot, lease.c.channel, schema.time_slot)
        .join(lease, lease.c.id == use.c.lease)
        .join(schema.time_slot, schema.time_slot.c.id == lease.c.slot)
        .where(use.c.ticket.in_(tickets), lease.c.slot.in_(slots))
    )
    for row in rows:
        known[row.ticket].places[row.attraction] = _Place(row.slot, row.places, row.channel)
    return known
