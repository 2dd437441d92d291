"""Entries beyond what a ticket allows, and clocks that cannot be right."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import BERLIN, DAY_PASS, MUSEUM, NOON, THREE_TIMES, ticket

from admission.clashes import ANCIENT, CLOCK_OFF, IN_FLIGHT, Clock, beyond, told_by_then
from admission.facts import Admitted, Event, Fact, Lapsed, Passed
from admission.values import Direction, Entitlement, Product, TicketState, Validation

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
REENTRY = Product(9, "Re-entry", (Entitlement("museum", reentry=True),))
PERIOD = Product(8, "Annual", (Entitlement("museum", Validation.PERIOD),))


def enters(device: str, number: int, after: timedelta, persons: int = 1, **more: bool) -> Fact:
    event = Admitted(4711, "museum", device, persons, zone="hall", **more)
    return Fact(device, number, NOON + after, event)


def told(device: str, number: int, after: timedelta, event: Event) -> Fact:
    return Fact(device, number, NOON + after, event)


def found(facts: list[Fact], product: Product = MUSEUM, persons: int = 1) -> list[str]:
    return [
        f.device
        for f, _ in beyond(facts, ticket(product=product, persons=persons), product, BERLIN)
    ]


A, B, C = (enters(name, 1, n * MINUTE) for n, name in enumerate("abc"))


@pytest.mark.parametrize(
    ("facts", "product", "persons", "too_far"),
    [
        ([A], MUSEUM, 1, []),
        ([A, B, C], MUSEUM, 1, ["b", "c"]),
        ([C, B, A], MUSEUM, 1, ["b", "c"]),
        ([A, B, C], MUSEUM, 2, ["c"]),
        ([enters("a", 1, SECOND, 3), enters("b", 1, MINUTE, 3)], MUSEUM, 5, ["b"]),
        ([enters("a", 1, SECOND, 2)], MUSEUM, 1, ["a"]),
        ([A, enters("a", 2, SECOND, again=True)], MUSEUM, 1, []),
        ([A, B, told("a", 2, HOUR, Lapsed(4711, 1, "a", 1))], MUSEUM, 1, []),
        ([A, B, C, told("b", 2, HOUR, Lapsed(4711, 1, "b", 1))], MUSEUM, 1, ["c"]),
        ([A, B, C], THREE_TIMES, 1, []),
        ([A, B, C, enters("d", 1, HOUR)], THREE_TIMES, 1, ["d"]),
        ([A, B, enters("d", 1, 24 * HOUR)], DAY_PASS, 1, ["d"]),
        ([A, B, enters("d", 1, 24 * HOUR)], PERIOD, 1, []),
        ([A, told("a", 2, SECOND, Passed(4711, None, "a", 1, Direction.OUT, "", "hall")), B],
         REENTRY, 1, []),
        ([A, B, told("a", 2, HOUR, Passed(4711, None, "a", 1, Direction.OUT, "", "hall"))],
         REENTRY, 1, ["b"]),
        ([told("a", 1, SECOND, Admitted(4711, "tour", "a", 1)), A], MUSEUM, 1, []),
    ],
)  # fmt: skip
def test_an_entry_for_which_nothing_was_left_is_beyond(
    facts: list[Fact], product: Product, persons: int, too_far: list[str]
) -> None:
    assert found(facts, product, persons) == too_far


def test_with_an_entry_that_is_beyond_come_those_before_it() -> None:
    [(b, before_b), (c, before_c)] = beyond([C, A, B], ticket(), MUSEUM, BERLIN)
    assert (b, before_b, c, before_c) == (B, [A], C, [A, B])


@given(
    st.lists(
        st.builds(
            enters, st.sampled_from("abc"), st.integers(1, 9), st.just(HOUR), st.integers(1, 4)
        ),
        unique_by=lambda fact: (fact.device, fact.number),
        max_size=6,
    ).flatmap(lambda facts: st.tuples(st.just(facts), st.permutations(facts)))
)
def test_what_is_beyond_does_not_depend_on_the_order_and_stays_so(
    both: tuple[list[Fact], list[Fact]],
) -> None:
    facts, shuffled = both
    assert found(facts, persons=4) == found(shuffled, persons=4)
    every = {f for f, _ in beyond(facts, ticket(persons=4), MUSEUM, BERLIN)}
    for count in range(len(shuffled)):
        some = {f for f, _ in beyond(shuffled[:count], ticket(persons=4), MUSEUM, BERLIN)}
        assert some <= every


def test_what_central_had_just_said_a_gate_need_not_have_heard() -> None:
    states = [(NOON, TicketState.VALID, 1), (NOON + HOUR, TicketState.CANCELLED, 2)]
    assert told_by_then(states, NOON) is None
    assert told_by_then(states, NOON + HOUR + IN_FLIGHT / 2) == states[0]
    assert told_by_then(states, NOON + HOUR + IN_FLIGHT) == states[1]


@pytest.mark.parametrize(
    ("at", "wrong"),
    [
        (NOON, ""),
        (NOON - 30 * timedelta(days=1), ""),
        (NOON + CLOCK_OFF, ""),
        (NOON + HOUR, "1:00:00 ahead"),
        (datetime.fromtimestamp(0, NOON.tzinfo), "ago"),
        (NOON - ANCIENT - SECOND, "ago"),
    ],
)
def test_a_time_that_cannot_be_is_wrong(at: datetime, wrong: str) -> None:
    _, said = Clock().told(at, NOON)
    assert said.endswith(wrong) if wrong else said == ""


def test_a_clock_that_is_wrong_is_wrong_once_until_it_is_right_again() -> None:
    times = [0, 5, -1, 2, 60, 61, 62, 6, 7, -300, -299, 8, 9]
    said = []
    clock = Clock()
    for minutes in times:
        clock, wrong = clock.told(NOON + minutes * MINUTE, NOON + 7 * MINUTE)
        said += [(minutes, wrong)] if wrong else []
    assert said == [
        (-1, "went back by 0:06:00"),
        (60, "0:53:00 ahead"),
        (-300, "went back by 5:07:00"),
    ]


def test_a_clock_that_went_forward_and_was_set_right_is_one_thing() -> None:
    clock, said = Clock().told(NOON + HOUR, NOON)
    assert said
    clock, said = clock.told(NOON + SECOND, NOON + SECOND)
    assert (clock, said) == (Clock(NOON + SECOND), "")
