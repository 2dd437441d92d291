"""Relays and contacts on the pins of a Raspberry Pi, through gpiozero."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Literal, Self

from gpiozero import DigitalInputDevice, DigitalOutputDevice, GPIOZeroError

from hal.drivers import gpio_chips
from hal.drivers.level_box import LevelBox
from hal.ports import DeviceFault
from hal.registry import Devices

_FACTORIES = {
    "lgpio": "gpiozero.pins.lgpio:LGPIOFactory",
    "mock": "gpiozero.pins.mock:MockFactory",
}


def pin_factory(kind: str, chip: str = "") -> Any:
    """gpiozero's one factory of this kind in this process, on the GPIO chip of that label (see
    gpio_chips.find). Raises OSError if lgpio's chip is not there."""
    return _factory(kind, chip)


@cache
def _factory(kind: str, chip: str) -> Any:
    """lgpio makes a FIFO `.lgd-nfy…` in LG_WD as soon as it is imported, else in the working
    directory, which a daemon may not write to.
    """
    runtime = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    os.environ.setdefault("LG_WD", runtime or tempfile.gettempdir())
    module, _, cls = _FACTORIES[kind].partition(":")
    factory = getattr(import_module(module), cls)
    if kind == "mock":
        return factory()
    return factory(chip=int(gpio_chips.find(chip).name.removeprefix("gpiochip")))


class GpiozeroOutput:
    """Off when opened and closed. A closed pin is an input: a relay board must read that as off.
    For what becomes of it when the process dies see GpiodOutput."""

    @dataclass(frozen=True)
    class Options:
        """`pin`: BCM number. `active_high` false is for relay boards that switch on when low; one
        may click once as it is opened, for gpiozero takes a pin low before it sets it: use
        `gpiod` there. `chip`: the label of the GPIO chip, if it is not that of the header."""

        pin: int
        active_high: bool = True
        chip: str = ""
        factory: Literal["lgpio", "mock"] = "lgpio"

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        self._options = options
        self._device: Any = None

    async def __aenter__(self) -> Self:
        with _faults(self.name, self._options.pin):
            self._device = DigitalOutputDevice(
                self._options.pin,
                active_high=self._options.active_high,
                initial_value=False,
                pin_factory=pin_factory(self._options.factory, self._options.chip),
            )
        return self

    async def __aexit__(self, *exc: object) -> None:
        device, self._device = self._device, None
        with _faults(self.name, self._options.pin):
            try:
                device.off()
            finally:
                device.close()

    async def set(self, on: bool) -> None:
        with _faults(self.name, self._options.pin):
            self._device.value = on


class GpiozeroInput:
    """A contact with the pin's own pull resistor, debounced by lgpio."""

    @dataclass(frozen=True)
    class Options:
        """`pin`: BCM number. `active_high`: by default the opposite of the pull, which is a
        contact that closes; for one that opens say the same as the pull."""

        pin: int
        pull_up: bool = True
        active_high: bool | None = None
        bounce_ms: int = 20
        chip: str = ""
        factory: Literal["lgpio", "mock"] = "lgpio"

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        self._options = options
        self._device: Any = None
        self._box = LevelBox(name)

    async def __aenter__(self) -> Self:
        options = self._options
        with _faults(self.name, options.pin):
            self._device = DigitalInputDevice(
                options.pin,
                pull_up=options.pull_up,
                bounce_time=options.bounce_ms / 1000 or None,
                pin_factory=pin_factory(options.factory, options.chip),
            )
        self._listen(asyncio.get_running_loop())
        return self

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """gpiozero calls back on its own thread; to it the level against the pull is active."""
        self._box = box = LevelBox(self.name)
        against_pull = self._options.active_high != self._options.pull_up
        self._device.when_activated = lambda: loop.call_soon_threadsafe(box.put, against_pull)
        self._device.when_deactivated = lambda: loop.call_soon_threadsafe(box.put, not against_pull)

    async def __aexit__(self, *exc: object) -> None:
        device, self._device = self._device, None
        with _faults(self.name, self._options.pin):
            device.close()

    def changes(self) -> AsyncIterator[bool]:
        return self._box.changes(self._look)

    def _look(self) -> bool:
        against_pull = self._options.active_high != self._options.pull_up
        with _faults(self.name, self._options.pin):
            return bool(self._device.value) is against_pull


@contextmanager
def _faults(name: str, pin: int) -> Iterator[None]:
    try:
        yield
    except (GPIOZeroError, ImportError, OSError, *_lgpio_errors()) as error:
        raise DeviceFault(
            name,
            f"GPIO {pin} cannot be used: {error}",
            "is this a Raspberry Pi, is the pin used twice, is the user in group gpio?",
        ) from error


def _lgpio_errors() -> tuple[type[Exception], ...]:
    lgpio = sys.modules.get("lgpio")
    return (lgpio.error,) if lgpio else ()
