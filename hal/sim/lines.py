"""Lines on the stage: an output shows `{"on": …}`; an input is moved by `{"level": true}`, or by
`{"pulse": true}`, which makes it active for an instant."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

from hal.registry import Devices

log = logging.getLogger("wicket.hal.sim")


class SimOutput:
    @dataclass(frozen=True)
    class Options:
        pass

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        self._prop = devices.stage.prop(name)

    async def __aenter__(self) -> Self:
        self._prop.show(on=False)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._prop.show(on=False)

    async def set(self, on: bool) -> None:
        for cue in self._prop.waiting():
            log.warning("%s: an output takes no cues, but this came: %.99s", self.name, cue)
        self._prop.show(on=on)


class SimInput:
    @dataclass(frozen=True)
    class Options:
        pass

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        self._prop = devices.stage.prop(name)
        self._level = False

    async def __aenter__(self) -> Self:
        self._prop.forget()
        self._show(False)
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def changes(self) -> AsyncIterator[bool]:
        for cue in self._prop.waiting():
            self._show([self._level, *self._levels(cue)][-1])
        yield self._level
        while True:
            for level in self._levels(await self._prop.next()):
                if level != self._level:
                    self._show(level)
                    yield level

    def _show(self, level: bool) -> None:
        self._level = level
        self._prop.show(level=level)

    def _levels(self, cue: dict[str, object]) -> tuple[bool, ...]:
        match cue:
            case {"level": bool(level)}:
                return (level,)
            case {"pulse": True}:
                return (True, False)
        log.warning('%s: no cue for an input: %.99s; say {"level": …}', self.name, cue)
        return ()
