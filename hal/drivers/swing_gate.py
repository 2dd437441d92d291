"""A swing or speed gate with its own controller: commands to it, and a pair of light barriers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from admission.values import Direction
from hal.drivers.actuator import Actuator, PowerLoss
from hal.drivers.body_sensors import INNER, OUTER, BeamPair, Overstay
from hal.drivers.line_turnstile import LineTurnstile
from hal.drivers.parts import Table, build_lines
from hal.ports import Trouble, TurnstileEvent
from hal.registry import Devices


class Command(Enum):
    """How the controller is told to open for one body."""

    PULSE = "pulse"
    HOLD = "hold"


class SwingGate(LineTurnstile):
    """Passages are what `BeamPair` makes of the two barriers."""

    @dataclass(frozen=True)
    class Options:
        """`open_in`, `open_out`: OutputLines; without `open_out` it cannot be opened outwards.
        `close`: an OutputLine that is on for `pulse_s` when nobody is awaited any more.
        `outer`, `inner`: InputLines, active while that light barrier is broken; whoever goes in
        breaks `outer` first.
        `command`: for one body the open line is active for `pulse_s`, or held until it is through.
        `stuck_after_s`: a barrier that is broken for longer is stuck.
        """

        open_in: Table
        outer: Table
        inner: Table
        open_out: Table | None = None
        close: Table | None = None
        command: Command = Command.PULSE
        pulse_s: float = 0.5
        on_power_loss: PowerLoss = PowerLoss.RELEASED
        stuck_after_s: float = 10.0

        def __post_init__(self) -> None:
            if self.pulse_s <= 0 or self.stuck_after_s <= 0:
                raise ValueError("pulse_s and stuck_after_s must be more than 0")

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        out, sensors = build_lines(
            name,
            devices,
            {part: getattr(options, part) for part in ("open_in", "open_out", "close")},
            {OUTER: options.outer, INNER: options.inner},
        )
        inverted = options.on_power_loss is PowerLoss.RELEASED
        latches = {
            direction: Actuator(out[part], inverted=inverted)
            for direction in Direction
            if (part := f"open_{direction.value}") in out
        }
        pulse_s = options.pulse_s if options.command is Command.PULSE else None
        super().__init__(name, latches, sensors, pulse_s=pulse_s)
        self._options = options
        self._close = Actuator(out["close"]) if "close" in out else None
        self._closing: asyncio.Task[None] | None = None
        self._awaited = False

    def _fresh(self) -> None:
        self._overstay = Overstay(Trouble.SENSOR_STUCK, self._options.stuck_after_s)
        self._beams = BeamPair()
        self._closing, self._awaited = None, False

    def _feel(self, sensor: str, active: bool, now: float) -> Iterable[TurnstileEvent]:
        yield from self._beams.feed(sensor, active)
        yield from self._overstay.feed(sensor, active, now)

    def _actuators(self) -> list[Actuator]:
        return [*super()._actuators(), *([self._close] if self._close else [])]

    def _flee(self) -> list[Coroutine[Any, Any, None]]:
        self._awaited = True
        if self._close is None:
            return super()._flee()
        self._stop_closing()
        return [*(latch.set(True) for latch in self._latches), self._close.set(False)]

    async def _settle(self, again: Actuator | None = None) -> None:
        before, self._awaited = self._awaited, any(way.free for way in self._ways.values())
        if self._close and self._awaited and self._close.active is not False:
            self._stop_closing()
            await self._close.set(False)
        await super()._settle(again)
        if self._close and before and not self._awaited:
            self._closing = self._start(self._shut, self._close)

    async def _shut(self, close: Actuator) -> None:
        await close.set(True)
        await asyncio.sleep(self._options.pulse_s)
        await close.set(False)

    def _stop_closing(self) -> None:
        if self._closing:
            self._closing.cancel()
