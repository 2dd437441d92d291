"""`wicket gate safe`: every output line of a gate at its safe level, however the daemon ended."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Any, NoReturn, TypeVar

from gate.service import build_devices
from gate.settings import GateSettings
from hal.ports import DeviceFault, OutputLine
from hal.registry import BadDevice, Devices
from hal.sim.stage import Stage
from runtime.convert import structure
from runtime.settings import BadSettings, load

T = TypeVar("T")

LIMIT_S = 1.5
"""For all lines together; a driver that does not even come back is left alone after END_S."""
END_S = 2.0


@dataclass(frozen=True)
class _Noting(Devices):
    """Also keeps what lines it has built."""

    outputs: list[OutputLine] = field(default_factory=list)

    def build(self, port: type[T], name: str, table: Mapping[str, Any]) -> T:
        device = super().build(port, name, table)
        if isinstance(port, type) and port is OutputLine:
            self.outputs.append(device)  # type: ignore[arg-type]
        return device


def output_lines(config: Path) -> list[OutputLine]:
    """All of the gate, closed. A table that is wrong keeps the others from nothing; raises
    BadSettings if none can be built."""
    devices = _Noting(structure, Stage())
    try:
        build_devices(load(config, GateSettings), devices)
    except BadDevice as bad:
        if not devices.outputs:
            raise BadSettings([f"{config}: {problem}" for problem in bad.problems]) from bad
    return devices.outputs


def switch_off(lines: list[OutputLine]) -> NoReturn:
    """End the process when all lines are off, or could not be: with 1 then."""
    giving_up = Timer(END_S, _end, [1])
    giving_up.daemon = True
    giving_up.start()
    problems = asyncio.new_event_loop().run_until_complete(make_safe(lines))
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(lines) - len(problems)} of {len(lines)} lines are off")
    _end(int(bool(problems)))


def _end(code: int) -> NoReturn:
    """At once: no thread of a driver that hangs keeps the unit waiting."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


async def make_safe(lines: list[OutputLine]) -> list[str]:
    """A line is off when it was opened and closed. All at once; tells what could not be done."""
    return [problem for problem in await asyncio.gather(*map(_off, lines)) if problem]


async def _off(line: OutputLine) -> str | None:
    try:
        async with asyncio.timeout(LIMIT_S), line:
            await line.set(False)
    except DeviceFault as fault:
        return str(fault)
    except TimeoutError:
        return f"{line.name}: does not answer; is it plugged in?"
    return None
