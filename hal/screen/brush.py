"""What the painter paints with: text that fits its box, rounded panels. Everything is cached.

Text goes through Pillow with RAQM, so that scripts which join or run right to left come out right.
"""

from __future__ import annotations

import logging
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import pygame
from PIL import Image, ImageDraw, ImageFont, features

from hal.ports import DeviceFault
from hal.screen import symbols
from hal.screen.geometry import Rect
from hal.screen.palette import Colour

log = logging.getLogger("wicket.hal.screen")

FONTS = (
    ("noto/NotoSans-Regular.ttf", "noto/NotoSans-Bold.ttf"),
    ("dejavu/DejaVuSans.ttf", "dejavu/DejaVuSans-Bold.ttf"),
)
_DEJAVU = FONTS[-1]
SCRIPT_FONTS = {
    "ARABIC": (_DEJAVU, ("noto/NotoNaskhArabic-Regular.ttf", "noto/NotoNaskhArabic-Bold.ttf")),
    "HEBREW": (_DEJAVU, ("noto/NotoSansHebrew-Regular.ttf", "noto/NotoSansHebrew-Bold.ttf")),
    "THAI": (("noto/NotoSansThai-Regular.ttf", "noto/NotoSansThai-Bold.ttf"),),
}
"""For scripts that FONTS may lack; first those that have a lane's Latin name too."""
RIGHT_TO_LEFT = ("ARABIC", "HEBREW")
FONT_ROOT = Path("/usr/share/fonts/truetype")
NO_TYPE = ("Cc", "Cs")
"""Control characters and halves of a surrogate pair: RAQM gives up on some of them."""
SMALLEST = 11
"""Pixels; text that does not fit even so is cut with an ellipsis."""
LINE_HEIGHT = 1.24
BASELINE = 0.96
"""Both in type sizes, from the top of the line: accents on capitals and descenders just fit."""
SMOOTH = 4
"""Panels are drawn this much larger and scaled down: pygame does not smooth its corners."""


@dataclass(frozen=True, slots=True)
class Style:
    size: int
    colour: Colour
    bold: bool = False
    align: Literal["left", "middle", "right"] = "left"
    valign: Literal["top", "middle", "bottom"] = "middle"


@dataclass(frozen=True, slots=True)
class Face:
    """`script` is a key of SCRIPT_FONTS, or empty."""

    bold: bool
    script: str


@dataclass(frozen=True, slots=True)
class Fitted:
    """Text broken into lines that fit, at the largest size that does."""

    lines: tuple[str, ...]
    size: int


def find_fonts(root: Path = FONT_ROOT, script: str = "") -> tuple[Path, Path]:
    """Regular and bold. Raises DeviceFault if the machine has none that we know."""
    for regular, bold in (*SCRIPT_FONTS.get(script, ()), *FONTS):
        if (root / regular).exists() and (root / bold).exists():
            return root / regular, root / bold
    raise DeviceFault(
        "screen", f"no fonts in {root}", "apt install fonts-noto-core or fonts-dejavu-core"
    )


def script_of(text: str) -> str:
    """The first script in it that needs a font of its own."""
    names = (unicodedata.name(char, "").partition(" ")[0] for char in text if char > "\u02ff")
    return next((name for name in names if name in SCRIPT_FONTS), "")


