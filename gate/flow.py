"""The life of one lane as a pure function: idle → authorised → passing → idle.

`step(state, happening, now)` gives the next state and what is to be done, in order. `now` is the
loop's time in seconds. At most one grant is under way; scans that come meanwhile are dropped.
"""

from __future__ import annotations

from dataclasses import replace

from admission.facts import Admitted, Opened, Passed, Refused
from admission.request import Denied, Granted
from admission.values import Direction, LaneMode
from gate import grants
from gate.grants import NOTICE_S, Step
from gate.happenings import (
    Alarm,
    Effect,
    Fire,
    Happening,
    Judged,
    Lock,
    LockSwitch,
    Note,
    NotRecorded,
    OpenOnce,
    Ordered,
    Plugged,
    ReaderPlugged,
    Ready,
    Record,
    Recorded,
    Say,
    TestNext,
    Tick,
    Unreadable,
)
from gate.lane_state import Grant, LaneRules, LaneState
from hal.ports import Passage, Passing, ReleaseAsked, Tone, Trouble, Troubled

LATE_S = 1.0
"""A body that comes this long after the barrier was locked had begun to walk before."""
TAIL_S = 1.5
"""A body this close behind the last one let in is tailgating; later, it forces the lane."""
TEST_S = 15.0
"""How long a test badge waits for the code to explain."""


def step(state: LaneState, rules: LaneRules, happening: Happening, now: float) -> Step:  # noqa: PLR0912 - one case for each kind
    """What becomes of the lane, and what is to be done about it."""
    match happening:
        case Judged():
            return _judged(state, rules, happening, now)
        case Recorded(id_, number):
            return _recorded(state, rules, id_, number, now)
        case NotRecorded(id_):
            return _not_recorded(state, rules, id_, now)
        case Unreadable():
            return grants.alarm(state, rules, Alarm.JOURNAL, now)
        case Passage(direction):
            return _passage(state, rules, direction, now)
        case Passing(began):
            return replace(state, passing=began), []
        case Troubled(trouble, on):
            if trouble is Trouble.SENSOR_STUCK:
                state = replace(state, stuck=on, passing=False)
            return grants.alarm(state, rules, Alarm(trouble.value), now, on=on)
        case OpenOnce(direction, by):
            return _open_once(state, rules, direction, by, now)
        case ReleaseAsked(direction):
            return _open_once(state, rules, direction, "request to exit", now)
        case TestNext():
            return replace(state, test_until=now + TEST_S), grants.say(rules, Tone.WAIT, "test")
        case Ordered(direction, mode):
            kept = tuple(pair for pair in state.modes if pair[0] is not direction)
            changed = replace(state, modes=(*kept, (direction, mode)))
            return _settle(changed, state, rules, now)
        case LockSwitch(on):
            return _settle(replace(state, locked=on), state, rules, now)
        case Fire(on):
            return _settle(replace(state, fire=on), state, rules, now)
        case Ready():
            return grants.rest(replace(state, ready=True), rules, move=False)
        case Plugged(there):
            return _plugged(replace(state, there=there), rules, now)
        case ReaderPlugged(direction, there):
            blind = state.blind - {direction} if there else state.blind | {direction}
            return grants.rest(replace(state, blind=blind), rules, move=False)
        case Tick():
            return _tick(state, rules, now)


def _judged(state: LaneState, rules: LaneRules, judged: Judged, now: float) -> Step:
    direction, answer = judged.direction, judged.answer
    language = answer.ticket.language if answer.ticket else ""
    if now < state.test_until:
        tone = Tone.WELCOME if isinstance(answer, Granted) else Tone.REFUSE
        said = Say(direction, tone, "tested", language, answer=answer)
        return replace(state, test_until=0.0, notice_until=now + NOTICE_S), [said]
    if isinstance(answer, Denied):
        ticket = answer.ticket.id if answer.ticket else None
        code = judged.code[:64]
        refused = Refused(ticket, rules.name, answer.reason.value, code, direction)
        said = Say(direction, Tone.REFUSE, "refused", language, answer=answer)
        return replace(state, notice_until=now + NOTICE_S), [said, Note(refused)]
    if state.mode(direction) is LaneMode.FREE:
        return state, []
    return _grant(state, rules, direction, answer, now)


