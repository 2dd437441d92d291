"""The colours. Every text on its ground has a contrast of at least 4.5:1 (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[int, int, int]

PAPER: Colour = (246, 244, 239)
CARD: Colour = (255, 255, 255)
LINE: Colour = (217, 213, 204)
INK: Colour = (22, 32, 42)
MUTED: Colour = (84, 94, 104)
ACCENT: Colour = (11, 90, 107)
ACCENT_DEEP: Colour = (7, 66, 80)
ACCENT_SOFT: Colour = (222, 237, 239)
WHITE: Colour = (255, 255, 255)
MIST: Colour = (206, 228, 233)
FADED: Colour = (234, 231, 224)
FADED_INK: Colour = (88, 94, 100)
AMBER_SOFT: Colour = (253, 240, 207)
AMBER_INK: Colour = (92, 66, 0)
AMBER_LINE: Colour = (222, 184, 92)


@dataclass(frozen=True, slots=True)
class Look:
    """How a thing is coloured: its ground, what is written on it, its border."""

    ground: Colour
    ink: Colour
    border: Colour
    muted: Colour


LOOKS = {
    "calm": Look(PAPER, INK, LINE, MUTED),
    "accent": Look(ACCENT, WHITE, ACCENT_DEEP, MIST),
    "warning": Look(AMBER_SOFT, INK, AMBER_LINE, AMBER_INK),
    "card": Look(CARD, INK, LINE, MUTED),
    "selected": Look(ACCENT_SOFT, INK, ACCENT, MUTED),
    "disabled": Look(FADED, FADED_INK, FADED, FADED_INK),
    "notice": Look(AMBER_SOFT, AMBER_INK, AMBER_LINE, AMBER_INK),
    "primary": Look(ACCENT, WHITE, ACCENT, WHITE),
    "quiet": Look(CARD, ACCENT_DEEP, LINE, MUTED),
    "primary on accent": Look(WHITE, ACCENT_DEEP, WHITE, ACCENT_DEEP),
    "quiet on accent": Look(ACCENT_DEEP, WHITE, MIST, WHITE),
}


def luminance(colour: Colour) -> float:
    """Relative luminance, 0 for black to 1 for white (WCAG 2.2)."""
    linear = [
        c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4
        for c in colour
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    """1 (the same) to 21 (black on white)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
