"""The question that a lane puts to the rules, now or at another time; told one rule at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from admission.decide import checks
from admission.request import AdmissionRequest, Answer, Check
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
        gate.device,
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
