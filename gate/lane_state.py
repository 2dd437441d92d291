"""What one lane is up to, as values."""

from __future__ import annotations

from dataclasses import dataclass

from admission.facts import Refused
from admission.values import Direction, LaneMode


@dataclass(frozen=True, slots=True)
class LaneRules:
    """What the flow must know of the lane. `zone` and `behind`: see Passed. Within `record_s` the
    disk must have taken an entry, or `open_unrecorded` says what happens."""

    name: str
    zone: str = ""
    behind: str = ""
    ways: frozenset[Direction] = frozenset({Direction.IN})
    pass_within_s: float = 8.0
    record_s: float = 0.25
    open_unrecorded: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """`persons` may walk until `until`; `passed` did. `number` is that of the Admitted fact, None
    without a ticket to charge or while it is not on the disk. `closing`: locked again."""

    id: int
    direction: Direction
    until: float
    persons: int = 1
    passed: int = 0
    ticket: int | None = None
    language: str = ""
    number: int | None = None
    released: bool = True
    charged: bool = False
    closing: bool = False


@dataclass(frozen=True, slots=True)
class LaneState:
    modes: tuple[tuple[Direction, LaneMode], ...]
    grant: Grant | None = None
    grants: int = 0
    passing: bool = False
    fire: bool = False
    locked: bool = False
    there: bool = False
    ready: bool = False
    stuck: bool = False
    blind: frozenset[Direction] = frozenset(Direction)
    """Directions without a reader that works."""
    notice_until: float | None = None
    tail: tuple[Direction, float] | None = None
    test: tuple[Direction, float] | None = None
    refused: tuple[Refused, float] | None = None
    """The last refusal, and until when the same one is not told again."""
    unwritten: tuple[Grant, ...] = ()
    """Grants that are over and whose entry the disk has not answered for."""

    def mode(self, direction: Direction) -> LaneMode:
        """As it is in force."""
        if self.fire:
            return LaneMode.EMERGENCY
        if self.locked:
            return LaneMode.CLOSED
        return dict(self.modes).get(direction, LaneMode.CLOSED)

    @property
    def deadline(self) -> float | None:
        """When it wants a Tick."""
        waits = [self.notice_until, self.grant.until if self.grant else None]
        return min((wait for wait in waits if wait is not None), default=None)


def listens(state: LaneState, rules: LaneRules, direction: Direction) -> bool:
    """Whether a code that is shown now is looked at."""
    able = state.there and not state.stuck and not state.fire
    idle = state.grant is None and not state.passing
    return able and idle and not hangs(state, rules, direction)


def hangs(state: LaneState, rules: LaneRules, direction: Direction) -> bool:
    """While an entry hangs at the disk, nobody is let in on another, unless the venue lets people
    in without a record."""
    waits = bool(state.unwritten) and direction is Direction.IN
    return waits and not rules.open_unrecorded
