"""A turnstile made of lines: a latch for each direction and a sensor that sees each rotation."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from admission.values import Direction
from hal.ports import DeviceFault, InputLine, OutputLine, Passage
from hal.registry import BadDevice, Devices

log = logging.getLogger("wicket.hal.turnstile")

T = TypeVar("T")


class RelayTurnstile:
    """Each activation of the sensor is one Passage in the released direction.

    A latch line is on from `release` to `lock`. A rotation while locked is no Passage; it is
    logged as forced.
    """

    @dataclass(frozen=True)
    class Options:
        """Each value is a table of an OutputLine or InputLine: `{driver = "gpiozero", pin = 17}`.
        Without `latch_out` the turnstile cannot be released outwards."""

        latch_in: Mapping[str, Any]
        sensor: Mapping[str, Any]
        latch_out: Mapping[str, Any] | None = None

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        parts = _Parts(name, devices)
        latch_in = parts.build(OutputLine, "latch_in", options.latch_in)
        latch_out = parts.build(OutputLine, "latch_out", options.latch_out)
        sensor = parts.build(InputLine, "sensor", options.sensor)
        if parts.problems or latch_in is None or sensor is None:
            raise BadDevice(parts.problems)
        self._sensor = sensor
        self._latches = {Direction.IN: latch_in}
        if latch_out is not None:
            self._latches[Direction.OUT] = latch_out
        self._released: Direction | None = None
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for line in (*self._latches.values(), self._sensor):
                await stack.enter_async_context(line)
            for latch in self._latches.values():
                stack.callback(latch.set, False)
            self._released = None
            self._opened = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._released = None
        await self._opened.aclose()

    async def release(self, direction: Direction) -> None:
        if direction not in self._latches:
            raise DeviceFault(
                self.name,
                f"cannot be released {direction.value}",
                f"give it a latch_{direction.value} in the configuration",
            )
        if direction != self._released:
            await self.lock()
        self._latches[direction].set(True)
        self._released = direction

    async def lock(self) -> None:
        self._released = None
        for latch in self._latches.values():
            latch.set(False)

    async def passages(self) -> AsyncIterator[Passage]:
        async for active in self._sensor.changes():
            if active and self._released is not None:
                yield Passage(self._released)
            elif active:
                log.warning("%s: forced, it turned while locked; look at the lane", self.name)


class _Parts:
    """Builds the parts that a table asks for and gathers what is wrong with any of them."""

    def __init__(self, owner: str, devices: Devices) -> None:
        self._owner = owner
        self._devices = devices
        self.problems: list[str] = []

    def build(self, port: type[T], part: str, table: Mapping[str, Any] | None) -> T | None:
        if table is None:
            return None
        try:
            return self._devices.build(port, f"{self._owner}.{part}", table)
        except BadDevice as bad:
            self.problems += bad.problems
            return None
