"""What the technician's page shows of a gate, as plain data."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from admission.codes import human_code
from admission.facts import (
    Alarmed,
    CountCorrected,
    Evacuated,
    Event,
    Fact,
    Forgiven,
    Lapsed,
    ModeChanged,
    Opened,
)
from admission.request import Check, Granted
from admission.telling import paper_code, sentence, verdict
from admission.values import Direction
from gate.clock import APART_S, Reading, Source
from gate.lane import Lane
from gate.lane_state import LaneState
from gate.question import Trial
from gate.service import Gate
from gate.surroundings import Attempt
from gate.trust import Doubts, Trust
from hal.composed import Composed

SHOWN_WHOLE = 16
"""Characters; of a longer code only both ends are shown."""


def state_of(gate: Gate) -> dict[str, Any]:
    """All that changes by itself, as it stands."""
    trust, zone = gate.trust, gate.settings.zone_info
    reading, heard = trust.reading(), trust.heard_at
    fault = gate.journal.fault
    return {
        "time": f"{reading.time.astimezone(zone):%Y-%m-%d %H:%M}",
        "clock": _clock(trust, reading),
        "clock_trusted": reading.trusted and not trust.disagrees,
        "in_touch": _in_touch(trust.doubt()),
        "cut_off": trust.doubt().cut_off,
        "heard": f"{heard.astimezone(zone):%Y-%m-%d %H:%M:%S}" if heard else "",
        "ready": gate.ledger.ready.is_set(),
        "waiting": gate.outbox.waiting,
        "disk": str(fault) if fault else "",
        "fire": bool(gate.emergency and gate.emergency.on),
        "zones": _zones(gate),
        "lanes": [_lane(lane) for lane in gate.lanes],
    }


_SOURCES = {
    Source.NTP: "kept right by a time daemon",
    Source.CENTRAL: "as central says",
    Source.BATTERY: "by its battery clock; no time daemon, and central has not said yet",
    Source.NONE: "not known: set the time, or connect central",
}


def _clock(trust: Trust, reading: Reading) -> str:
    """Whence the time is, and how wrong the computer's own clock seems to be."""
    said, offset = _SOURCES[reading.source], trust.offset_s
    if trust.disagrees:
        said += "; central's differs: does a time server keep that one right?"
    if offset is None or abs(offset) < APART_S:
        return said
    side = "ahead of" if offset > 0 else "behind"
    return f"{said}; this computer's is {timedelta(seconds=round(abs(offset)))} {side} central's"


def _in_touch(doubts: Doubts) -> str:
    """Who hears this gate."""
    if doubts.cut_off:
        return "no: cut off"
    others = sorted(doubts.in_touch or ())
    return ", ".join(others)


def plan_of(gate: Gate) -> dict[str, Any]:
    """What stays as it is while the daemon runs."""
    return {
        "device": gate.settings.device,
        "site": gate.settings.site,
        "zones": [zone.name for zone in gate.settings.zones],
        "lanes": [
            {
                "name": lane.settings.name,
                "attractions": list(lane.settings.attractions),
                "zone": lane.settings.zone,
                "behind": lane.settings.behind,
                "ways": [way.value for way in Direction if way in lane.rules.ways],
                "readers": {way.value: len(lane.devices.readers.get(way, ())) for way in Direction},
                "outputs": list(parts.outputs) if (parts := _parts(lane)) else [],
            }
            for lane in gate.lanes
        ],
    }


def _parts(lane: Lane) -> Composed | None:
    turnstile = lane.devices.turnstile
    return turnstile if isinstance(turnstile, Composed) else None


def _zones(gate: Gate) -> list[dict[str, Any]]:
    counted = gate.ledger.counted()
    at_fire = {one.zone: one.persons for one in gate.emergency.present} if gate.emergency else {}
    return [
        {
            "name": zone.name,
            "persons": counted.get(zone.name, 0),
            "capacity": zone.capacity,
            "anti_passback": zone.anti_passback.value,
            "at_fire": at_fire.get(zone.name, 0),
        }
        for zone in gate.settings.zones
    ]


