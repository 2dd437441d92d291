"""The life of one lane as a pure function: idle → authorised → passing → idle.

`step(state, happening, now)` gives the next state and what is to be done, in order. `now` is the
loop's time in seconds. At most one grant is under way; scans that come meanwhile are dropped.
"""

from __future__ import annotations

from dataclasses import replace

from admission.facts import Admitted, Opened, Refused
from admission.foreign import hint, is_foreign
from admission.request import Denied, Granted
from admission.values import Direction, LaneMode
from gate import grants, passages
from gate.grants import NOTICE_S, Step
from gate.happenings import (
    Alarm,
    Effect,
    ExplainNext,
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
    Tick,
    Unreadable,
)
from gate.lane_state import Grant, LaneRules, LaneState
from hal.ports import Passage, Passing, ReleaseAsked, Tone, Trouble, Troubled

SAME_S = 2.0
"""The same refusal again within this time is no new one."""
LATE_S = 1.0
"""A body that comes this long after the barrier was locked had begun to walk before."""
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
            return passages.passage(state, rules, direction, now)
        case Passing(began):
            return replace(state, passing=began), []
        case Troubled(trouble, on):
            return _troubled(state, rules, trouble, now, on=on)
        case OpenOnce(direction, by):
            return _open_once(state, rules, direction, by, now)
        case ReleaseAsked(direction):
            return _open_once(state, rules, direction, "request to exit", now)
        case ExplainNext(direction):
            said = Say(direction, Tone.WAIT, "test")
            return replace(state, test=(direction, now + TEST_S)), [said]
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
    if state.test and state.test[0] is direction and now < state.test[1]:
        tone = Tone.WELCOME if isinstance(answer, Granted) else Tone.REFUSE
        said = Say(direction, tone, "tested", language, answer=answer)
        return replace(state, test=None, notice_until=now + NOTICE_S), [said]
    if isinstance(answer, Denied):
        return _refuse(state, rules, judged, answer, now)
    if state.mode(direction) is LaneMode.FREE:
        return state, []
    return _grant(state, rules, direction, answer, now)


def _refuse(state: LaneState, rules: LaneRules, judged: Judged, denied: Denied, now: float) -> Step:
    """A scanner that shows the same code all day is answered, and written down once."""
    direction, ticket = judged.direction, denied.ticket
    refused = Refused(
        ticket.id if ticket else None,
        rules.name,
        denied.reason.value,
        hint(judged.code) if is_foreign(ticket) else judged.code[:64],
        direction,
    )
    before = state.refused
    state = replace(state, notice_until=now + NOTICE_S, refused=(refused, now + SAME_S))
    if before is not None and before[0] == refused and now < before[1]:
        return state, []
    language = ticket.language if ticket else ""
    said = Say(direction, Tone.REFUSE, "refused", language, answer=denied)
    return state, [said, Note(refused)]


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
    state, notes = _answered(state, rules, id_)
    for one in late:
        notes += grants.account(rules, replace(one, number=number))
    return state, notes


def _answered(state: LaneState, rules: LaneRules, id_: int) -> Step:
    """The disk has answered for a grant that is over."""
    left = tuple(one for one in state.unwritten if one.id != id_)
    if left == state.unwritten:
        return state, []
    return grants.rest(replace(state, unwritten=left), rules, move=False)


def _not_recorded(state: LaneState, rules: LaneRules, id_: int, now: float) -> Step:
    grant = state.grant
    if grant is None or grant.id != id_ or grant.released:
        return _answered(state, rules, id_)
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


def _troubled(
    state: LaneState, rules: LaneRules, trouble: Trouble, now: float, *, on: bool
) -> Step:
    if trouble is Trouble.SENSOR_STUCK:
        state = replace(state, stuck=on, passing=False)
    state, told = grants.alarm(state, rules, Alarm(trouble.value), now, on=on)
    if on:
        return state, told
    state, said = grants.rest(state, rules, move=False)
    return state, told + said


def _tick(state: LaneState, rules: LaneRules, now: float) -> Step:
    effects: list[Effect] = []
    if state.notice_until is not None and now >= state.notice_until:
        state, said = grants.rest(replace(state, notice_until=None), rules, move=False)
        effects += said
        if state.grant and state.grant.released and not state.grant.closing:
            effects.append(grants.welcome(state.grant))
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
