"""A tripod or rotor: a latch for each direction and contacts that see it rotate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from admission.values import Direction
from hal.drivers.actuator import Actuator, PowerLoss
from hal.drivers.body_sensors import Overstay
from hal.drivers.line_turnstile import LineTurnstile
from hal.drivers.parts import Table, build_lines
from hal.ports import Passage, Trouble, TurnstileEvent
from hal.registry import Devices

_SENSES = {"sensor_in": Direction.IN, "sensor_out": Direction.OUT}


class Tripod(LineTurnstile):
    """Each activation of a contact is one Passage. That of the contact which cannot tell the
    direction goes the way that is released, if exactly one is, else nobody knows which."""

    @dataclass(frozen=True)
    class Options:
        """`latch_in`, `latch_out`: OutputLines; without `latch_out` it cannot be released outwards.
        `sensor`: an InputLine, active once in each rotation; or `sensor_in` and `sensor_out`, one
        for each direction. `drop_arm`: an OutputLine, on while the arm is held up.
        `pulse_s`: the latch is on for so long for each body; without it until the body is through.
        `stuck_after_s`: a contact that is active for longer is stuck.
        """

        latch_in: Table
        latch_out: Table | None = None
        sensor: Table | None = None
        sensor_in: Table | None = None
        sensor_out: Table | None = None
        drop_arm: Table | None = None
        pulse_s: float | None = None
        on_power_loss: PowerLoss = PowerLoss.LOCKED
        stuck_after_s: float = 10.0

        def __post_init__(self) -> None:
            if (self.sensor is None) is (self.sensor_in is None and self.sensor_out is None):
                raise ValueError("say either sensor, or sensor_in and sensor_out")
            if self.pulse_s is not None and self.pulse_s <= 0:
                raise ValueError("pulse_s must be more than 0; leave it out to hold the latch")
            if self.stuck_after_s <= 0:
                raise ValueError("stuck_after_s must be more than 0")

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        out, sensors = build_lines(
            name,
            devices,
            {part: getattr(options, part) for part in ("latch_in", "latch_out", "drop_arm")},
            {part: getattr(options, part) for part in ("sensor", *_SENSES)},
        )
        inverted = options.on_power_loss is PowerLoss.RELEASED
        latches = {
            direction: Actuator(out[part], inverted=inverted)
            for direction in Direction
            if (part := f"latch_{direction.value}") in out
        }
        arm = Actuator(out["drop_arm"], inverted=True) if "drop_arm" in out else None
        super().__init__(name, latches, sensors, pulse_s=options.pulse_s, arm=arm)
        self._options = options

    def _fresh(self) -> None:
        self._overstay = Overstay(Trouble.SENSOR_STUCK, self._options.stuck_after_s)

    def _feel(self, sensor: str, active: bool, now: float) -> Iterable[TurnstileEvent]:
        if active:
            yield Passage(_SENSES.get(sensor))
        yield from self._overstay.feed(sensor, active, now)
