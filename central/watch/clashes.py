"""Clashes: what devices told that does not fit together. Each is found in the transaction that
takes the fact which goes too far, and told once, as a fact of central's own, whatever is sent again
or in another order. Devices decide alone when they must; here people learn what came of it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, insert, select

from admission.clashes import Clock, beyond, told_by_then
from admission.facts import (
    CENTRAL,
    Admitted,
    Clash,
    Conflicted,
    Fact,
    OfflineSold,
    ProductPublished,
    Side,
    TicketIssued,
)
from admission.foreign import EVER, FOREIGN_IDS, NO_PRODUCT, common
from admission.values import Product, Ticket, TicketState
from central.foreign import shops
from central.store.rows import keyed, setting
from central.store.schema import clash, sequence
from central.store.schema import feed as facts_table
from central.sync import feed
from central.watch.clash_words import words
from runtime.wire import fact_from_data

log = logging.getLogger("wicket.central")

Identity = tuple[str, int]
"""A fact's device and number."""

_ROW = facts_table.c
_THOSE = _ROW.subject.in_(bindparam("ids", expanding=True))
_ISSUED = (
    select(_ROW.subject, _ROW.n, _ROW.at, _ROW.body)
    .where(_ROW.kind.in_(("ticket_issued", "offline_sold")), _THOSE)
    .order_by(_ROW.n)
)
_SEVERAL = (
    select(_ROW.subject)
    .where(_ROW.kind == "admitted", _THOSE)
    .group_by(_ROW.subject)
    .having(func.count() > 1)
)
_PRODUCTS = select(_ROW.body).where(_ROW.kind == "product_published", _THOSE).order_by(_ROW.n)
_USES = select(_ROW.subject, _ROW.received_at, _ROW.body).where(_ROW.kind.in_(feed.HISTORY), _THOSE)
_THIS = (clash.c.kind, clash.c.device, clash.c.number)
_KNOWN = select(clash.c.n).where(*keyed(*_THIS))
_CLOCK = select(sequence.c.newest_at, sequence.c.clock_wrong_since).where(*keyed(sequence.c.device))
_SET_CLOCK = setting(sequence, "newest_at", "clock_wrong_since", by="device")


@dataclass
class _Issued:
    """What central told of one ticket: its newest body, and (when, state, number in the feed)."""

    body: Mapping[str, Any] = field(default_factory=dict)
    states: list[tuple[datetime, TicketState, int]] = field(default_factory=list)

    @property
    def ticket(self) -> Ticket:
        event = fact_from_data(self.body).event
        assert isinstance(event, TicketIssued | OfflineSold)
        return event.issued


def find(connection: Connection, facts: Sequence[Fact], now: datetime, zone: ZoneInfo) -> None:
    """Report what does not fit about facts that the feed has just taken. Days begin in `zone`."""
    entries = [f for f in facts if isinstance(f.event, Admitted) and not f.event.again]
    admitted = {f.ticket for f in entries if f.ticket is not None}
    known = admitted | {f.ticket for f in facts if isinstance(f.event, OfflineSold) and f.ticket}
    if not known:
        return
    issued = _issued(connection, known)
    several = set(connection.scalars(_SEVERAL, {"ids": sorted(known)}))
    groups = {f.ticket for f in entries if getattr(f.event, "persons", 1) > 1}
    doubtful = sorted(id_ for id_ in known if id_ in several or id_ in groups)
    twice = _twice(connection, _tickets(issued, doubtful), zone)
    report(connection, [*_not_valid(entries, issued, now), *twice], now, zone)


def check_clocks(
    connection: Connection, facts: Sequence[Fact], now: datetime, zone: ZoneInfo
) -> None:
    """Report devices whose time cannot be, by facts that came just now, each device's in its order.
    A clock that is wrong is reported once, until it is right again."""
    report(connection, list(_clocks(connection, facts, now)), now, zone)


def report(
    connection: Connection, found: Sequence[Conflicted], now: datetime, zone: ZoneInfo
) -> None:
    """Tell those that were not told before, to the feed and to the log. It takes the feed's lock:
    nothing else may be locked after it."""
    for told in found:
        goes_too_far = told.sides[0]
        row = {
            "kind": told.clash.value,
            "device": goes_too_far.device,
            "number": goes_too_far.number,
        }
        if connection.scalar(_KNOWN, {f"of_{name}": value for name, value in row.items()}) is None:
            n = feed.tell(connection, [told], now)
            connection.execute(insert(clash), {**row, "n": n, "ticket": told.ticket})
            log.warning("%s; see GET /v1/clashes", words(told, zone))


