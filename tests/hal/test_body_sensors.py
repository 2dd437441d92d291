"""Edges of sensors become bodies, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admission.values import Direction
from hal.drivers.body_sensors import INNER, OUTER, BeamPair, Overstay
from hal.ports import Passage, Passing, Trouble, Troubled

Edge = tuple[str, bool]
Event = Passage | Passing

IN, OUT = Direction.IN, Direction.OUT
WAYS = {IN: (OUTER, INNER), OUT: (INNER, OUTER)}


def through(direction: Direction) -> list[Edge]:
    near, far = WAYS[direction]
    return [(near, True), (far, True), (near, False), (far, False)]


def close_behind(direction: Direction) -> list[Edge]:
    """Two bodies; the second breaks the near barrier before the first has left the far one."""
    near, far = WAYS[direction]
    first = [(near, True), (far, True), (near, False), (near, True), (far, False)]
    return [*first, (far, True), (near, False), (far, False)]


def fed(*edges: Edge, pair: BeamPair | None = None) -> list[Event]:
    pair = pair or BeamPair()
    return [event for edge in edges for event in pair.feed(*edge)]


def bodies(*edges: Edge) -> list[Direction | None]:
    return [event.direction for event in fed(*edges) if isinstance(event, Passage)]


both = pytest.mark.parametrize("direction", [IN, OUT])
edges = st.lists(st.tuples(st.sampled_from([OUTER, INNER]), st.booleans()), max_size=60)


@both
def test_a_body_that_walks_through_is_one_passage(direction: Direction) -> None:
    assert fed(*through(direction)) == [Passing(True), Passage(direction), Passing(False)]


@both
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_who_goes_back_the_way_they_came_is_no_passage(direction: Direction, steps: int) -> None:
    forth = through(direction)[:steps]
    back = [(beam, not level) for beam, level in reversed(forth)]
    assert fed(*forth, *back) == [Passing(True), Passing(False)]


@both
def test_who_goes_back_and_comes_again_is_one_passage(direction: Direction) -> None:
    near, far = WAYS[direction]
    hesitant = [(near, True), (far, True), (far, False), (far, True), (near, False), (far, False)]
    assert bodies(*hesitant) == [direction]
    assert bodies((near, True), (near, False), *through(direction)) == [direction]


@both
def test_two_close_behind_each_other_are_two_passages(direction: Direction) -> None:
    assert bodies(*close_behind(direction)) == [direction] * 2


@both
def test_the_first_of_two_is_told_when_the_second_has_left_the_near_barrier(
    direction: Direction,
) -> None:
    assert bodies(*close_behind(direction)[:-1]) == [direction]


@both
def test_three_close_behind_each_other_are_three_passages(direction: Direction) -> None:
    *two, _ = close_behind(direction)
    near, far = WAYS[direction]
    third = [(near, True), (far, False), (far, True), (near, False), (far, False)]
    assert bodies(*two, *third) == [direction] * 3


@both
def test_a_bag_that_swings_behind_a_body_is_no_second_body(direction: Direction) -> None:
    near, _ = WAYS[direction]
    *inside, out = through(direction)
    assert bodies(*inside, (near, True), (near, False), out) == [direction]


@both
def test_what_breaks_one_barrier_only_is_no_passage(direction: Direction) -> None:
    near, far = WAYS[direction]
    assert bodies((near, True), (near, False), (far, True), (far, False)) == []


@given(st.lists(st.sampled_from([IN, OUT]), max_size=6))
def test_bodies_one_after_the_other_are_all_counted(walks: list[Direction]) -> None:
    assert bodies(*(edge for walk in walks for edge in through(walk))) == walks


@given(st.sampled_from([IN, OUT]), st.lists(st.integers(0, 3), min_size=4, max_size=4))
def test_a_bouncing_barrier_counts_nobody_twice(direction: Direction, bounces: list[int]) -> None:
    bouncing: list[Edge] = []
    for (beam, level), times in zip(through(direction), bounces, strict=True):
        bouncing += [(beam, level), *[(beam, not level), (beam, level)] * times]
    assert bodies(*bouncing) == [direction]


@given(edges)
def test_any_edges_end_in_as_many_bodies_as_broke_both_barriers_at_most(edges: list[Edge]) -> None:
    breaks = dict.fromkeys((OUTER, INNER), 0)
    broken: set[str] = set()
    for beam, level in edges:
        breaks[beam] += level and beam not in broken
        (broken.add if level else broken.discard)(beam)
    assert len(bodies(*edges)) <= min(breaks.values())


@given(edges)
def test_any_edges_begin_and_end_by_turns_and_leave_no_trace(edges: list[Edge]) -> None:
    pair = BeamPair()
    events = fed(*edges, (OUTER, False), (INNER, False), pair=pair)
    passing = [event.began for event in events if isinstance(event, Passing)]
    assert passing == [True, False] * (len(passing) // 2)
    assert fed(*through(IN), pair=pair) == [Passing(True), Passage(IN), Passing(False)]


@given(edges)
def test_an_edge_that_was_told_already_means_nothing(edges: list[Edge]) -> None:
    assert fed(*(edge for edge in edges for _ in range(3))) == fed(*edges)


STUCK, FREE = Troubled(Trouble.SENSOR_STUCK, True), Troubled(Trouble.SENSOR_STUCK, False)


def test_a_sensor_that_stays_active_is_a_trouble_until_it_clears() -> None:
    overstay = Overstay(Trouble.SENSOR_STUCK, 10)
    assert overstay.due is None
    assert overstay.feed("a", True, 5) == []
    assert overstay.due == 15
    assert overstay.look(14.9) == []
    assert overstay.look(15) == [STUCK]
    assert overstay.due is None
    assert overstay.feed("a", False, 99) == [FREE]
    assert overstay.feed("a", False, 99) == []


def test_of_two_stuck_sensors_the_last_ends_the_trouble() -> None:
    overstay = Overstay(Trouble.SENSOR_STUCK, 10)
    assert overstay.feed("a", True, 0) + overstay.feed("b", True, 5) == []
    assert overstay.due == 10
    assert overstay.look(15) == [STUCK]
    assert overstay.feed("a", False, 16) == []
    assert overstay.feed("b", False, 17) == [FREE]


def test_a_sensor_told_active_again_is_not_active_anew() -> None:
    overstay = Overstay(Trouble.SENSOR_STUCK, 10)
    assert overstay.feed("a", True, 0) + overstay.feed("a", True, 9) == []
    assert overstay.look(10) == [STUCK]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans(), st.integers(0, 20)), max_size=30))
def test_troubles_begin_and_end_by_turns_and_never_before_their_time(
    steps: list[tuple[str, bool, int]],
) -> None:
    overstay, now, on = Overstay(Trouble.SENSOR_STUCK, 10), 0, False
    since: dict[str, int] = {}
    for sensor, active, later in steps:
        now += later
        if active:
            since.setdefault(sensor, now)
        else:
            since.pop(sensor, None)
        for event in overstay.feed(sensor, active, now):
            assert event.on is not on
            on = event.on
        assert on is any(now - began >= 10 for began in since.values())
