"""The paper that comes out of a receipt printer: draws ESC/POS bytes as it would, at 203 dpi.

Knows the commands that hal.drivers.escpos_bytes names and refuses every other one. Like a real
printer it leaves no quiet zone round a QR code by itself.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import segno
from PIL import Image

DPI = 203
LINE_DOTS = 34
"""One sixth of an inch, the line feed after ESC @."""
CUTTER_DOTS = 80
"""From the print head to the cutter."""
_LEVELS = {48: "l", 49: "m", 50: "q", 51: "h"}


def draw(data: bytes, dots: int = 576) -> Image.Image:
    """All that `data` prints, mode "1", paper is 1. Raises ValueError for what is not understood
    and for what does not fit on the paper."""
    return _Drawing(data, dots).finish()


class _Drawing:
    def __init__(self, data: bytes, dots: int) -> None:
        self._rest = memoryview(data)
        self._dots = dots
        self._pieces: list[Image.Image] = []
        self._initialise()
        self._commands: dict[bytes, Callable[[], None]] = {
            b"\x1b@": self._initialise,
            b"\x1ba": self._justify,
            b"\x1bd": lambda: self._feed(self._take(1)[0] * LINE_DOTS),
            b"\x1dv0": self._raster,
            b"\x1d(k": self._code,
            b"\x1dV": self._cut,
        }

    def finish(self) -> Image.Image:
        while self._rest:
            self._command()
        paper = Image.new("1", (self._dots, sum(p.height for p in self._pieces) or 1), 1)
        top = 0
        for piece in self._pieces:
            paper.paste(piece, (0, top))
            top += piece.height
        return paper

    def _command(self) -> None:
        for start, act in self._commands.items():
            if self._rest[: len(start)] == start:
                self._take(len(start))
                act()
                return
        raise ValueError(f"no ESC/POS command known here: {self._rest[:8].hex(' ')}")

    def _take(self, size: int) -> bytes:
        taken, self._rest = bytes(self._rest[:size]), self._rest[size:]
        if len(taken) < size:
            raise ValueError("the last command is cut off")
        return taken

    def _initialise(self) -> None:
        self._justified = 0
        self._module, self._level, self._data = 3, "l", b""

    def _justify(self) -> None:
        self._justified = self._take(1)[0] % 48
        if self._justified not in {0, 1, 2}:
            raise ValueError(f"ESC a {self._justified}")

    def _feed(self, dots: int) -> None:
        self._pieces.append(Image.new("1", (self._dots, dots), 1))

    def _put(self, picture: Image.Image) -> None:
        spare = self._dots - picture.width
        if spare < 0:
            raise ValueError(f"{picture.width} dots on a paper of {self._dots}")
        row = Image.new("1", (self._dots, picture.height), 1)
        row.paste(picture, (spare * self._justified // 2, 0))
        self._pieces.append(row)

    def _raster(self) -> None:
        mode, width_bytes, height = struct.unpack("<BHH", self._take(5))
        if mode != 0:
            raise ValueError(f"GS v 0 with mode {mode}")
        inverted = bytes(byte ^ 0xFF for byte in self._take(width_bytes * height))
        self._put(Image.frombytes("1", (width_bytes * 8, height), inverted))

    def _code(self) -> None:
        (size,) = struct.unpack("<H", self._take(2))
        parameters = self._take(size)
        kind, function, values = parameters[0], parameters[1], parameters[2:]
        match kind, function:
            case 49, 65 if values == b"2\x00":
                pass
            case 49, 67 if 1 <= values[0] <= 16:
                self._module = values[0]
            case 49, 69 if values[0] in _LEVELS:
                self._level = _LEVELS[values[0]]
            case 49, 80 if values[:1] == b"0":
                self._data = values[1:]
            case 49, 81 if values == b"0":
                self._put(self._symbol())
            case _:
                raise ValueError(f"GS ( k with {parameters[:4].hex(' ')}")

    def _symbol(self) -> Image.Image:
        code = segno.make_qr(self._data.decode(), error=self._level, boost_error=False)
        bits = bytes(255 * (1 - module) for row in code.matrix for module in row)
        side = len(code.matrix)
        small = Image.frombytes("L", (side, side), bits)
        return small.resize((side * self._module,) * 2, Image.Resampling.NEAREST).convert("1")

    def _cut(self) -> None:
        if self._take(2) != b"B\x00":
            raise ValueError("GS V in another form than 66 0")
        self._feed(CUTTER_DOTS)
