"""What happens at a lane, and what the flow wants done about it. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from admission.facts import Admitted, Event
from admission.request import Answer
from admission.values import Direction, LaneMode
from hal.ports import Tone, TurnstileEvent


class Alarm(Enum):
    """FORCED: a body went through though nobody was let in. TAILGATING: right behind one who was.
    WRONG_WAY: against the way that was released."""

    FORCED = "forced"
    TAILGATING = "tailgating"
    WRONG_WAY = "wrong_way"
    SENSOR_STUCK = "sensor_stuck"
    HELD_OPEN = "held_open"
    JOURNAL = "journal"


@dataclass(frozen=True, slots=True)
class Judged:
    """A code was shown and the rules have answered."""

    direction: Direction
    code: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Recorded:
    """The entry of the grant with this id is on the disk, as fact `number`."""

    grant: int
    number: int


@dataclass(frozen=True, slots=True)
class NotRecorded:
    """The disk did not take the entry of the grant with this id."""

    grant: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A code was shown, and the disk that knows of its uses cannot be read."""


@dataclass(frozen=True, slots=True)
class OpenOnce:
    """Staff let one body through."""

    direction: Direction
    by: str


@dataclass(frozen=True, slots=True)
class ExplainNext:
    """The next code in this direction is only explained, not used."""

    direction: Direction


@dataclass(frozen=True, slots=True)
class Ordered:
    """The mode of a direction is this from now on."""

    direction: Direction
    mode: LaneMode


@dataclass(frozen=True, slots=True)
class LockSwitch:
    """The key switch that keeps the lane closed was turned."""

    on: bool


@dataclass(frozen=True, slots=True)
class Fire:
    """Fire has to open every way, or that is over."""

    on: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """The gate knows a key: it can judge tickets now."""


@dataclass(frozen=True, slots=True)
class Plugged:
    """The turnstile is there and locked (`True`), or it is lost."""

    there: bool


@dataclass(frozen=True, slots=True)
class ReaderPlugged:
    """The first reader of a direction is there, or the last is lost."""

    direction: Direction
    there: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """The time that the state waits for has come."""


Happening = (
    Judged
    | Recorded
    | NotRecorded
    | Unreadable
    | OpenOnce
    | ExplainNext
    | Ordered
    | LockSwitch
    | Fire
    | Ready
    | Plugged
    | ReaderPlugged
    | Tick
    | TurnstileEvent
)


@dataclass(frozen=True, slots=True)
class Record:
    """Put the entry on the disk, then say Recorded or NotRecorded for `grant`."""

    grant: int
    admitted: Admitted


@dataclass(frozen=True, slots=True)
class Note:
    """Journal it, soon; nobody waits for it."""

    event: Event


@dataclass(frozen=True, slots=True)
class Release:
    direction: Direction


@dataclass(frozen=True, slots=True)
class Open:
    direction: Direction


@dataclass(frozen=True, slots=True)
class Lock:
    direction: Direction


@dataclass(frozen=True, slots=True)
class Evacuate:
    pass


@dataclass(frozen=True, slots=True)
class Say:
    """Tell visitors in `direction`. `phrase` names a text of gate/phrases.py, or `answer` is to be
    explained; `persons` may still walk."""

    direction: Direction
    tone: Tone
    phrase: str
    language: str = ""
    persons: int = 1
    answer: Answer | None = None


Effect = Record | Note | Release | Open | Lock | Evacuate | Say
