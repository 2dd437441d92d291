"""Pictures: the symbols of the big messages, drawn on a grid of 100 by 100, and QR codes."""

from __future__ import annotations

from collections.abc import Callable

import segno
from PIL import Image, ImageDraw

from hal.screen.palette import Colour

SMOOTH = 4
QUIET_ZONE = 4
"""Modules of white around a QR code (ISO/IEC 18004)."""


class _Pen:
    """Draws in grid units with round ends."""

    def __init__(self, size: int, colour: Colour, ground: Colour) -> None:
        self.unit = size * SMOOTH / 100
        side = size * SMOOTH
        self.image = Image.new("RGBA", (side, side), (*colour, 0))
        self.draw = ImageDraw.Draw(self.image)
        self.colour, self.ground = (*colour, 255), (*ground, 255)

    def _at(self, *grid: float) -> list[float]:
        return [value * self.unit for value in grid]

    def line(self, *points: float, width: float = 6) -> None:
        xy = self._at(*points)
        self.draw.line(xy, self.colour, round(width * self.unit), joint="curve")
        r = width * self.unit / 2
        for x, y in ((xy[0], xy[1]), (xy[-2], xy[-1])):
            self.draw.ellipse((x - r, y - r, x + r, y + r), self.colour)

    def box(self, *corners: float, radius: float = 8, width: float = 6, full: bool = False) -> None:
        self.draw.rounded_rectangle(
            self._at(*corners),
            radius * self.unit,
            fill=self.colour if full else None,
            outline=self.colour,
            width=round(width * self.unit),
        )

    def disc(self, x: float, y: float, r: float, *, hole: bool = False) -> None:
        colour = (0, 0, 0, 0) if hole else self.colour
        self.draw.ellipse(self._at(x - r, y - r, x + r, y + r), colour)

    def ring(self, x: float, y: float, r: float, width: float = 6) -> None:
        corners = self._at(x - r, y - r, x + r, y + r)
        self.draw.ellipse(corners, outline=self.colour, width=round(width * self.unit))

    def polygon(self, *corners: float) -> None:
        self.draw.polygon(self._at(*corners), self.colour)

    def mark(self, *points: float, width: float = 8) -> None:
        """A line in the colour of the ground, on a full shape."""
        kept, self.colour = self.colour, self.ground
        self.line(*points, width=width)
        self.colour = kept


def _ticket(pen: _Pen) -> None:
    pen.box(4, 26, 96, 74, radius=9, full=True)
    for y in (26, 74):
        pen.disc(68, y, 7, hole=True)
    for y in range(37, 66, 8):
        pen.mark(68, y, 68, y + 2, width=3)
    for y, end in ((41, 52), (51, 44), (61, 34)):
        pen.mark(18, y, end, y, width=4)


def _card(pen: _Pen) -> None:
    pen.box(8, 24, 92, 76, radius=8)
    pen.draw.rectangle(pen._at(8, 36, 92, 48), pen.colour)
    pen.line(20, 63, 42, 63)
    pen.line(68, 63, 80, 63)


def _tick(pen: _Pen) -> None:
    pen.disc(50, 50, 44)
    pen.mark(29, 52, 44, 67, 72, 36)


def _printer(pen: _Pen) -> None:
    pen.box(28, 8, 72, 36, radius=4)
    pen.box(8, 34, 92, 72, radius=8, full=True)
    pen.draw.rectangle(pen._at(28, 56, 72, 92), pen.ground, pen.colour, round(6 * pen.unit))
    pen.line(38, 68, 62, 68, width=5)
    pen.line(38, 79, 54, 79, width=5)
    pen.mark(80, 46, 80.1, 46, width=6)


def _warning(pen: _Pen) -> None:
    pen.draw.polygon(pen._at(50, 12, 92, 84, 8, 84), pen.colour)
    pen.line(50, 12, 92, 84, 8, 84, 50, 12, width=10)
    pen.mark(50, 38, 50, 60, width=9)
    pen.mark(50, 74, 50.1, 74, width=9)


def _clock(pen: _Pen) -> None:
    pen.ring(50, 50, 42)
    pen.line(50, 26, 50, 50, 67, 60)


def _hand(pen: _Pen) -> None:
    pen.ring(50, 50, 42)
    pen.disc(36, 42, 5)
    pen.disc(64, 42, 5)
    pen.draw.arc(pen._at(30, 36, 70, 74), 20, 160, pen.colour, round(6 * pen.unit))


