"""Admitting a ticket by hand, where no lane does it: by the rules of the gates, with what central
knows, and told to them, so that they refuse it afterwards."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, union
from sqlalchemy import select as choose

from admission.facts import CENTRAL, Admitted, Fact, Passed
from admission.request import Granted
from central.capacity import visits
from central.catalogue.venue import Venue
from central.office import why
from central.sale.states import By, Refused
from central.store.schema import zone_count, zone_told
from central.sync import feed

MAX_LANE = 64


@dataclass(frozen=True)
class ByHand:
    """Who was admitted, in words ("2 persons may enter"), as the facts beginning with `n`."""

    said: str
    persons: int
    ticket: int
    n: int


def admit(
    connection: Connection, venue: Venue, code: str, attraction: str, by: By
) -> ByHand | Refused:
    """Let in now whom the rules let in; the persons are counted as gone in."""
    if venue.attraction(attraction) is None:
        return Refused("unknown_attraction", f"there is no attraction {attraction!r}")
    lane, zone = f"by hand: {by.who}"[:MAX_LANE], _zone_of(connection, attraction)
    known = why.know(connection, code)
    held = visits.Touched()
    if known.ticket is not None:
        guess = Admitted(known.ticket.id, attraction, lane, 1, zone)
        held = visits.touched(connection, [Fact(CENTRAL, 1, by.at, guess)], by.at)
    n = feed.last_taken(connection, CENTRAL, lock=True) + 1
    known = why.know(connection, code)  # nobody tells anything more of it now
    # at no lane, so without re-scan grace: nobody stands before an arm that closed too soon
    trial = why.try_at(known, why.Where(frozenset({attraction})), by.at, venue.zone)
    answer = trial.answer
    if not isinstance(answer, Granted):
        return Refused("not_admitted", f"Not admitted: {trial.said}")
    id_, persons = answer.ticket.id, answer.persons
    admitted = Admitted(id_, attraction, lane, persons, zone)
    feed.tell(connection, [admitted, Passed(id_, n, lane, persons, zone=zone)], by.at)
    visits.count(connection, held)
    return ByHand(trial.said, persons, id_, n)


def _zone_of(connection: Connection, attraction: str) -> str:
    """The zone that is called as the attraction is, else the only one that anybody counts; "" if
    nobody knows: central is not told what a zone is of."""
    zones: Collection[str] = set(
        connection.scalars(union(choose(zone_count.c.zone), choose(zone_told.c.zone)))
    )
    if attraction in zones:
        return attraction
    return next(iter(zones)) if len(zones) == 1 else ""
