"""How the gate's own devices are, as its status tells it to those who watch from afar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from admission.values import Direction
from gate.lane import Lane
from gate.service import Gate

MOST_FAULTS = 20
LONGEST_FAULT = 200


def health_of(gate: Gate) -> dict[str, Any]:
    """`faults` in plain words, the mode of each way of each lane, and whom it let in today."""
    faults = [fault for lane in gate.lanes for fault in _faults_of(lane)]
    if gate.journal.fault is not None:
        faults.insert(0, f"the disk takes nothing: {gate.journal.fault}")
    admitted = gate.today.admitted(gate.trust.now())
    names = [lane.settings.name for lane in gate.lanes]
    return {
        "emergency": gate.emergency is not None and gate.emergency.on,
        "faults": [fault[:LONGEST_FAULT] for fault in faults[:MOST_FAULTS]],
        "lanes": {lane.settings.name: _modes(lane) for lane in gate.lanes},
        "admitted": {name: admitted.get(name, 0) for name in names},
    }


def _faults_of(lane: Lane) -> Iterator[str]:
    name, state = lane.settings.name, lane.state
    if not state.there:
        yield f"{name}: turnstile lost; is it plugged in and has it power?"
    elif state.stuck:
        yield f"{name}: a sensor is stuck; look at the technician's page"
    for way in Direction:
        fitted, working = len(lane.devices.readers.get(way, ())), lane.readers_at_work[way]
        if way in lane.rules.ways and working < fitted:
            yield f"{name}, {way.value}: {fitted - working} of {fitted} readers lost"


def _modes(lane: Lane) -> dict[str, str]:
    ways = (way for way in Direction if way in lane.rules.ways)
    return {way.value: lane.state.mode(way).value for way in ways}
