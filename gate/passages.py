"""What a body in the turnstile means: somebody who was let in, a free way's visitor, an alarm."""

from __future__ import annotations

from dataclasses import replace

from admission.facts import Passed
from admission.values import Direction, LaneMode
from gate import grants
from gate.grants import Step
from gate.happenings import Alarm, Effect, Note
from gate.lane_state import Grant, LaneRules, LaneState

TAIL_S = 1.5
"""A body this close behind the last one let in is tailgating; later, it forces the lane."""


def passage(state: LaneState, rules: LaneRules, seen: Direction | None, now: float) -> Step:
    """A body went through; `seen`: which way, if the sensor can tell."""
    grant = state.grant if state.grant and state.grant.released else None
    direction = seen or _likely(state, grant, now)
    if grant is not None and direction is grant.direction and grant.passed < grant.persons:
        return _walked(state, rules, grant, now)
    notes: list[Effect] = []
    if direction is not None:
        body = Passed(None, None, rules.name, 1, direction, *grants.zones(rules, direction))
        notes.append(Note(body))
        if state.mode(direction) in (LaneMode.FREE, LaneMode.EMERGENCY):
            return state, notes
    elif any(state.mode(way) in (LaneMode.FREE, LaneMode.EMERGENCY) for way in Direction):
        return state, notes
    state, alarm = grants.alarm(state, rules, _what_it_is(state, grant, direction, now), now)
    return state, notes + alarm


def _likely(state: LaneState, grant: Grant | None, now: float) -> Direction | None:
    """Which way it went, if the sensor cannot tell: the way that is open, if it is one."""
    if grant is not None:
        return grant.direction
    free = [way for way in Direction if state.mode(way) is LaneMode.FREE]
    if len(free) == 1:
        return free[0]
    if free or state.fire or not state.tail or now >= state.tail[1]:
        return None
    return state.tail[0]


def _what_it_is(
    state: LaneState, grant: Grant | None, direction: Direction | None, now: float
) -> Alarm:
    if grant is not None and direction is not grant.direction:
        return Alarm.WRONG_WAY
    if state.tail and state.tail[0] is direction and now < state.tail[1]:
        return Alarm.TAILGATING
    return Alarm.FORCED


def _walked(state: LaneState, rules: LaneRules, grant: Grant, now: float) -> Step:
    """One body of the grant is through."""
    grant = replace(grant, passed=grant.passed + 1)
    told = grant.number is not None or not grant.charged
    notes: list[Effect] = [grants.passed(rules, grant, 1)] if told else []
    if grant.passed < grant.persons and not grant.closing:
        state, effects = grants.release(state, rules, grant, now)
        return state, notes + effects
    if grant.passed < grant.persons:
        return replace(state, grant=grant), notes
    waiting = state.unwritten if told else (*state.unwritten, grant)
    done = replace(state, grant=None, unwritten=waiting, tail=(grant.direction, now + TAIL_S))
    done, rest = grants.rest(done, rules)
    return done, notes + rest
