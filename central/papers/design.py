"""How the tickets of a product look: on the page, in the PDF, on paper. Pure values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from central.catalogue.texts import hidden

MAX_TEXT = 500
MAX_SMALL_PRINT = 1000
MAX_LINES = 12
MAX_LANGUAGES = 20
WHITE, BLACK = "#ffffff", "#000000"
READABLE = 4.5
"""The least contrast of text (WCAG 2.2, 1.4.3)."""
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_HOLE = re.compile(r"\{([^{}]*)\}")


class Shown(Enum):
    """What a ticket may tell beside what it opens, when, and its QR code."""

    PRICE = "price"
    HOLDER = "holder"
    PERSONS = "persons"
    ENTRY = "entry"
    ORDER = "order"
    HUMAN_CODE = "human_code"


class Hole(Enum):
    """What a {placeholder} in a text of the venue is filled with."""

    VENUE = "venue"
    WHAT = "what"
    PRODUCT = "product"
    WHEN = "when"
    SEATS = "seats"
    NAME = "name"
    PERSONS = "persons"
    PRICE = "price"
    ORDER = "order"


@dataclass(frozen=True)
class Design:
    """`logo` is a PNG as central.papers.logo makes it, b"" for none. `band` is the colour behind
    the venue's name, `ink` that of headings, both "#rrggbb". `text` and `small_print` are the
    venue's own words by language, with {placeholders}. `qr_mm` is the side of the QR code in the
    PDF; a phone and a printer make it as large as they can."""

    band: str = "#14213d"
    ink: str = "#14213d"
    shown: frozenset[Shown] = frozenset(Shown)
    text: Mapping[str, str] = field(default_factory=dict)
    small_print: Mapping[str, str] = field(default_factory=dict)
    qr_mm: int = 50
    logo: bytes = b""

    def __post_init__(self) -> None:
        for what, colour in (("band", self.band), ("headings", self.ink)):
            if not _COLOUR.fullmatch(colour):
                raise ValueError(f"{what}: write a colour like #14213d")
        if (told := contrast(self.ink, WHITE)) < READABLE:
            raise ValueError(
                f"headings: {self.ink} on white is hard to read"
                f" (contrast {told:.1f}, not {READABLE})"
            )
        if not 35 <= self.qr_mm <= 80:
            raise ValueError("the QR code in the PDF is 35 to 80 mm wide")
        for name, texts, most in (
            ("text", self.text, MAX_TEXT),
            ("small print", self.small_print, MAX_SMALL_PRINT),
        ):
            if len(texts) > MAX_LANGUAGES:
                raise ValueError(f"{name}: at most {MAX_LANGUAGES} languages")
            for language, text in texts.items():
                _check_text(f"{name} ({language})", text, most)

    @property
    def on_band(self) -> str:
        """Black or white, whichever is read better on the band; one of them always is."""
        return max((WHITE, BLACK), key=lambda colour: contrast(colour, self.band))


def fill(text: str, values: Mapping[Hole, str]) -> str:
    """The text with its {placeholders} filled; a line in which nothing is left is left out."""
    lines = text.split("\n")
    done = [_HOLE.sub(lambda hole: values.get(Hole(hole[1]), ""), line) for line in lines]
    kept = [new for old, new in zip(lines, done, strict=True) if new.strip() or not old.strip()]
    return "\n".join(kept).strip()


def contrast(one: str, other: str) -> float:
    """Of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    """WCAG 2.2, "relative luminance"."""
    levels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in levels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _check_text(what: str, text: str, most: int) -> None:
    if len(text) > most or text.count("\n") >= MAX_LINES:
        raise ValueError(f"{what}: at most {most} characters in {MAX_LINES} lines")
    if any(hidden(line) for line in text.split("\n")):
        raise ValueError(f"{what}: no control characters")
    known = [hole.value for hole in Hole]
    for name in _HOLE.findall(text):
        if name not in known:
            told = ", ".join(f"{{{one}}}" for one in known)
            raise ValueError(f"{what}: {{{name[:40]}}} is unknown; there are {told}")


DEFAULT = Design()