def _grant(
    state: LaneState, rules: LaneRules, direction: Direction, granted: Granted, now: float
) -> Step:
    ticket = granted.ticket
    id_ = state.grants + 1
    line = granted.entitlement if direction is Direction.IN else None
    grant = Grant(
        id_,
        direction,
        now + rules.record_s,
        granted.persons,
        ticket=ticket.id,
        language=ticket.language,
        released=line is None,
        charged=line is not None,
    )
    state = replace(state, grants=id_, notice_until=None, tail=None, grant=grant)
    if line is None:
        return grants.release(state, rules, grant, now)
    entry = Admitted(
        ticket.id,
        line.attraction,
        rules.name,
        granted.persons,
        rules.zone,
        granted.again,
        granted.remark.value if granted.remark else "",
    )
    return state, [Record(id_, entry)]


def _recorded(state: LaneState, rules: LaneRules, id_: int, number: int, now: float) -> Step:
    grant = state.grant
    if grant is not None and grant.id == id_:
        grant = replace(grant, number=number)
        if not grant.released:
            return grants.release(state, rules, grant, now)
        told: list[Effect] = [grants.passed(rules, grant, 1) for _ in range(grant.passed)]
        return replace(state, grant=grant), told
    late = [one for one in state.unwritten if one.id == id_]
    state = replace(state, unwritten=tuple(o for o in state.unwritten if o.id != id_))
    notes: list[Effect] = []
    for one in late:
        notes += grants.account(rules, replace(one, number=number))
    return state, notes


def _not_recorded(state: LaneState, rules: LaneRules, id_: int, now: float) -> Step:
    state = replace(state, unwritten=tuple(o for o in state.unwritten if o.id != id_))
    grant = state.grant
    if grant is None or grant.id != id_ or grant.released:
        return state, []
    return _without_disk(replace(state, grant=replace(grant, charged=False)), rules, now)


def _without_disk(state: LaneState, rules: LaneRules, now: float) -> Step:
    """The disk is late or refuses: the venue has said what then."""
    grant = state.grant
    assert grant is not None
    state, alarm = grants.alarm(state, rules, Alarm.JOURNAL, now)
    if rules.open_unrecorded:
        state, opened = grants.release(state, rules, grant, now)
        return state, [*alarm, *opened]
    waiting = (*state.unwritten, grant) if grant.charged else state.unwritten
    return replace(state, grant=None, unwritten=waiting), alarm


def _passage(state: LaneState, rules: LaneRules, seen: Direction | None, now: float) -> Step:
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


def _tick(state: LaneState, rules: LaneRules, now: float) -> Step:
    effects: list[Effect] = []
    if state.notice_until is not None and now >= state.notice_until:
        state, said = grants.rest(replace(state, notice_until=None), rules, move=False)
        effects += said
    grant = state.grant
    if grant is None or now < grant.until:
        return state, effects
    if not grant.released:
        state, more = _without_disk(state, rules, now)
    elif state.passing:
        state, more = replace(state, grant=replace(grant, until=now + LATE_S)), []
    elif not grant.closing:
        closing = replace(grant, closing=True, until=now + LATE_S)
        state, more = replace(state, grant=closing), [Lock(grant.direction)]
    else:
        state, more = grants.end(state, rules)
        state, rest = grants.rest(state, rules)
        more = more + rest
    return state, effects + more


def _open_once(
    state: LaneState, rules: LaneRules, direction: Direction, by: str, now: float
) -> Step:
    busy = state.grant is not None or state.fire or not state.there
    if busy or direction not in rules.ways or state.mode(direction) is LaneMode.FREE:
        return state, []
    id_ = state.grants + 1
    state = replace(state, grants=id_, notice_until=None, tail=None)
    state, effects = grants.release(state, rules, Grant(id_, direction, now), now)
    return state, [*effects, Note(Opened(rules.name, direction, by))]


def _settle(state: LaneState, before: LaneState, rules: LaneRules, now: float) -> Step:
    """Modes, key switch or fire have changed: end what they forbid, take up what they want."""
    grant = state.grant
    changed = [way for way in Direction if state.mode(way) is not before.mode(way)]
    if not changed:
        return state, []
    if grant is not None and grant.direction in changed and grant.released and not state.fire:
        closing = replace(grant, closing=True, until=now + LATE_S)
        return replace(state, grant=closing), [Lock(grant.direction)]
    effects: list[Effect] = []
    if grant is not None and (state.fire or grant.direction in changed):
        state, effects = grants.end(state, rules)
    if before.fire and not state.fire:
        effects += [Lock(way) for way in rules.ways]
    if state.grant is None:
        state, rest = grants.rest(replace(state, notice_until=None), rules)
        effects = effects + rest
    return state, effects


def _plugged(state: LaneState, rules: LaneRules, now: float) -> Step:
    state, effects = grants.end(replace(state, passing=False, notice_until=None), rules)
    state, rest = grants.rest(state, rules)
    return state, effects + rest
