"""`import-venue`: what another venue would change, and making it the one that counts.

Tickets stay as they were sold. So a product id keeps its meaning once it is sold, and so does the
currency.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, union

from admission.values import TimeSlot
from central.capacity import slots, waiting
from central.capacity.slots import Listed
from central.catalogue import venues
from central.catalogue.cut_off import wrong_homes
from central.catalogue.planning import plan
from central.catalogue.schedule import DAYS_AHEAD, describe, plan_slots
from central.catalogue.venue import Venue, read_venue
from central.catalogue.venue_diff import Change, ChangeKind, differences
from central.catalogue.venues import Revision
from central.foreign import shops
from central.sale.states import By, Refused, Status
from central.store.engine import one_at_a_time
from central.store.schema import money_entry, request_line, ticket_request, time_slot, voucher
from central.sync import feed
from runtime.settings import BadSettings

MOST_SLOTS = 100_000
MOST_CONFLICTS = 50
"""So many are told one by one."""


@dataclass(frozen=True)
class Comparison:
    """What importing would change of revision `base`, or why it is `refused`. `same`: the text is
    that of the revision, letter by letter."""

    base: int
    changes: tuple[Change, ...]
    refused: tuple[str, ...] = ()
    same: bool = False


@dataclass(frozen=True)
class Imported:
    """`changes` are those of the import that made the revision; none if it was there already."""

    revision: Revision
    changes: tuple[Change, ...]


def compare(
    connection: Connection, text: str, source: str, now: datetime, *, gates: Collection[str]
) -> Comparison:
    """Only looks. `gates` are those of central.toml. Raises BadSettings naming every mistake in
    the text."""
    new = read_venue(text, source)
    known, unread = _known(connection)
    old = known.venue if known else None
    sold = _sold(connection, now)
    each: Counter[int] = Counter()
    for product, _, _, count in sold:
        each[product] += count
    today = now.astimezone(new.zone).date()
    planned = list(islice(plan_slots(new, today), MOST_SLOTS + 1))
    changes = [*unread, *differences(old, new, each)]
    changes += _slot_changes(connection, planned, new.zone, now)
    refused = [*_reused(sold, new), *_taken_away(old, new, each)]
    refused += [*_currency(connection, new, now), *wrong_homes(new.products(), gates)]
    if len(planned) > MOST_SLOTS:
        refused.append(f"more than {MOST_SLOTS} time slots in {DAYS_AHEAD} days; let some be rarer")
    same = known is not None and known.text == text
    base = venues.newest_number(connection)
    return Comparison(base, tuple(changes), tuple(refused), same)


def apply(
    connection: Connection,
    text: str,
    source: str,
    by: By,
    *,
    gates: Collection[str],
    base: int | None = None,
) -> Imported | Refused:
    """Make it the venue from now on: products are told to the gates, time slots are made anew.

    With `base` only if that is still the newest revision. Raises BadSettings.
    """
    one_at_a_time(connection)
    if base not in (None, venues.newest_number(connection)):
        return Refused("venue_changed", "somebody imported another one meanwhile; look again")
    compared = compare(connection, text, source, by.at, gates=gates)
    if compared.refused:
        told = {"problems": list(compared.refused)}
        return Refused("venue_refused", "; ".join(compared.refused), told)
    if compared.same and (newest := venues.newest(connection)):
        return Imported(newest, ())
    done = venues.keep(connection, text, read_venue(text, source), by)
    feed.publish_products(connection, done.venue.products(), by.at)
    shops.publish(connection, done.venue.shops(), by.at)
    plan(connection, done.venue, by.at)
    waiting.serve(connection, None, by.at)
    return Imported(done, compared.changes)


def _known(connection: Connection) -> tuple[Revision | None, list[Change]]:
    try:
        return venues.newest(connection), []
    except BadSettings:
        text = "the venue in the database cannot be read by this version, so all is told as new"
        return None, [Change(ChangeKind.CHANGED, text)]


def _sold(connection: Connection, now: datetime) -> list[tuple[int, str, str, int]]:
    """(product, attraction, kind, how many) of what is sold or reserved."""
    line = request_line.c
    rows = connection.execute(
        select(line.product, line.attraction, line.kind, func.sum(line.quantity))
        .join(ticket_request, ticket_request.c.id == line.request)
        .where(_stands(now))
        .group_by(line.product, line.attraction, line.kind)
        .order_by(line.product, line.attraction, line.kind)
    )
    return [(product, attraction, kind, count) for product, attraction, kind, count in rows]


def _stands(now: datetime) -> ColumnElement[bool]:
    status = ticket_request.c.status
    held = and_(
        status.in_([Status.RESERVED.value, Status.WAITING.value]),
        ticket_request.c.expires_at > now,
    )
    return or_(status == Status.CONFIRMED.value, held)


def _reused(sold: list[tuple[int, str, str, int]], new: Venue) -> Iterator[str]:
    for product, attraction, kind, count in sold:
        found = new.offer(product)
        if found and (found[0].id, found[1].kind.value) != (attraction, kind):
            yield (
                f"product {product}: {count} were sold as a {kind} of {attraction!r};"
                f" give this {found[1].kind.value} of {found[0].id!r} an id of its own"
            )


def _taken_away(old: Venue | None, new: Venue, sold: Counter[int]) -> Iterator[str]:
    """Sold tickets open what they opened."""
    opened = {p.id: {e.attraction for e in p.entitlements} for p in old.products()} if old else {}
    for product in new.products():
        lost = opened.get(product.id, set()) - {e.attraction for e in product.entitlements}
        if lost and sold[product.id]:
            yield (
                f"product {product.id}: {sold[product.id]} were sold that open"
                f" {', '.join(sorted(lost))}; give what does not an id of its own"
            )


def _currency(connection: Connection, new: Venue, now: datetime) -> Iterator[str]:
    """Vouchers and ledger are in the currency of the first sale."""
    used = union(
        select(ticket_request.c.currency).where(_stands(now)),
        select(money_entry.c.currency),
        select(voucher.c.currency),
    )
    for currency in sorted(set(connection.scalars(used)) - {new.currency}):
        yield (
            f"currency: there are sales in {currency}; a venue that takes {new.currency} needs"
            " a database of its own"
        )


def _slot_changes(
    connection: Connection, slots_then: Sequence[TimeSlot], zone: ZoneInfo, now: datetime
) -> Iterator[Change]:
    planned = {slot.id: slot for slot in slots_then if slot.start > now}
    rows = slots.listed(connection, now, time_slot.c.start > now, count_all=True)
    known = {one.slot.id: one for one in rows if one.planned}
    by_hand = set(
        connection.scalars(select(time_slot.c.id).where(time_slot.c.own_capacity.is_not(None)))
    )
    new = Counter(slot.attraction for id_, slot in planned.items() if id_ not in known)
    gone = Counter(one.slot.attraction for id_, one in known.items() if id_ not in planned)
    for attraction in sorted({*new, *gone}):
        text = f"time slots of {attraction!r}: {new[attraction]} new, {gone[attraction]} gone"
        kind = ChangeKind.CHANGED if new[attraction] else ChangeKind.GONE
        yield Change(ChangeKind.ADDED if not gone[attraction] else kind, text)
    conflicts = []
    for id_, one in known.items():
        kept = planned.get(id_)
        if kept and id_ in by_hand:
            kept = replace(kept, capacity=one.slot.capacity)
        called = f"{one.slot.attraction}, {describe(one.slot, zone)}"
        conflicts += [f"{called}: {what}" for what in _conflicts(one, kept)]
    for text in conflicts[:MOST_CONFLICTS]:
        yield Change(ChangeKind.CONFLICT, text)
    if len(conflicts) > MOST_CONFLICTS:
        more = len(conflicts) - MOST_CONFLICTS
        yield Change(ChangeKind.CONFLICT, f"and {more} more time slots like these")


def _conflicts(one: Listed, kept: TimeSlot | None) -> Iterator[str]:
    taken = one.occupancy.taken
    if not taken:
        return
    if kept is None:
        yield f"closed, with {taken} places sold, reserved or leased"
        return
    if (one.slot.start, one.slot.end, one.slot.arrival) != (kept.start, kept.end, kept.arrival):
        yield f"other hours than {taken} places were sold or reserved for"
    if kept.capacity is not None and kept.capacity < taken:
        yield f"{kept.capacity} places, of which {taken} are sold, reserved or leased"
