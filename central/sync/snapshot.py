"""What one gate may admit, as of a number of the feed: the contents of a snapshot.

Tickets go into the image (runtime/image.py); products, keys and what happened to tickets beside it,
as facts. All of it is a look at the feed and takes no lock: sales go on.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Text, and_, cast, exists, func, or_, select

from admission.codes import SigningKey
from admission.facts import ProductPublished, TicketIssued
from admission.foreign import NO_PRODUCT
from admission.values import Ticket
from central.store import schema
from central.sync import epochs, feed
from central.watch import head_counts
from runtime.image import Scope, Told
from runtime.image_draft import NONE, Draft
from runtime.wire import fact_from_data

log = logging.getLogger("wicket.central")

USES = (*feed.HISTORY, "tag_bound", "offline_sold")
UNKNOWN_FOR = timedelta(days=400)
"""How long the uses of a ticket matter of which central knows no window, such as one of a foreign
shop: a pass of a year, and some time."""
ROWS = 512
BREATH_S = 0.0005
"""After so many rows a busy thread lets the others work."""
BEHIND_ID = '"product": '
"""What comes after the ticket's id in the text of a fact."""
MOST_SORTS = 50_000


def make(
    connection: Connection, scope: Scope, site: str, key: SigningKey, now: datetime
) -> tuple[Told, Iterator[bytes]]:
    """What the snapshot says of itself, and its bytes."""
    baseline = head_counts.baseline(connection)
    told = Told(
        site,
        epochs.current(connection),
        baseline.as_of,
        now,
        scope,
        baseline.counts,
        baseline.taken,
        tuple(baseline.missing),
    )
    draft = Draft(lambda: time.sleep(BREATH_S))
    catalogue = _catalogue(connection, told.as_of)
    for body in catalogue:
        draft.tell(body)
    tickets = _Tickets(draft, _wanted_products(catalogue, scope), now, scope.days)
    for page in _issued(connection, told.as_of):
        tickets.take(page)
    draft.sort()
    for body in _uses(connection, draft, told.as_of, now):
        draft.tell(body)
    return told, draft.finish(told, key.id, key.sign)


def _catalogue(connection: Connection, as_of: int) -> list[Mapping[str, Any]]:
    """The newest fact of each product, key and shop."""
    table = schema.feed
    newest = (
        select(func.max(table.c.n))
        .where(table.c.kind.in_(feed.CATALOGUE), table.c.n <= as_of)
        .group_by(table.c.kind, table.c.subject)
    )
    bodies = select(table.c.body).where(table.c.n.in_(newest)).order_by(table.c.n)
    return list(connection.scalars(bodies))


def _wanted_products(catalogue: list[Mapping[str, Any]], scope: Scope) -> frozenset[int]:
    events = (fact_from_data(body).event for body in catalogue)
    products = [event.product for event in events if isinstance(event, ProductPublished)]
    opened = frozenset(scope.attractions)
    return frozenset(p.id for p in products if not opened or any(p.opening(opened)))


def _issued(connection: Connection, as_of: int) -> Iterator[Sequence[tuple[int, str]]]:
    """Pages of (ticket, fact as text), in the order of the feed: it lies on the disk like that. By
    the index of kinds, from which `|| ''` keeps the planner, rows would come from all over it."""
    table = schema.feed
    statement = (
        select(table.c.subject, cast(table.c.body, Text))
        .where(table.c.kind.concat("") == "ticket_issued", table.c.n <= as_of)
        .order_by(table.c.n)
        .execution_options(yield_per=ROWS)
    )
    for page in connection.execute(statement).partitions(ROWS):
        yield page
        time.sleep(BREATH_S)


class _Tickets:
    """Puts tickets into the draft, each as its last fact says. Most are alike but for their ids:
    what stands behind the id is read once."""

    def __init__(self, draft: Draft, products: frozenset[int], now: datetime, days: int) -> None:
        self._draft = draft
        self._products = products
        self._now, self._until = now, now + timedelta(days=days)
        self._sorts: dict[str, int] = {}

    def take(self, rows: Sequence[tuple[int, str]]) -> None:
        for id_, text in rows:
            alike = text.partition(BEHIND_ID)[2] or text
            sort = self._sorts.get(alike)
            self._draft.add(id_, self._sort(text, alike) if sort is None else sort)

    def _sort(self, text: str, alike: str) -> int:
        event = fact_from_data(json.loads(text)).event
        assert isinstance(event, TicketIssued)
        if len(self._sorts) >= MOST_SORTS:
            self._sorts.clear()
        self._sorts[alike] = sort = self._number(event.issued)
        return sort

    def _number(self, ticket: Ticket) -> int:
        window = ticket.window
        if ticket.product not in self._products and ticket.product != NO_PRODUCT:
            return NONE
        if window.end <= self._now or window.start >= self._until:
            return NONE
        try:
            return self._draft.sort_of(ticket)
        except ValueError as error:
            log.warning("not in the snapshot, gates hear of it by the feed only: %s", error)
            return NONE


def _uses(
    connection: Connection, draft: Draft, as_of: int, now: datetime
) -> Iterator[Mapping[str, Any]]:
    """What happened to tickets of the draft, and to those that central never issued."""
    table, ticket, issued = schema.feed, schema.ticket, schema.feed.alias()
    known = exists().where(issued.c.kind == "ticket_issued", issued.c.subject == table.c.subject)
    lately = table.c.received_at > now - UNKNOWN_FOR
    statement = (
        select(table.c.subject, table.c.body, and_(ticket.c.id.is_(None), ~known, lately))
        .outerjoin(ticket, ticket.c.id == table.c.subject)
        .where(table.c.kind.in_(USES), table.c.n <= as_of)
        .where(or_(ticket.c.id.is_(None), ticket.c.valid_until > now))
        .order_by(table.c.n)
        .execution_options(yield_per=ROWS)
    )
    for page in connection.execute(statement).partitions(ROWS):
        for subject, body, unknown in page:
            walked_in = body["kind"] == "passed" and body.get("direction") != "out"
            if subject is not None and not walked_in and (unknown or subject in draft):
                yield body
        time.sleep(BREATH_S)
