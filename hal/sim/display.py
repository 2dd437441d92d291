"""A lane's display on the stage: `{"tone": …, "title": …, "text": …, "language": …}`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from hal.ports import Notice, Tone
from hal.registry import Devices


class SimDisplay:
    @dataclass(frozen=True)
    class Options:
        pass

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        self._prop = devices.stage.prop(name)

    async def __aenter__(self) -> Self:
        self._show(Notice(Tone.IDLE, ""))
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def show(self, notice: Notice) -> None:
        for _ in self._prop.waiting():
            pass
        self._show(notice)

    def _show(self, notice: Notice) -> None:
        self._prop.show(
            tone=notice.tone.value,
            title=notice.title,
            text=notice.text,
            language=notice.language,
        )