def report_cloned(
    connection: Connection, known: Fact, received_at: datetime, now: datetime, zone: ZoneInfo
) -> None:
    """The device told `known` before, and another fact under its number now. Of each device that is
    reported once, until it is settled."""
    same = (clash.c.kind == Clash.CLONED.value, clash.c.device == known.device)
    unsettled = select(clash.c.n).where(*same, clash.c.settled_at.is_(None)).limit(1)
    if connection.scalar(unsettled) is None:
        told = Conflicted(Clash.CLONED, known.ticket, (side_of(known, received_at),))
        report(connection, [told], now, zone)


def still_beyond(connection: Connection, tickets: Collection[int], zone: ZoneInfo) -> set[Identity]:
    """The admissions that are more than these tickets allow, by all that is known now."""
    found = _twice(connection, _tickets(_issued(connection, tickets), sorted(tickets)), zone)
    return {(told.sides[0].device, told.sides[0].number) for told in found}


def side_of(fact: Fact, received_at: datetime) -> Side:
    lane, cut_off = getattr(fact.event, "lane", ""), getattr(fact.event, "cut_off", False)
    return Side(fact.device, fact.number, fact.at, received_at, lane, cut_off)


def _clocks(connection: Connection, facts: Sequence[Fact], now: datetime) -> Iterator[Conflicted]:
    """By each device's own facts, in its order."""
    told: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        told[fact.device].append(fact)
    for device in sorted(told):
        row = connection.execute(_CLOCK, {"of_device": device}).first()
        before = after = Clock(*row) if row else Clock()
        for fact in told[device]:
            after, wrong = after.told(fact.at, now)
            if wrong:
                yield Conflicted(Clash.CLOCK, fact.ticket, (side_of(fact, now),), wrong)
        if after != before:
            values = {"newest_at": after.newest, "clock_wrong_since": after.wrong_since}
            connection.execute(_SET_CLOCK, {"of_device": device, **values})


def _not_valid(
    entries: Sequence[Fact], issued: Mapping[int, _Issued], now: datetime
) -> Iterator[Conflicted]:
    for fact in entries:
        known = issued.get(fact.ticket or 0)
        by_then = told_by_then(known.states if known else [], fact.at)
        if by_then is not None and by_then[1] is not TicketState.VALID:
            at, state, n = by_then
            sides = (side_of(fact, now), Side(CENTRAL, n, at, at))
            yield Conflicted(Clash.NOT_VALID, fact.ticket, sides, state.value)


def _twice(
    connection: Connection, tickets: Sequence[Ticket], zone: ZoneInfo
) -> Iterator[Conflicted]:
    products = _products(connection, {ticket.product for ticket in tickets})
    judged = [ticket for ticket in tickets if ticket.product in products]
    uses, received = defaultdict(list), {}
    for subject, received_at, body in connection.execute(_USES, {"ids": [t.id for t in judged]}):
        fact = fact_from_data(body)
        uses[subject].append(fact)
        received[fact.device, fact.number] = received_at
    for ticket in judged:
        for fact, before in beyond(uses[ticket.id], ticket, products[ticket.product], zone):
            sides = (side_of(f, received[f.device, f.number]) for f in (fact, *before))
            yield Conflicted(Clash.TWICE, ticket.id, tuple(sides))


def _tickets(issued: Mapping[int, _Issued], ids: Sequence[int]) -> list[Ticket]:
    """Those that central knows, and those of shops of others, of which nobody told it."""
    return [
        issued[id_].ticket if id_ in issued else Ticket(id_, NO_PRODUCT, EVER)
        for id_ in ids
        if id_ in issued or id_ >= FOREIGN_IDS
    ]


def _issued(connection: Connection, tickets: Collection[int]) -> dict[int, _Issued]:
    found: dict[int, _Issued] = defaultdict(_Issued)
    for id_, n, at, body in connection.execute(_ISSUED, {"ids": sorted(tickets)}):
        one = found[id_]
        if body["kind"] == "ticket_issued":
            one.states.append((at, TicketState(body["issued"].get("state", "valid")), n))
            one.body = body
        elif not one.states:  # what central says of it counts more
            one.body = body
    return dict(found)


def _products(connection: Connection, ids: Collection[int]) -> dict[int, Product]:
    """As they are now."""
    found = {}
    for body in connection.scalars(_PRODUCTS, {"ids": sorted(ids)}):
        event = fact_from_data(body).event
        assert isinstance(event, ProductPublished)
        found[event.product.id] = event.product
    if NO_PRODUCT in ids:
        sold = _products(connection, shops.products_sold(connection))
        found[NO_PRODUCT] = common(sold.values())
    return found
