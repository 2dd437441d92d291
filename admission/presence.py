"""Who is where: head counts of zones, and what one ticket's facts say about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from admission.facts import Admitted, CountCorrected, Event, Fact, Forgiven, Lapsed, Passed
from admission.values import Direction, Exit, History, Use

MOST_AT_ONCE = 10_000
"""Persons of one admission or passage; whoever tells of more is broken."""
MOST_PERSONS = 10_000_000
LONGEST_ZONE = 64
"""Characters of a zone's name. A longer one moves nobody, and more persons move so many: here and
everywhere else, so that all count the same."""


def moves(event: Event) -> Iterator[tuple[str, int]]:
    """How the event changes the head counts: (zone, persons more or less)."""
    told: tuple[tuple[str, int], ...]
    match event:
        case Passed():
            told = ((event.zone, event.persons), (event.behind, -event.persons))
        case CountCorrected():
            told = ((event.zone, event.change),)
        case _:
            return
    for zone, persons in told:
        if zone and len(zone) <= LONGEST_ZONE:
            yield zone, max(-MOST_PERSONS, min(MOST_PERSONS, persons))


def is_history(event: Event) -> bool:
    """Whether `history_of` looks at it: refusals and the like are no history of a ticket, so a
    scanner that shows the same one all day does not make it longer."""
    match event:
        case Admitted() | Lapsed() | Forgiven() | Passed(direction=Direction.OUT):
            return True
    return False


def history_of(facts: Iterable[Fact]) -> History:
    """What the facts of one ticket tell, in whatever order they came."""
    admitted: list[Fact] = []
    returned: dict[tuple[str, int], int] = defaultdict(int)
    exits: list[Exit] = []
    forgiven = []
    for fact in facts:
        match fact.event:
            case Admitted():
                admitted.append(fact)
            case Lapsed(admission=number, persons=persons):
                returned[fact.device, number] += persons
            case Passed(direction=Direction.OUT, behind=zone, persons=persons):
                exits.append(Exit(zone, fact.at, persons))
            case Forgiven(zone=zone):
                forgiven.append((zone, fact.at))
    uses = (_use(fact, returned[fact.device, fact.number]) for fact in admitted)
    return History(tuple(uses), tuple(exits), tuple(forgiven))


def _use(fact: Fact, returned: int) -> Use:
    event = fact.event
    assert isinstance(event, Admitted)
    return Use(
        event.attraction,
        fact.at,
        fact.device,
        event.lane,
        event.persons,
        returned,
        event.zone,
        event.again,
    )