def _refund(pen: _Pen) -> None:
    pen.draw.arc(pen._at(12, 14, 88, 90), 200, 150, pen.colour, round(7 * pen.unit))
    pen.draw.polygon(pen._at(4, 24, 34, 34, 10, 54), pen.colour)
    pen.line(36, 52, 46, 62, 66, 42, width=7)


def _arrow(pen: _Pen) -> None:
    pen.polygon(50, 6, 92, 50, 66, 50, 66, 94, 34, 94, 34, 50, 8, 50)


def _cross(pen: _Pen) -> None:
    pen.line(18, 18, 82, 82, width=19)
    pen.line(82, 18, 18, 82, width=19)


def _palm(pen: _Pen) -> None:
    for x, top in ((33, 24), (47, 13), (61, 16), (75, 29)):
        pen.line(x, top, x, 60, width=12)
    pen.box(27, 46, 81, 94, radius=22, full=True)
    pen.line(14, 54, 34, 80, width=12)


def _flame(pen: _Pen) -> None:
    outside = [(50, 4), (58, 22), (84, 36), (84, 62), (84, 82), (68, 96), (50, 96), (32, 96)]
    outside += [(16, 82), (16, 62), (16, 48), (27, 40), (31, 27), (35, 33), (37, 38), (40, 43)]
    pen.polygon(*_curve([*outside, (49, 33), (52, 19), (50, 4)]))
    inside = [(50, 54), (57, 65), (66, 69), (66, 79), (66, 88), (59, 93), (50, 93), (41, 93)]
    kept, pen.colour = pen.colour, pen.ground
    pen.polygon(*_curve([*inside, (34, 88), (34, 79), (34, 69), (45, 65), (50, 54)]))
    pen.colour = kept


def _curve(points: list[tuple[float, float]]) -> list[float]:
    """Along cubic Bézier curves: a point, then two controls and a point for each curve."""
    along: list[float] = []
    for i in range(0, len(points) - 1, 3):
        for step in range(SMOOTH * 4):
            t = step / (SMOOTH * 4)
            shares = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
            part = list(zip(shares, points[i : i + 4], strict=True))
            along += [sum(share * point[axis] for share, point in part) for axis in (0, 1)]
    return along


def _caps(pen: _Pen) -> None:
    pen.line(50, 16, 18, 52, 36, 52, 36, 82, 64, 82, 64, 52, 82, 52, 50, 16, width=7)


def _backspace(pen: _Pen) -> None:
    pen.line(34, 24, 92, 24, 92, 76, 34, 76, 8, 50, 34, 24, width=7)
    pen.line(52, 40, 72, 60, width=7)
    pen.line(72, 40, 52, 60, width=7)


def _minus(pen: _Pen) -> None:
    pen.line(22, 50, 78, 50, width=10)


def _plus(pen: _Pen) -> None:
    _minus(pen)
    pen.line(50, 22, 50, 78, width=10)


SYMBOLS: dict[str, Callable[[_Pen], None]] = {
    "ticket": _ticket,
    "card": _card,
    "tick": _tick,
    "printer": _printer,
    "warning": _warning,
    "clock": _clock,
    "hand": _hand,
    "refund": _refund,
    "arrow": _arrow,
    "cross": _cross,
    "palm": _palm,
    "flame": _flame,
    "caps": _caps,
    "backspace": _backspace,
    "minus": _minus,
    "plus": _plus,
}


def draw(symbol: str, size: int, colour: Colour, ground: Colour) -> Image.Image:
    """A square picture, transparent around the symbol."""
    pen = _Pen(size, colour, ground)
    SYMBOLS[symbol](pen)
    return pen.image.resize((size, size), Image.Resampling.LANCZOS)


def qr(data: str, side: int) -> Image.Image:
    """Black on white with its quiet zone, in whole pixels a module, at most `side` if it can."""
    code = segno.make_qr(data, error="m")
    matrix = [bytes(0 if dark else 255 for dark in row) for row in code.matrix]
    modules = len(matrix)
    small = Image.frombytes("L", (modules, modules), b"".join(matrix))
    unit = max(1, side // (modules + 2 * QUIET_ZONE))
    whole = Image.new("L", (unit * (modules + 2 * QUIET_ZONE),) * 2, 255)
    large = small.resize((modules * unit, modules * unit), Image.Resampling.NEAREST)
    whole.paste(large, (QUIET_ZONE * unit, QUIET_ZONE * unit))
    return whole.convert("RGBA")
