"""Who came in a time slot, and who is present, for the slots whose `control` counts that.

The facts of gates tell it. A ticket that they are about is counted anew from all of its facts, in
the transaction that takes them, so they may come late and in any order; the sums of a slot are kept
beside it. An admission counts in the slot in which the ticket has its place, else (a pass, say) in
the one whose arrival is on. Who goes out without a ticket, or is corrected by staff, is counted for
a zone, if it is that of a single attraction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_, select, update

from admission.facts import Admitted, Fact
from admission.presence import is_history, moves
from admission.values import Control
from central.capacity import visit_rows as rows
from central.capacity.visit_rows import Slot
from central.store import schema
from runtime.wire import fact_from_data

COUNTED = tuple(control.value for control in Control if control.counts_visits)
LONGEST = timedelta(days=8)
"""A slot that is longer is not counted to its end."""
LATE = timedelta(days=1)
"""So long after its end a slot is still counted."""
LEAVING = timedelta(minutes=30)
"""Who goes out without a ticket was in no slot that ended longer ago than this."""
MOST_UNSCANNED = 1_000_000


@dataclass(frozen=True)
class Touched:
    """What facts are about, as far as it counts; its slots are held."""

    live: Sequence[Slot] = ()
    tickets: frozenset[int] = frozenset()
    others: Sequence[Fact] = ()


def touched(connection: Connection, facts: Sequence[Fact], now: datetime) -> Touched:
    """Hold the slots in which the facts count; before the feed takes them, for who sells tells the
    feed last, too."""
    tickets = {fact.ticket for fact in facts if fact.ticket is not None and is_history(fact.event)}
    others = [fact for fact in facts if fact.ticket is None and list(moves(fact.event))]
    if not (tickets or others) or not (live := _live(connection, now)):
        return Touched()
    counted = {slot.attraction for slot in live}
    came = {
        event.ticket
        for event in (fact.event for fact in facts)
        if isinstance(event, Admitted) and event.attraction in counted
    }
    known = select(schema.visit.c.ticket).where(schema.visit.c.ticket.in_(tickets))
    return Touched(live, frozenset(came.union(connection.scalars(known))), others)


def count(connection: Connection, what: Touched) -> set[str]:
    """The slots whose sums changed by the facts, now that the feed has them."""
    changed = rows.recount(connection, what.live, what.tickets) if what.tickets else set()
    return changed | _others(connection, what.live, what.others)


def recount(connection: Connection, tickets: Collection[int], now: datetime) -> set[str]:
    """Count these tickets anew, for they have, or lost, their places."""
    table = schema.visit
    known = connection.scalars(select(table.c.ticket).where(table.c.ticket.in_(tickets)).distinct())
    if not (came := frozenset(known)):
        return set()
    return rows.recount(connection, _live(connection, now), came)


def rebuild(connection: Connection, now: datetime) -> None:
    """Count everything anew from the feed: a slot that is going on is to be counted from now on."""
    live = _live(connection, now)
    ids = [slot.id for slot in live]
    connection.execute(delete(schema.visit).where(schema.visit.c.slot.in_(ids)))
    nothing = dict.fromkeys((*rows.SUMS, "unscanned"), 0)
    connection.execute(
        update(schema.time_slot).where(schema.time_slot.c.id.in_(ids)).values(nothing)
    )
    if not live:
        return
    feed, since = schema.feed, min(slot.arrival_start for slot in live)
    came = select(feed.c.subject).where(feed.c.kind == "admitted", feed.c.at >= since).distinct()
    rows.recount(connection, live, frozenset(connection.scalars(came)))
    bodies = connection.scalars(
        select(feed.c.body)
        .where(feed.c.kind.in_(("passed", "count_corrected")), feed.c.subject.is_(None))
        .where(feed.c.at >= since)
        .order_by(feed.c.n)
    )
    _others(connection, live, [fact_from_data(body) for body in bodies])


def begun(connection: Connection, now: datetime) -> set[str]:
    """The slots that are counted now."""
    return {slot.id for slot in _live(connection, now)}


def _live(connection: Connection, now: datetime) -> list[Slot]:
    """The slots that are counted: their arrival has begun, and they did not end long ago. Until the
    transaction ends nobody else books them."""
    slot = schema.time_slot.c
    found = connection.execute(
        select(
            slot.id, slot.attraction, slot.control, slot.arrival_start, slot.arrival_end, slot.end
        )
        .where(slot.control.in_(COUNTED), slot.day >= (now - LONGEST).date())
        .where(slot.arrival_start <= now)
        .where(or_(slot.end > now - LATE, slot.arrival_end > now - LATE))
        .order_by(slot.id)
        .with_for_update()
    )
    return [Slot(row[0], row[1], Control(row[2]), *row[3:]) for row in found]


def _others(connection: Connection, live: Sequence[Slot], facts: Sequence[Fact]) -> set[str]:
    """Count who moved without a ticket, each fact once."""
    more: Counter[str] = Counter()
    for fact in facts:
        for zone, change in moves(fact.event):
            if slot := _left_by(connection, live, zone, fact.at):
                more[slot] += max(-MOST_UNSCANNED, min(change, MOST_UNSCANNED))
    table = schema.time_slot
    for slot, change in sorted(more.items()):
        this = table.c.id == slot
        before = connection.scalar(select(table.c.unscanned).where(this)) or 0
        after = max(-MOST_UNSCANNED, min(before + change, MOST_UNSCANNED))
        connection.execute(update(table).where(this).values(unscanned=after))
    return set(more)


def _left_by(connection: Connection, live: Sequence[Slot], zone: str, at: datetime) -> str | None:
    """The slot of the one attraction that is in the zone, the earliest in which anybody came."""
    on = {
        slot.id: slot
        for slot in live
        if slot.arrival_start <= at < max(slot.end, slot.arrival_end) + LEAVING
    }
    table = schema.visit
    seen = select(table.c.slot).where(
        table.c.slot.in_(sorted(on)), table.c.zone == zone[: rows.MAX_ZONE]
    )
    came = [on[id_] for id_ in connection.scalars(seen.distinct())]
    if len({slot.attraction for slot in came}) != 1:
        return None
    return min(came, key=lambda slot: (slot.end, slot.id)).id
