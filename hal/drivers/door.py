"""A door: a strike or magnet, a contact, and perhaps a button for those who want out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from admission.values import Direction
from hal.drivers.actuator import Actuator, PowerLoss
from hal.drivers.body_sensors import Overstay
from hal.drivers.line_turnstile import LineTurnstile
from hal.drivers.parts import Table, build_lines
from hal.ports import Passage, ReleaseAsked, Trouble, TurnstileEvent
from hal.registry import Devices


class Door(LineTurnstile):
    """Each opening is one Passage, however many walk through meanwhile. A released strike is
    locked again only when the door is closed, so that no bolt strikes its frame."""

    @dataclass(frozen=True)
    class Options:
        """`strike`: an OutputLine. `contact`: an InputLine, active while the door stands open.
        `exit_button`: an InputLine, active while somebody asks to be let out.
        `directions`: the ways it is used; with both, an opening goes the way that is released.
        `held_open_s`: a door that stands open for longer is held open.
        """

        strike: Table
        contact: Table
        exit_button: Table | None = None
        directions: tuple[Direction, ...] = (Direction.IN,)
        on_power_loss: PowerLoss = PowerLoss.RELEASED
        held_open_s: float = 30.0

        def __post_init__(self) -> None:
            if not self.directions:
                raise ValueError('directions must name "in", "out" or both')
            if self.exit_button is not None and Direction.OUT not in self.directions:
                raise ValueError('an exit_button needs "out" in directions')
            if self.held_open_s <= 0:
                raise ValueError("held_open_s must be more than 0")

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        out, sensors = build_lines(
            name,
            devices,
            {"strike": options.strike},
            {"contact": options.contact, "exit_button": options.exit_button},
        )
        inverted = options.on_power_loss is PowerLoss.RELEASED
        strike = Actuator(out["strike"], inverted=inverted)
        super().__init__(name, dict.fromkeys(options.directions, strike), sensors)
        self._held_open_s = options.held_open_s
        self._ajar = False

    def _fresh(self) -> None:
        self._overstay = Overstay(Trouble.HELD_OPEN, self._held_open_s)
        self._ajar = False

    def _feel(self, sensor: str, active: bool, now: float) -> Iterable[TurnstileEvent]:
        if sensor == "exit_button":
            if active:
                yield ReleaseAsked(Direction.OUT)
            return
        self._ajar = active
        if active:
            yield Passage()
        yield from self._overstay.feed(sensor, active, now)

    def _released(self, latch: Actuator) -> bool:
        return super()._released(latch) or (self._ajar and bool(latch.active))
