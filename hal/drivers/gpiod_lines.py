"""Relays and contacts on GPIO lines, straight from the kernel through libgpiod 2."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

import gpiod
from gpiod.line import Bias, Direction, Edge, Value

from hal.drivers import gpio_chips
from hal.drivers.level_box import LevelBox
from hal.ports import DeviceFault
from hal.registry import Devices

_VALUES = {True: Value.ACTIVE, False: Value.INACTIVE}


class GpiodOutput:
    """Off from the moment it is claimed, also on boards that switch on when low.

    A line that is let go becomes an input: a relay board must read that as off, by a resistor if
    need be. A closed line was off before. When the process dies a mainline kernel lets go; that of
    Raspberry Pi OS keeps the last level until `wicket gate safe` runs, unless config.txt has
    `dtparam=strict_gpiod` (raspberrypi/linux, pull request 6117).
    """

    @dataclass(frozen=True)
    class Options:
        """`pin`: number of the line, on the header the BCM number. `active_high` false is for relay
        boards that switch on when low. `chip`: the label of the GPIO chip, if it is not that of
        the header."""

        pin: int
        active_high: bool = True
        chip: str = ""

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        self._options = options
        self._request: gpiod.LineRequest

    async def __aenter__(self) -> Self:
        settings = gpiod.LineSettings(
            direction=Direction.OUTPUT,
            active_low=not self._options.active_high,
            output_value=Value.INACTIVE,
        )
        with _faults(self.name, self._options.pin):
            self._request = _request(self.name, self._options.chip, self._options.pin, settings)
        return self

    async def __aexit__(self, *exc: object) -> None:
        with _faults(self.name, self._options.pin):
            try:
                self._request.set_value(self._options.pin, Value.INACTIVE)
            finally:
                self._request.release()

    async def set(self, on: bool) -> None:
        with _faults(self.name, self._options.pin):
            self._request.set_value(self._options.pin, _VALUES[on])


class GpiodInput:
    """A contact with the line's own pull resistor, debounced by the kernel."""

    @dataclass(frozen=True)
    class Options:
        """`pin`, `chip`: as of an output. `active_high`: by default the opposite of the pull, which
        is a contact that closes; for one that opens say the same as the pull."""

        pin: int
        pull_up: bool = True
        active_high: bool | None = None
        bounce_ms: int = 20
        chip: str = ""

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        self._options = options
        self._box = LevelBox(name)
        self._request: gpiod.LineRequest

    async def __aenter__(self) -> Self:
        options = self._options
        active_high = not options.pull_up if options.active_high is None else options.active_high
        settings = gpiod.LineSettings(
            direction=Direction.INPUT,
            edge_detection=Edge.BOTH,
            bias=Bias.PULL_UP if options.pull_up else Bias.PULL_DOWN,
            active_low=not active_high,
            debounce_period=timedelta(milliseconds=options.bounce_ms),
        )
        with _faults(self.name, options.pin):
            self._request = _request(self.name, options.chip, options.pin, settings)
        self._box = LevelBox(self.name)
        asyncio.get_running_loop().add_reader(self._request.fd, self._read)
        return self

    async def __aexit__(self, *exc: object) -> None:
        asyncio.get_running_loop().remove_reader(self._request.fd)
        with _faults(self.name, self._options.pin):
            self._request.release()

    def changes(self) -> AsyncIterator[bool]:
        return self._box.changes(self._look)

    def _look(self) -> bool:
        with _faults(self.name, self._options.pin):
            return self._request.get_value(self._options.pin) is Value.ACTIVE

    def _read(self) -> None:
        try:
            with _faults(self.name, self._options.pin):
                events = self._request.read_edge_events()
        except DeviceFault as fault:
            asyncio.get_running_loop().remove_reader(self._request.fd)
            self._box.fail(fault)
            return
        for event in events:
            self._box.put(event.event_type is event.Type.RISING_EDGE)


def _request(name: str, chip: str, pin: int, settings: gpiod.LineSettings) -> gpiod.LineRequest:
    """Rising means becoming active, whatever the level is."""
    node = str(gpio_chips.find(chip))
    return gpiod.request_lines(node, consumer=f"wicket {name}"[:31], config={pin: settings})


@contextmanager
def _faults(name: str, pin: int) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise DeviceFault(
            name,
            f"GPIO {pin} cannot be used: {error}",
            "is this a Raspberry Pi, is the pin used twice, is the user in group gpio?",
        ) from error