class Brush:
    """Raises DeviceFault when no font is installed."""

    def __init__(self, fonts: tuple[Path, Path] | None = None) -> None:
        self._fonts = fonts or find_fonts()
        self._engine = ImageFont.Layout.RAQM if features.check("raqm") else ImageFont.Layout.BASIC
        if self._engine is ImageFont.Layout.BASIC:
            log.warning("no RAQM: Arabic, Hebrew and Thai come out wrong; apt install libfribidi0")
        self.font = lru_cache(maxsize=128)(self._load_font)
        self.fit = lru_cache(maxsize=2048)(self._fit)
        self.text_surface = lru_cache(maxsize=512)(self._render_text)
        self.panel_surface = lru_cache(maxsize=256)(_render_panel)
        self.symbol_surface = lru_cache(maxsize=64)(_render_symbol)
        self.qr_surface = lru_cache(maxsize=32)(_render_qr)

    def text(self, surface: pygame.Surface, text: str, box: Rect, style: Style) -> Rect:
        """Write into the box; return what the writing covers."""
        if not text or box.w <= 0 or box.h <= 0:
            return Rect(box.x, box.y, 0, 0)
        drawn = self.text_surface(text, box.w, box.h, style)
        w, h = drawn.get_size()
        x = {"left": box.x, "middle": box.x + (box.w - w) // 2, "right": box.x + box.w - w}
        y = {"top": box.y, "middle": box.y + (box.h - h) // 2, "bottom": box.y + box.h - h}
        surface.blit(drawn, (x[style.align], y[style.valign]))
        return Rect(x[style.align], y[style.valign], w, h)

    def panel(
        self, surface: pygame.Surface, rect: Rect, fill: Colour, border: Colour, shape: Shape
    ) -> None:
        surface.blit(self.panel_surface(rect.w, rect.h, fill, border, shape), (rect.x, rect.y))

    def _load_font(self, size: int, face: Face) -> ImageFont.FreeTypeFont:
        fonts = find_fonts(script=face.script) if face.script else self._fonts
        path = fonts[face.bold]
        return ImageFont.truetype(path, size, layout_engine=self._engine)

    def _fit(self, text: str, w: int, h: int, style: Style) -> Fitted:
        face = Face(style.bold, script_of(text))
        text = "".join(" " if unicodedata.category(char) in NO_TYPE else char for char in text)
        for size in range(style.size, SMALLEST - 1, -1):
            lines = self._wrap(text, w, size, face)
            high = round(len(lines) * size * LINE_HEIGHT) <= max(h, round(size * LINE_HEIGHT))
            fits_low = size <= h or size == SMALLEST
            if high and fits_low and all(self._width(line, size, face) <= w for line in lines):
                return Fitted(tuple(lines), size)
        return self._cut(text, w, h, face)

    def _cut(self, text: str, w: int, h: int, face: Face) -> Fitted:
        lines = self._wrap(text, w, SMALLEST, face)
        keep = max(1, int(h / (SMALLEST * LINE_HEIGHT)))
        kept = [*lines[: keep - 1], " ".join(lines[keep - 1 :])]
        return Fitted(tuple(self._shorten(line, w, face) for line in kept), SMALLEST)

    def _shorten(self, line: str, w: int, face: Face) -> str:
        if self._width(line, SMALLEST, face) <= w:
            return line
        while line and self._width(line + "…", SMALLEST, face) > w:
            line = line[:-1]
        return line + "…"

    def _width(self, line: str, size: int, face: Face) -> float:
        return float(self.font(size, face).getlength(line))

    def _wrap(self, text: str, w: int, size: int, face: Face) -> list[str]:
        font = self.font(size, face)
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if not lines[-1] or font.getlength(longer) <= w:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines

    def _render_text(self, text: str, w: int, h: int, style: Style) -> pygame.Surface:
        fitted = self.fit(text, w, h, style)
        face = Face(style.bold, script_of(text))
        font = self.font(fitted.size, face)
        rightwards = face.script not in RIGHT_TO_LEFT
        direction = None if rightwards or self._engine is ImageFont.Layout.BASIC else "rtl"
        line_h = round(fitted.size * LINE_HEIGHT)
        widths = [font.getlength(line) for line in fitted.lines]
        size = (max(1, min(w, round(max(widths)) + 1)), line_h * len(fitted.lines))
        mask = Image.new("L", size, 0)
        pen = ImageDraw.Draw(mask)
        for i, (line, width) in enumerate(zip(fitted.lines, widths, strict=True)):
            spare = size[0] - width
            x = {"left": 0.0, "middle": spare / 2, "right": spare}[style.align]
            at = (x, i * line_h + BASELINE * fitted.size)
            pen.text(at, line, 255, font, anchor="ls", direction=direction)
        ink = Image.new("RGBA", size, (*style.colour, 0))
        ink.putalpha(mask)
        return to_surface(ink)


@dataclass(frozen=True, slots=True)
class Shape:
    """Corner radius and border width in pixels; `hollow` leaves out the ground."""

    radius: int
    border: int = 1
    hollow: bool = False


def _render_panel(w: int, h: int, fill: Colour, border: Colour, shape: Shape) -> pygame.Surface:
    big = Image.new("RGBA", (w * SMOOTH, h * SMOOTH), (*border, 0))
    pen = ImageDraw.Draw(big)
    pen.rounded_rectangle(
        (0, 0, w * SMOOTH - 1, h * SMOOTH - 1),
        radius=shape.radius * SMOOTH,
        fill=(*fill, 0 if shape.hollow else 255),
        outline=(*border, 255) if shape.border else None,
        width=shape.border * SMOOTH,
    )
    return to_surface(big.resize((w, h), Image.Resampling.BOX))


def _render_symbol(symbol: str, side: int, colour: Colour, ground: Colour) -> pygame.Surface:
    return to_surface(symbols.draw(symbol, side, colour, ground))


def _render_qr(data: str, side: int) -> pygame.Surface:
    return to_surface(symbols.qr(data, side))


def to_surface(image: Image.Image) -> pygame.Surface:
    return pygame.image.frombytes(image.tobytes(), image.size, "RGBA")
