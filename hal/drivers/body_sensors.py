"""What the edges of a turnstile's sensors mean. Pure: `now` is an argument, in seconds."""

from __future__ import annotations

from admission.values import Direction
from hal.ports import Passage, Passing, Trouble, Troubled

OUTER, INNER = "outer", "inner"
"""The light barriers of a way; whoever goes in breaks `outer` first."""


class Overstay:
    """Tells when a sensor has been active for `after_s` seconds, and when no sensor is so any
    longer."""

    def __init__(self, trouble: Trouble, after_s: float) -> None:
        self._trouble = trouble
        self._after_s = after_s
        self._ends: dict[str, float] = {}
        self._on = False

    @property
    def due(self) -> float | None:
        """When to look again if nothing else happens."""
        return None if self._on else min(self._ends.values(), default=None)

    def feed(self, sensor: str, active: bool, now: float) -> list[Troubled]:
        if active:
            self._ends.setdefault(sensor, now + self._after_s)
        else:
            self._ends.pop(sensor, None)
        return self.look(now)

    def look(self, now: float) -> list[Troubled]:
        on = any(now >= end for end in self._ends.values())
        if on is self._on:
            return []
        self._on = on
        return [Troubled(self._trouble, on)]


class BeamPair:
    """Two light barriers so close to each other that a body breaks both.

    A body goes through when it breaks one, both, the other alone, and leaves that. Whoever goes
    back the way they came is no Passage. The first barrier broken again while somebody stands in
    the second is the next body close behind, if somebody then walks on to the end; else it was the
    same one who went back. Two barriers cannot tell more.
    """

    def __init__(self) -> None:
        self._broken: set[str] = set()
        self._near = ""
        """The barrier that was broken first since both were free."""
        self._across = False
        """The foremost body has left the near barrier."""
        self._ahead = False
        """A body has left the far barrier while the near one was broken again: gone or back?"""

    def feed(self, beam: str, broken: bool) -> list[Passage | Passing]:
        """`beam` is OUTER or INNER."""
        if broken is (beam in self._broken):
            return []
        self._broken ^= {beam}
        if not self._near:
            self._near = beam
            return [Passing(True)]
        through = Passage(Direction.IN if self._near == OUTER else Direction.OUT)
        if not self._broken:
            passages = [through] if self._across else []
            self._near, self._across, self._ahead = "", False, False
            return [*passages, Passing(False)]
        if self._broken == {self._near}:
            self._ahead |= self._across
            self._across = False
        elif len(self._broken) == 1:
            self._across = True
            if self._ahead:
                self._ahead = False
                return [through]
        return []
