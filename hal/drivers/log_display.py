"""A lane without a display: what it would show goes to the log."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Self

from hal.ports import Notice
from hal.registry import Devices

log = logging.getLogger("wicket.hal.display")


class LogDisplay:
    @dataclass(frozen=True)
    class Options:
        pass

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def show(self, notice: Notice) -> None:
        log.info("%s: [%s] %s %s", self.name, notice.tone.value, notice.title, notice.text)
