"""A lane's notice on a whole screen: colour, symbols and words, to be seen from afar."""

from __future__ import annotations

from dataclasses import dataclass

import pygame

from hal.ports import Notice, Tone
from hal.screen.brush import Brush, Style
from hal.screen.geometry import Rect
from hal.screen.palette import ACCENT, AMBER_SOFT, INK, MIST, WHITE, Colour

GREEN: Colour = (0, 104, 64)
MINT: Colour = (209, 240, 222)
RED: Colour = (168, 22, 32)
ROSE: Colour = (255, 226, 222)
YELLOW: Colour = (255, 196, 0)
NIGHT: Colour = (38, 44, 52)
CLOUD: Colour = (222, 226, 230)


@dataclass(frozen=True, slots=True)
class Face:
    """`symbols` stand side by side; no two tones have the same ones."""

    symbols: tuple[str, ...]
    ground: Colour
    ink: Colour
    lesser: Colour


FACES = {
    Tone.IDLE: Face(("ticket",), ACCENT, WHITE, MIST),
    Tone.WAIT: Face(("clock",), AMBER_SOFT, INK, INK),
    Tone.WELCOME: Face(("arrow",), GREEN, WHITE, MINT),
    Tone.REFUSE: Face(("cross",), RED, WHITE, ROSE),
    Tone.FREE: Face(("arrow", "arrow"), GREEN, WHITE, MINT),
    Tone.CLOSED: Face(("palm",), NIGHT, WHITE, CLOUD),
    Tone.ALARM: Face(("warning",), YELLOW, INK, INK),
    Tone.EMERGENCY: Face(("flame", "arrow"), GREEN, WHITE, MINT),
}


@dataclass(frozen=True, slots=True)
class Places:
    symbol: Rect
    title: Rect
    text: Rect


def places(width: int, height: int) -> Places:
    """One below the other; side by side on a screen that is more than twice as wide as high."""
    margin = min(width, height) // 16
    inner = Rect(0, 0, width, height).inset(margin, margin)
    if width > 2 * height:
        symbol = inner._replace(w=inner.h)
        words = Rect(inner.x + inner.h + margin, inner.y, inner.w - inner.h - margin, inner.h)
        title, text = words.rows([words.h * 11 // 20, words.h * 9 // 20], 0)
        return Places(symbol, title, text)
    return Places(*inner.rows([inner.h // 2, inner.h * 11 // 40, inner.h * 9 // 40], 0))


def paint(surface: pygame.Surface, brush: Brush, notice: Notice) -> None:
    """Cover the whole surface."""
    face, where = FACES[notice.tone], places(*surface.get_size())
    surface.fill(face.ground)
    room = where.symbol.columns(len(face.symbols), 0)
    side = min(where.symbol.h, room[0].w)
    left = where.symbol.x + (where.symbol.w - side * len(face.symbols)) // 2
    for i, symbol in enumerate(face.symbols):
        drawn = brush.symbol_surface(symbol, side, face.ink, face.ground)
        y = where.symbol.y + (where.symbol.h - side) // 2
        surface.blit(drawn, (left + i * side, y))
    title = Style(where.title.h * 3 // 5, face.ink, True, "middle")
    text = Style(where.text.h * 2 // 5, face.lesser, False, "middle", "top")
    brush.text(surface, notice.title, where.title, title)
    brush.text(surface, notice.text, where.text, text)
