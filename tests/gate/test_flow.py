"""The flow of one lane, step by step, without devices."""

from __future__ import annotations

from dataclasses import replace

import pytest

from admission.facts import Alarmed
from admission.values import Direction, LaneMode
from gate.flow import step
from gate.happenings import Effect, Happening, Note, Plugged, ReaderPlugged, Ready, Unreadable
from gate.lane_state import LaneRules, LaneState
from hal.ports import Passage

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
