"""A venue whose gates tell central what they did, for what does not fit together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from support.central import NOW
from support.samples import BERLIN, PRODUCTS

from admission.facts import (
    Admitted,
    Conflicted,
    Event,
    Fact,
    ProductPublished,
    TicketIssued,
)
from admission.values import Ticket, Window
from central.store.database import make_engine, migrate
from central.sync import feed, ingest, quarantine
from runtime.wire import fact_from_data, fact_to_data

KNOWN = ("gate-1", "gate-2", "gate-3")
OPEN = Window(NOW - timedelta(days=30), NOW + timedelta(days=30))


def payload(*facts: Any) -> bytes:
    """Facts as values or as data."""
    data = [fact_to_data(fact) if isinstance(fact, Fact) else fact for fact in facts]
    return json.dumps({"facts": data}).encode()


class Store:
    """Central's store alone, in memory."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        feed.tell(connection, [ProductPublished(product) for product in PRODUCTS], NOW)

    def issue(self, ticket: Ticket, at: datetime = NOW) -> None:
        feed.tell(self.connection, [TicketIssued(ticket)], at)

    def take(self, *facts: Any, device: str = "gate-1", now: datetime = NOW) -> int | None:
        return ingest.take(self.connection, device, payload(*facts), KNOWN, now, zone=BERLIN)

    def clashes(self) -> list[Conflicted]:
        entries = feed.after(self.connection, 0, 100_000)
        events = [fact_from_data(entry.fact).event for entry in entries]
        return [event for event in events if isinstance(event, Conflicted)]

    def aside(self) -> list[dict[str, Any]]:
        return quarantine.listed(self.connection)


@contextmanager
def store() -> Iterator[Store]:
    engine = make_engine("sqlite://")
    migrate(engine)
    with engine.connect() as connection:
        yield Store(connection)
    engine.dispose()


def entry(ticket: int = 4711, persons: int = 1, lane: str = "North", **more: Any) -> Event:
    return Admitted(ticket, "museum", lane, persons, **more)
