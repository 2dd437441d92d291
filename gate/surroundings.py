"""What a lane is given: its devices, what the lanes of a gate share, and whom they tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from admission.request import Answer, Check
from admission.values import Direction
from gate.journal import Journal
from gate.ledger import GateLedger
from gate.trust import Doubts
from hal.ports import CodeReader, InputLine, LaneDisplay, Turnstile


@dataclass
class LaneDevices:
    turnstile: Turnstile
    readers: dict[Direction, list[CodeReader]] = field(default_factory=dict)
    displays: dict[Direction, list[LaneDisplay]] = field(default_factory=dict)
    release_button: InputLine | None = None
    lock_switch: InputLine | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A scan and how the rules answered it, one by one."""

    at: datetime
    lane: str
    direction: Direction
    code: str
    trace: tuple[Check, ...]

    @property
    def answer(self) -> Answer:
        answer = self.trace[-1].answer
        assert answer is not None
        return answer


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a lane shares with the others of its gate. `doubt` tells what the gate is not sure of;
    `tried` hears of every scan that was judged."""

    ledger: GateLedger
    journal: Journal
    clock: Callable[[], datetime]
    doubt: Callable[[], Doubts] = Doubts
    tried: Callable[[Attempt], None] = lambda attempt: None
