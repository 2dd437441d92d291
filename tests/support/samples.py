"""Values that many tests begin with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from admission.codes import SigningKey
from admission.facts import CENTRAL, Event, Fact, KeyPublished, ProductPublished, TicketIssued
from admission.values import Entitlement, Product, Ticket, Validation, Window

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)
"""12:00 in Berlin."""

KEY = SigningKey(1, bytes(range(32)), NOON - timedelta(days=30))
MUSEUM = Product(1, "Museum adult", (Entitlement("museum"),))
DAY_PASS = Product(2, "Day pass", (Entitlement("museum", Validation.SAME_DAY),))
THREE_TIMES = Product(3, "Three visits", (Entitlement("museum", Validation.MULTIPLE, 3),))
TOUR = Product(4, "Tour adult", (Entitlement("tour"),))
PRODUCTS = (MUSEUM, DAY_PASS, THREE_TIMES, TOUR)
TODAY = Window(NOON - timedelta(hours=3), NOON + timedelta(hours=6))


def ticket(id_: int = 4711, product: Product = MUSEUM, persons: int = 1) -> Ticket:
    return Ticket(id_, product.id, TODAY, persons)


def central_facts(*events: Event) -> list[Fact]:
    """Central's facts from number 1 on: the key, the products, then `events`."""
    first = (KeyPublished(KEY.issuer), *(ProductPublished(p) for p in PRODUCTS))
    return [Fact(CENTRAL, n, NOON, event) for n, event in enumerate((*first, *events), start=1)]


def issued(*tickets: Ticket) -> list[Fact]:
    return central_facts(*(TicketIssued(t) for t in tickets))
