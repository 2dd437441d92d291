"""Commands of the office, obeyed by the rules of the technician's page (gate/wishes.py)."""

from __future__ import annotations

from typing import Any

from gate import wishes
from gate.service import Gate
from gate.wishes import AdmitWish, ModeWish, OpenWish, Unfulfilled
from runtime.commands import AdmitCode, Command, OpenLane, Refusal, SetMode
from runtime.obey import Obedience


def obedience(gate: Gate) -> Obedience:
    async def obey(command: Command) -> str:
        return await _obey(gate, command)

    return Obedience(lambda: gate.trust.central_time, gate.trust.now, obey)


async def _obey(gate: Gate, command: Command) -> str:
    try:
        done = await _fulfil(gate, command)
    except Unfulfilled as why:
        raise Refusal(str(why)) from why
    said: str = done["said"]
    return said


async def _fulfil(gate: Gate, command: Command) -> dict[str, Any]:
    match command.deed:
        case OpenLane(lane, way):
            return await wishes.open_once(gate, OpenWish(lane, way), command.by)
        case SetMode(lane, way, mode):
            return await wishes.set_mode(gate, ModeWish(lane, way, mode), command.by)
        case AdmitCode(lane, way, code):
            return await wishes.admit(gate, AdmitWish(lane, way, code))
        case _:
            raise Unfulfilled("this is a gate: it sells nothing")
