"""Gates that tell central their facts, and a venue whose tours are controlled by visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from support.central import CONFIG, NOW

from admission.codes import SigningKey
from admission.facts import Event, Fact
from admission.values import Control
from central.catalogue.venue import Sales, Venue, load_venue
from runtime.wire import encode, fact_to_data

HOLD = timedelta(minutes=4)
KEY = SigningKey(1, bytes(32), NOW)
CAPACITY = 12
PLAIN = load_venue(CONFIG / "venue.toml")
GUEST = 1_000_000
"""Tickets from here on are passes that central never sold."""


def controlled(control: Control) -> Venue:
    """One tour a day, sold until it ends; product 5 is for three persons."""
    tour = PLAIN.attraction("tour")
    assert tour
    schedule = replace(tour.schedules[0], rrule="FREQ=DAILY", first="2026-11-20T14:30")
    products = tuple(replace(p, persons=3 if p.id == 5 else 1) for p in tour.products)
    changed = replace(
        tour, control=control, products=products, schedules=(schedule,), sales=Sales(60, -45)
    )
    return replace(PLAIN, attractions=(changed,))


@dataclass
class Gate:
    """Tells facts of one device, in order."""

    device: str
    number: int = 0

    def fact(self, at: datetime, event: Event) -> Fact:
        self.number += 1
        return Fact(self.device, self.number, at, event)


def payload(facts: Sequence[Fact]) -> bytes:
    return encode({"facts": [fact_to_data(fact) for fact in facts]})
