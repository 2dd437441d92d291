"""The lanes that gates told of. Each gate names its own, so two may have one of the same name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from admission.values import Direction, LaneMode
from central.watch import devices

_CONTROLLED = LaneMode.CONTROLLED.value


@dataclass(frozen=True)
class Lane:
    """A lane of the gate `device`; `mode` is that of its way in, as the gate told it last."""

    device: str
    name: str
    mode: LaneMode

    @property
    def key(self) -> str:
        return f"{self.device} {self.name}"


def lanes(connection: Connection) -> list[Lane]:
    """Of all gates that were ever heard, by name."""
    modes = {mode.value: mode for mode in LaneMode}
    found = [
        Lane(
            one.device,
            name,
            modes.get(ways.get(Direction.IN.value, _CONTROLLED), LaneMode.CONTROLLED),
        )
        for one in devices.all_heard(connection).values()
        for name, ways in one.status.lanes.items()
    ]
    return sorted(found, key=lambda lane: (lane.name, lane.device))


def shared(of: Iterable[Lane]) -> frozenset[str]:
    """The names that lanes of several gates have."""
    return frozenset(name for name, n in Counter(lane.name for lane in of).items() if n > 1)


def called(name: str, device: str, shared: frozenset[str]) -> str:
    """The lane, and the gate if the name alone does not tell."""
    return f"{name} of {device}" if name in shared else name
