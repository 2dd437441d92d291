"""The question that a lane puts to the rules, now or at another time; told one rule at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from admission.codes import human_code
from admission.decide import checks
from admission.reasons import explain
from admission.request import AdmissionRequest, Answer, Check, Denied, Granted
from admission.values import Direction, LaneMode
from gate.ledger import GateLedger
from gate.modes import Order, mode_at
from gate.settings import GateSettings, LaneSettings
from gate.trust import Doubts


@dataclass(frozen=True, slots=True)
class Entrance:
    """One direction of a lane of a gate."""

    gate: GateSettings
    lane: LaneSettings
    way: Direction


def ordered_mode(order: Order | None, entrance: Entrance, now: datetime) -> LaneMode:
    """As staff ordered it or the schedule says."""
    settings = entrance.lane.way(entrance.way)
    return mode_at(now, settings.mode, settings.schedule, order, entrance.gate.zone_info)


def question(entrance: Entrance, code: str, mode: LaneMode, doubts: Doubts) -> AdmissionRequest:
    gate, lane = entrance.gate, entrance.lane
    return AdmissionRequest(
        code,
        frozenset(lane.attractions),
        gate.zone_info,
        mode,
        lane.name,
        entrance.way,
        gate.zone(lane.zone),
        gate.policy.value,
        doubts.clock_trusted,
        doubts.heard_ago,
        lane.staffed,
        doubts.cut_off,
        doubts.in_touch,
    )


def supposing(doubts: Doubts, at: str) -> Doubts:
    """The same, but a time that somebody names (`at` is not empty) is not in doubt."""
    return replace(doubts, clock_trusted=True) if at.strip() else doubts


@dataclass(frozen=True, slots=True)
class Trial:
    """What the rules would say; nothing is used."""

    at: datetime
    mode: LaneMode
    trace: tuple[Check, ...]

    @property
    def answer(self) -> Answer:
        answer = self.trace[-1].answer
        assert answer is not None
        return answer


def try_code(
    ledger: GateLedger, entrance: Entrance, code: str, at: datetime, doubts: Doubts
) -> Trial:
    """Would this code enter at that time, as far as is known now?"""
    order = ledger.order(entrance.lane.name, entrance.way)
    mode = ordered_mode(order, entrance, at)
    request = question(entrance, code, mode, doubts)
    return Trial(at, mode, tuple(checks(ledger, request, at)))


def moment(text: str, now: datetime, timezone: ZoneInfo) -> datetime:
    """The time meant by "14:05" (today), "2026-11-22 14:05" or an ISO time with its zone, in UTC;
    `now` if it is empty. Raises ValueError."""
    if not text.strip():
        return now
    try:
        return _moment(text.strip(), now, timezone)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no time like 14:05 or 2026-11-22 14:05") from error


def _moment(text: str, now: datetime, timezone: ZoneInfo) -> datetime:
    try:
        local = datetime.combine(now.astimezone(timezone).date(), time.fromisoformat(text))
    except ValueError:
        local = datetime.fromisoformat(text)
    aware = local if local.tzinfo else local.replace(tzinfo=timezone)
    return aware.astimezone(UTC)


def sentence(answer: Answer, way: Direction, now: datetime, timezone: ZoneInfo) -> str:
    """For staff, in English: "2 persons may enter", "already used at 10:04 at North 2"."""
    match answer:
        case Denied():
            return explain(answer, now, timezone)
        case Granted(persons=persons, again=again, remark=remark):
            who = "1 person" if persons == 1 else f"{persons} persons"
            said = f"{who} may {'enter' if way is Direction.IN else 'leave'}"
            said += " once more, on re-scan grace" if again else ""
            return said + (f"; remark: {remark.value.replace('_', ' ')}" if remark else "")


def verdict(check: Check, way: Direction, now: datetime, timezone: ZoneInfo) -> tuple[str, str]:
    """What the rule said, as a word ("ok", "refused", "granted") and a sentence."""
    if check.answer is None:
        return "ok", ""
    word = "refused" if isinstance(check.answer, Denied) else "granted"
    return word, sentence(check.answer, way, now, timezone)


def paper_code(answer: Answer) -> str:
    """The human code of the ticket it is about; "" if no ticket was found."""
    return human_code(answer.ticket.id) if answer.ticket else ""
