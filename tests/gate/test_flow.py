"""The flow of one lane, step by step, without devices."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.samples import MUSEUM, ticket

from admission.facts import Alarmed
from admission.reasons import Reason
from admission.request import Denied, Granted
from admission.values import Direction, LaneMode
from gate.flow import step
from gate.happenings import (
    Effect,
    ExplainNext,
    Happening,
    Judged,
    Note,
    OpenOnce,
    Plugged,
    ReaderPlugged,
    Ready,
    Recorded,
    Say,
    Tick,
    Unreadable,
)
from gate.lane_state import LaneRules, LaneState
from hal.ports import Passage, Trouble, Troubled

BOTH = LaneRules("North", ways=frozenset(Direction))
FREE, CONTROLLED = LaneMode.FREE, LaneMode.CONTROLLED


def at_work(way_in: LaneMode, way_out: LaneMode) -> LaneState:
    state = LaneState(((Direction.IN, way_in), (Direction.OUT, way_out)))
    for happening in (Plugged(True), *(ReaderPlugged(way, True) for way in Direction), Ready()):
        state, _ = step(state, BOTH, happening, 0.0)
    return state


def effects_of(state: LaneState, happening: Happening) -> list[Effect]:
    _, effects = step(state, BOTH, happening, 1.0)
    return effects


def alarms(effects: list[Effect]) -> list[str]:
    notes = [effect.event for effect in effects if isinstance(effect, Note)]
    return [event.alarm for event in notes if isinstance(event, Alarmed)]


@pytest.mark.parametrize(
    ("way_in", "way_out", "alarm"),
    [
        (FREE, FREE, []),
        (FREE, CONTROLLED, []),
        (CONTROLLED, FREE, []),
        (CONTROLLED, CONTROLLED, ["forced"]),
    ],
)
def test_a_body_forces_a_lane_only_where_no_way_is_free(
    way_in: LaneMode, way_out: LaneMode, alarm: list[str]
) -> None:
    assert alarms(effects_of(at_work(way_in, way_out), Passage(None))) == alarm


def test_nobody_walks_on_a_history_that_cannot_be_read() -> None:
    state = at_work(CONTROLLED, CONTROLLED)
    after, effects = step(state, BOTH, Unreadable(), 1.0)
    assert alarms(effects) == ["journal"]
    assert after == replace(state, notice_until=after.notice_until)


def run_through(
    state: LaneState, *steps: tuple[float, Happening]
) -> tuple[LaneState, list[Effect]]:
    """The state after all steps, each at its second, and all that was to be done."""
    effects: list[Effect] = []
    for now, happening in steps:
        state, more = step(state, BOTH, happening, now)
        effects += more
    return state, effects


def last_sign(effects: list[Effect], way: Direction = Direction.IN) -> str:
    return [effect for effect in effects if isinstance(effect, Say) and effect.direction is way][
        -1
    ].phrase


def test_a_sensor_that_is_free_again_puts_the_lane_in_order() -> None:
    _, effects = run_through(
        at_work(CONTROLLED, CONTROLLED),
        (1.0, Troubled(Trouble.SENSOR_STUCK, on=True)),
        (9.0, Tick()),
        (10.0, Troubled(Trouble.SENSOR_STUCK, on=False)),
    )
    assert last_sign(effects) == "idle"


def test_a_free_way_with_a_stuck_sensor_still_says_that_it_is_free() -> None:
    stuck = Troubled(Trouble.SENSOR_STUCK, on=True)
    _, effects = run_through(at_work(FREE, CONTROLLED), (1.0, stuck), (9.0, Tick()))
    assert last_sign(effects) == "free"
    assert last_sign(effects, Direction.OUT) == "out of order"


def test_who_is_let_in_is_welcomed_again_after_somebody_came_the_wrong_way() -> None:
    state, effects = run_through(
        at_work(CONTROLLED, CONTROLLED),
        (1.0, OpenOnce(Direction.IN, "staff")),
        (2.0, Passage(Direction.OUT)),
        (6.5, Tick()),
    )
    assert state.grant is not None
    assert last_sign(effects) == "welcome"


def test_while_an_entry_hangs_at_the_disk_the_sign_says_so_until_the_disk_answers() -> None:
    granted = Granted(ticket(), MUSEUM.entitlements[0], 1)
    state, effects = run_through(
        at_work(CONTROLLED, CONTROLLED),
        (1.0, Judged(Direction.IN, "code", granted)),
        (1.5, Tick()),
        (6.0, Tick()),
    )
    assert last_sign(effects) == "journal"
    assert last_sign(effects, Direction.OUT) == "idle"
    state, effects = run_through(state, (7.0, Recorded(1, 17)))
    assert last_sign(effects) == "idle"


def test_a_scanner_that_shows_the_same_code_all_day_is_written_down_once() -> None:
    used = Judged(Direction.IN, "code", Denied(Reason.ALREADY_USED, ticket()))
    other = Judged(Direction.IN, "other", Denied(Reason.UNKNOWN))
    state, effects = run_through(
        at_work(CONTROLLED, CONTROLLED), *((n / 100, used) for n in range(10_000))
    )
    assert len([effect for effect in effects if isinstance(effect, Note)]) == 1
    _, effects = run_through(state, (100.0, other), (103.0, other))
    assert len([effect for effect in effects if isinstance(effect, Note)]) == 2


def test_a_test_badge_explains_the_next_code_of_its_own_direction() -> None:
    denied = Denied(Reason.UNKNOWN)
    _, effects = run_through(
        at_work(CONTROLLED, CONTROLLED),
        (1.0, ExplainNext(Direction.IN)),
        (2.0, Judged(Direction.OUT, "code", denied)),
        (3.0, Judged(Direction.IN, "code", denied)),
    )
    said = [(e.direction, e.phrase) for e in effects if isinstance(e, Say) and e.answer]
    assert said == [(Direction.OUT, "refused"), (Direction.IN, "tested")]