def _lane(lane: Lane) -> dict[str, Any]:
    state, parts = lane.state, _parts(lane)
    felt = parts.felt if parts else {}
    return {
        "condition": condition(state),
        "there": state.there,
        "stuck": state.stuck,
        "locked": state.locked,
        "ways": {way.value: _way(lane, way) for way in lane.rules.ways},
        "sensors": [
            {"name": name, "active": one.active, "changes": one.changes}
            for name, one in felt.items()
        ],
    }


def _way(lane: Lane, way: Direction) -> dict[str, Any]:
    notice = lane.signs[way].notice
    return {
        "mode": lane.state.mode(way).value,
        "tone": notice.tone.value,
        "title": notice.title,
        "text": notice.text,
        "language": notice.language,
        "readers": lane.readers_at_work[way],
    }


def condition(state: LaneState) -> str:
    """What the lane is doing, for staff."""
    if state.fire:
        return "emergency: open both ways"
    if not state.there:
        return "out of order: turnstile lost"
    if state.stuck:
        return "out of order: sensor stuck"
    grant = state.grant
    if grant is None:
        if state.unwritten:
            return "waiting for the disk"
        return "passing" if state.passing else "idle"
    if not grant.released:
        return "recording"
    if state.passing:
        return "passing"
    return f"authorised {grant.direction.value}, {grant.persons - grant.passed} left"


def attempt_of(attempt: Attempt, number: int, zone: ZoneInfo) -> dict[str, Any]:
    """A scan and why it was answered so."""
    answer, way = attempt.answer, attempt.direction
    return {
        "number": number,
        "at": f"{attempt.at.astimezone(zone):%H:%M:%S}",
        "lane": attempt.lane,
        "way": way.value,
        "code": shortened(attempt.code),
        "ticket": paper_code(answer),
        "granted": isinstance(answer, Granted),
        "says": sentence(answer, way, attempt.at, zone),
        "trace": [_check(check, way, attempt.at, zone) for check in attempt.trace],
    }


def trial_of(trial: Trial, way: Direction, zone: ZoneInfo) -> dict[str, Any]:
    answer = trial.answer
    return {
        "at": f"{trial.at.astimezone(zone):%Y-%m-%d %H:%M}",
        "mode": trial.mode.value,
        "ticket": paper_code(answer),
        "granted": isinstance(answer, Granted),
        "says": sentence(answer, way, trial.at, zone),
        "trace": [_check(check, way, trial.at, zone) for check in trial.trace],
    }


def _check(check: Check, way: Direction, at: datetime, zone: ZoneInfo) -> dict[str, str]:
    word, says = verdict(check, way, at, zone)
    return {"rule": check.rule, "verdict": word, "says": says}


def shortened(code: str) -> str:
    return code if len(code) <= SHOWN_WHOLE else f"{code[:8]}…{code[-4:]}"


def event_of(fact: Fact, zone: ZoneInfo) -> dict[str, Any] | None:
    """What staff want to know of a fact; None of those that come with every visitor."""
    says = _says(fact.event)
    if says is None:
        return None
    alarm = isinstance(fact.event, Alarmed | Evacuated) and fact.event.on
    at = f"{fact.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    return {"number": fact.number, "at": at, "alarm": alarm, "says": says}


def _says(event: Event) -> str | None:
    match event:
        case Alarmed(lane, alarm, on):
            return f"{lane}: {'alarm' if on else 'over'}: {_words(alarm)}"
        case Evacuated(on, present):
            inside = ", ".join(f"{one.persons} in {one.zone}" for one in present)
            return f"fire: every lane is open; {inside}" if on else "fire is over"
        case Opened(lane, way, by):
            return f"{lane}: opened once, {way.value}, by {by}"
        case ModeChanged(lane, way, mode, by):
            how = "as scheduled" if event.scheduled else "set to"
            return f"{lane}: {way.value} {how} {mode.value} by {by}"
        case Lapsed(ticket, _, lane, persons):
            return f"{lane}: {persons} of {human_code(ticket)} never walked; given back"
        case Forgiven(ticket, zone, by, why):
            return f"{human_code(ticket)} may enter {zone} again, by {by}: {why}"
        case CountCorrected(zone, change, by, why):
            return f"{zone}: count {change:+d} by {by}: {why}"
        case _:
            return None


def _words(name: str) -> str:
    return name.replace("_", " ")
