"""Zones: who is inside, who may come in again, who gets out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import BERLIN, KEY, MUSEUM, NOON, issued, ticket

from admission.codes import sign_ticket
from admission.decide import decide
from admission.facts import (
    CENTRAL,
    Admitted,
    CountCorrected,
    Event,
    Fact,
    Forgiven,
    Passed,
    ProductPublished,
)
from admission.ledger import Ledger
from admission.reasons import Reason
from admission.request import AdmissionRequest, Answer, Denied, Granted
from admission.values import AntiPassback, Direction, Validation, Zone

HALL = "hall"
OFF, SOFT, HARD = AntiPassback.OFF, AntiPassback.SOFT, AntiPassback.HARD
VISITOR = ticket()
CODE = sign_ticket(KEY, VISITOR)
IN, OUT = Direction.IN, Direction.OUT


class Venue:
    """Everybody may come as often as anti-passback lets them; each event is a minute later."""

    def __init__(self, zone: Zone, *, reentry: bool = False) -> None:
        self.zone = zone
        self.now = NOON
        self._told = 0
        self.ledger = Ledger()
        kind = Validation.SINGLE if reentry else Validation.PERIOD
        line = replace(MUSEUM.entitlements[0], validation=kind, reentry=reentry)
        for fact in issued(VISITOR):
            self.ledger.fold(fact)
        product = ProductPublished(replace(MUSEUM, entitlements=(line,)))
        self.ledger.fold(Fact(CENTRAL, 99, NOON, product))

    def tell(self, event: Event) -> None:
        self._told += 1
        self.now += timedelta(minutes=1)
        self.ledger.fold(Fact("gate-1", self._told, self.now, event))

    def ask(self, way: Direction) -> Answer:
        here = frozenset({"museum"})
        request = AdmissionRequest(CODE, here, BERLIN, direction=way, zone=self.zone)
        return decide(self.ledger, request, self.now)

    def enter(self) -> Answer:
        answer = self.ask(IN)
        if isinstance(answer, Granted):
            self.tell(Admitted(VISITOR.id, "museum", "North", answer.persons, HALL))
        return answer

    def leave(self) -> Answer:
        answer = self.ask(OUT)
        if isinstance(answer, Granted):
            self.tell(Passed(VISITOR.id, None, "North", 1, OUT, "", HALL))
        return answer


def reason(answer: Answer) -> Reason | None:
    return answer.reason if isinstance(answer, Denied) else None


def test_hard_anti_passback_lets_nobody_in_twice_and_nobody_out_who_never_came() -> None:
    venue = Venue(Zone(HALL, anti_passback=HARD))
    assert reason(venue.leave()) is Reason.NOT_INSIDE
    assert isinstance(venue.enter(), Granted)
    assert reason(venue.enter()) is Reason.ALREADY_INSIDE
    assert isinstance(venue.leave(), Granted)
    assert isinstance(venue.enter(), Granted)


def test_soft_anti_passback_lets_in_with_a_remark() -> None:
    venue = Venue(Zone(HALL, anti_passback=SOFT))
    venue.enter()
    again = venue.enter()
    assert isinstance(again, Granted)
    assert again.remark is Reason.ALREADY_INSIDE


def test_what_anti_passback_forgets_lets_in_again_and_locks_nobody_in() -> None:
    venue = Venue(Zone(HALL, anti_passback=HARD, reset_after=timedelta(hours=1)))
    venue.enter()
    venue.now += timedelta(hours=2)
    assert isinstance(venue.ask(OUT), Granted)
    assert isinstance(venue.enter(), Granted)


def test_who_is_forgiven_may_enter_once_more_and_leave() -> None:
    venue = Venue(Zone(HALL, anti_passback=HARD))
    venue.enter()
    venue.tell(Forgiven(VISITOR.id, HALL, "staff", "left by the fire door"))
    assert isinstance(venue.ask(OUT), Granted)
    assert isinstance(venue.enter(), Granted)
    assert reason(venue.enter()) is Reason.ALREADY_INSIDE
    assert isinstance(venue.leave(), Granted)


@pytest.mark.parametrize("present", [9, 10])
def test_a_zone_is_full_at_its_capacity(present: int) -> None:
    venue = Venue(Zone(HALL, capacity=10))
    venue.tell(CountCorrected(HALL, present, "staff", "counted"))
    assert reason(venue.enter()) is (Reason.ZONE_FULL if present == 10 else None)


@pytest.mark.parametrize("anti_passback", [OFF, HARD])
@given(steps=st.lists(st.sampled_from([IN, OUT, None]), max_size=12))
def test_on_one_reentry_ticket_nobody_is_inside_twice(
    anti_passback: AntiPassback, steps: list[Direction | None]
) -> None:
    """Whatever is scanned, and whoever leaves without a scan that was asked for (None)."""
    venue = Venue(Zone(HALL, anti_passback=anti_passback), reentry=True)
    inside = 0
    for step in steps:
        if step is IN:
            inside += isinstance(venue.enter(), Granted)
        elif step is OUT:
            inside -= isinstance(venue.leave(), Granted) and inside > 0
        else:
            venue.tell(Passed(VISITOR.id, None, "North", 1, OUT, "", HALL))
            inside = max(0, inside - 1)
        assert inside <= 1
