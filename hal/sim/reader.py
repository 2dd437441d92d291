"""A code reader on the stage. The cue `{"scan": "W1…"}` holds a ticket before it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

from hal.drivers.scan_text import clean
from hal.ports import Scan
from hal.registry import Devices

log = logging.getLogger("wicket.hal.sim")


class SimReader:
    @dataclass(frozen=True)
    class Options:
        pass

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        self._prop = devices.stage.prop(name)

    async def __aenter__(self) -> Self:
        self._prop.show(open=True)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._prop.show(open=False)

    async def scans(self) -> AsyncIterator[Scan]:
        async for cue in self._prop.cues():
            match cue:
                case {"scan": str(text)}:
                    if code := clean(text):
                        yield Scan(code)
                case _:
                    log.warning('%s: no cue for a reader: %.99s; say {"scan": …}', self.name, cue)
