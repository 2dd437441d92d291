"""The moves that the flow of a lane is made of: grants opened and accounted for, rest, alarms."""

from __future__ import annotations

from dataclasses import replace

from admission.facts import Alarmed, Lapsed, Passed
from admission.values import Direction, LaneMode
from gate.happenings import Alarm, Effect, Evacuate, Lock, Note, Open, Release, Say
from gate.lane_state import Grant, LaneRules, LaneState, hangs
from hal.ports import Tone

NOTICE_S = 4.0
"""How long a refusal or an alarm is shown."""

Step = tuple[LaneState, list[Effect]]


def release(state: LaneState, rules: LaneRules, grant: Grant, now: float) -> Step:
    """Open for the next body of the grant."""
    open_ = replace(grant, released=True, until=now + rules.pass_within_s)
    return replace(state, grant=open_), [Release(grant.direction), welcome(grant)]


def welcome(grant: Grant) -> Say:
    """To those of the grant who may still walk."""
    left = grant.persons - grant.passed
    word = "goodbye" if grant.direction is Direction.OUT else "welcome"
    return Say(grant.direction, Tone.WELCOME, word, grant.language, left)


def account(rules: LaneRules, grant: Grant) -> list[Effect]:
    """What an entry that was written late has come to."""
    return [*(passed(rules, grant, 1) for _ in range(grant.passed)), *_lapsed(rules, grant)]


def passed(rules: LaneRules, grant: Grant, persons: int) -> Note:
    where = zones(rules, grant.direction)
    return Note(Passed(grant.ticket, grant.number, rules.name, persons, grant.direction, *where))


def zones(rules: LaneRules, direction: Direction) -> tuple[str, str]:
    """Where a body is now, and where it was."""
    inwards = (rules.zone, rules.behind)
    return inwards if direction is Direction.IN else inwards[::-1]


def _lapsed(rules: LaneRules, grant: Grant) -> list[Effect]:
    left = grant.persons - grant.passed
    if grant.ticket is None or grant.number is None or left == 0:
        return []
    return [Note(Lapsed(grant.ticket, grant.number, rules.name, left))]


def end(state: LaneState, rules: LaneRules) -> Step:
    """The grant is over; who did not walk keeps the entry."""
    grant = state.grant
    if grant is None:
        return state, []
    if grant.charged and grant.number is None:
        return replace(state, grant=None, unwritten=(*state.unwritten, grant)), []
    return replace(state, grant=None), _lapsed(rules, grant)


def alarm(state: LaneState, rules: LaneRules, alarm: Alarm, now: float, *, on: bool = True) -> Step:
    effects: list[Effect] = [Note(Alarmed(rules.name, alarm.value, on))]
    if not on or state.fire:
        return state, effects
    effects += say(rules, Tone.ALARM, alarm.value)
    return replace(state, notice_until=now + NOTICE_S), effects


def rest(state: LaneState, rules: LaneRules, *, move: bool = True) -> Step:
    """Nobody is served: the barrier stands as the modes say, and the displays say so too."""
    effects: list[Effect] = []
    if state.fire:
        if move and state.there:
            effects.append(Evacuate())
        return state, effects + say(rules, Tone.EMERGENCY, "emergency")
    if state.grant is not None or state.notice_until is not None:
        return state, []
    for way in sorted(rules.ways, key=lambda way: way.value):
        free = state.mode(way) is LaneMode.FREE
        if move and state.there:
            effects.append(Open(way) if free else Lock(way))
        effects.append(Say(way, *_sign(state, rules, way)))
    return state, effects


def _sign(state: LaneState, rules: LaneRules, way: Direction) -> tuple[Tone, str]:
    if not state.there:
        return Tone.CLOSED, "out of order"
    if state.mode(way) is LaneMode.FREE:
        return Tone.FREE, "free"
    if state.stuck:
        return Tone.CLOSED, "out of order"
    match state.mode(way):
        case LaneMode.CLOSED:
            return Tone.CLOSED, "closed"
    if not state.ready and way is Direction.IN:
        return Tone.WAIT, "not ready"
    if hangs(state, rules, way):
        return Tone.WAIT, "journal"
    if way in state.blind:
        return Tone.CLOSED, "reader out of order"
    return Tone.IDLE, "idle"


def say(rules: LaneRules, tone: Tone, phrase: str) -> list[Effect]:
    return [Say(way, tone, phrase) for way in rules.ways]
