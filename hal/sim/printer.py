"""A receipt printer on the stage: the real driver's bytes, drawn on paper that one can look at.

Shows `{"png": base64, "number": 1, 2, …, "code": the QR code's data, "caption": …}`; the cue
`{"paper": false}` takes the roll out, `{"paper": true}` puts one in.
"""

from __future__ import annotations

import asyncio
import base64
import io
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hal.drivers.escpos_bytes import Paper, render
from hal.ports import DeviceFault, Slip, SlipCode
from hal.registry import Devices
from hal.sim.paper import DPI, draw

log = logging.getLogger("wicket.hal.sim")


class SimPrinter:
    @dataclass(frozen=True)
    class Options:
        """`folder`: where each slip is also put as 1.png, 2.png …, going on after a restart, and
        the data of its QR code as 1.txt, 2.txt …"""

        folder: Path | None = None

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        self._folder = options.folder
        self._prop = devices.stage.prop(name)
        self._printing = asyncio.Lock()
        self._has_paper = True
        self._number = 0

    async def __aenter__(self) -> Self:
        self._look_for_paper()
        self._number = max(self._number, _last_number(self._folder))
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def print(self, slip: Slip) -> None:
        async with self._printing:
            self._look_for_paper()
            self._number += 1
            number = self._number
            code = next((part for part in slip.parts if isinstance(part, SlipCode)), None)
            png = await asyncio.to_thread(_picture, slip)
            if self._folder is not None:
                data = code.data.encode() if code else b""
                await asyncio.to_thread(_put, self._folder / f"{number}.png", png)
                await asyncio.to_thread(_put, self._folder / f"{number}.txt", data)
        self._prop.show(
            png=base64.b64encode(png).decode(),
            number=number,
            code=code and code.data,
            caption=code and code.caption,
        )

    def _look_for_paper(self) -> None:
        for cue in self._prop.waiting():
            match cue:
                case {"paper": bool(has_paper)}:
                    self._has_paper = has_paper
                case _:
                    log.warning("%s: no cue for a printer: %.99s", self.name, cue)
        self._prop.show(paper=self._has_paper)
        if not self._has_paper:
            raise DeviceFault(self.name, "paper out", "put in a new roll")


def _picture(slip: Slip) -> bytes:
    buffer = io.BytesIO()
    draw(render(slip, Paper())).save(buffer, "PNG", dpi=(DPI, DPI))
    return buffer.getvalue()


def _last_number(folder: Path | None) -> int:
    if folder is None:
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    stems = (file.stem for file in folder.glob("*.png"))
    return max((int(stem) for stem in stems if stem.isdecimal()), default=0)


def _put(path: Path, data: bytes) -> None:
    """Whoever looks sees a whole file or none."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(data)
    unfinished.replace(path)
