"""Text of any script as black-and-white pictures, through Pillow with RAQM (libfribidi0)."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw, ImageFont, features

log = logging.getLogger("wicket.hal.typesetter")

FONT_ROOT = Path("/usr/share/fonts")
_PREFERRED = ("truetype/noto/NotoSans-Regular.ttf", "truetype/dejavu/DejaVuSans.ttf")
_OTHERS = ("truetype/noto/NotoSans*-Regular.ttf", "opentype/noto/NotoSansCJK-Regular.ttc")
_NO_CHARACTER = "\uffff"
_DARK = 144
"""Of 255; what is darker becomes black. Above the middle, so that thin strokes survive."""

Font = ImageFont.FreeTypeFont


@dataclass(frozen=True, slots=True)
class Style:
    """`size` in dots. Text that runs from right to left starts at the right."""

    size: int
    bold: bool = False
    align: Literal["start", "middle"] = "start"


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text in one font."""

    text: str
    font: Font


def typeset(text: str, style: Style, width: int) -> Image.Image:
    """The text broken into lines of `width` dots, one below the other; mode "1", paper is 1."""
    lines = [_draw(line, style, width) for line in _lines(text, style, width)]
    page = Image.new("1", (width, sum(line.height for line in lines)), 1)
    top = 0
    for line in lines:
        page.paste(line, (0, top))
        top += line.height
    return page


def _draw(text: str, style: Style, width: int) -> Image.Image:
    rtl = _is_rtl(text)
    runs = _runs(text, style)
    if rtl:
        runs.reverse()
    ascent, descent = map(max, zip(*(run.font.getmetrics() for run in runs), strict=True))
    picture = Image.new("L", (width, ascent + descent), 255)
    spare = width - _length(runs)
    x = spare / 2 if style.align == "middle" else spare if rtl else 0.0
    pen = ImageDraw.Draw(picture)
    direction = ("rtl" if rtl else "ltr") if _has_raqm() else None
    for run in runs:
        pen.text((x, ascent), run.text, 0, run.font, anchor="ls", direction=direction)
        x += run.font.getlength(run.text)
    return picture.point(lambda level: 255 if level > _DARK else 0).convert("1")


def _lines(text: str, style: Style, width: int) -> Iterator[str]:
    """Breaks at blanks, and inside a word only where the word alone is too long."""
    for paragraph in text.splitlines() or [""]:
        line = ""
        for piece in _pieces(_without_controls(paragraph), style, width):
            if line and _length(_runs(line + piece.rstrip(), style)) > width:
                yield line.rstrip()
                line = ""
            line += piece
        yield line.rstrip() or " "


def _without_controls(text: str) -> str:
    """RAQM gives up on some of them."""
    spaced = text.replace("\t", " ")
    return "".join(char for char in spaced if unicodedata.category(char) not in {"Cc", "Cs"})


def _pieces(paragraph: str, style: Style, width: int) -> Iterator[str]:
    for word in re.findall(r"\s*\S+\s*", paragraph):
        if _length(_runs(word.strip(), style)) <= width:
            yield word
        else:
            yield from _graphemes(word)


def _graphemes(word: str) -> list[str]:
    """Characters with the marks that belong to them."""
    parts: list[str] = []
    for char in word:
        if parts and _belongs_to_previous(char):
            parts[-1] += char
        else:
            parts.append(char)
    return parts


def _runs(text: str, style: Style) -> list[Run]:
    """In one font if one has it all, which is what joins and orders text best."""
    for path in _fonts():
        if all(_covers(path, char) for char in text):
            return [Run(text, _load(path, style.size, style.bold))]
    runs: list[Run] = []
    current: Path | None = None
    for char in text:
        if current is None or not _covers(current, char):
            current = _font_for(char)
            runs.append(Run("", _load(current, style.size, style.bold)))
        runs[-1] = Run(runs[-1].text + char, runs[-1].font)
    return runs


@lru_cache(maxsize=8192)
def _font_for(char: str) -> Path | None:
    for path in _fonts():
        if _covers(path, char):
            return path
    log.warning("no font has %s; for Chinese, Japanese, Korean: apt install fonts-noto-cjk", char)
    return _fonts()[0]


def _length(runs: list[Run]) -> float:
    return sum(run.font.getlength(run.text) for run in runs)


def _is_rtl(text: str) -> bool:
    """By the first character that has a direction (Unicode bidirectional algorithm, rule P2)."""
    strong = (unicodedata.bidirectional(char) for char in text)
    return next((kind for kind in strong if kind in {"L", "R", "AL"}), "L") != "L"


def _belongs_to_previous(char: str) -> bool:
    return unicodedata.category(char) in {"Mn", "Me", "Mc", "Cf"}


@lru_cache(maxsize=8192)
def _covers(path: Path | None, char: str) -> bool:
    if char.isspace() or _belongs_to_previous(char):
        return True
    try:
        return _glyph(path, char) != _glyph(path, _NO_CHARACTER)
    except ValueError:  # a font without even a glyph for what shows nothing
        return False


def _glyph(path: Path | None, char: str) -> tuple[tuple[int, int], bytes]:
    mask = _load(path, 24, bold=False).getmask(char)
    return mask.size, bytes(mask)


@cache
def _fonts() -> tuple[Path | None, ...]:
    """From the first to the last choice; None stands for Pillow's own, which knows only Latin."""
    found = chain(*(sorted(FONT_ROOT.glob(name)) for name in (*_PREFERRED, *_OTHERS)))
    paths = tuple(dict.fromkeys(found))
    if not paths:
        log.warning("no fonts in %s; only Latin prints: apt install fonts-noto-core", FONT_ROOT)
    return paths or (None,)


@lru_cache(maxsize=256)
def _load(path: Path | None, size: int, bold: bool) -> Font:
    if path is None:
        font = ImageFont.load_default(size)
        assert isinstance(font, Font)
        return font
    fat = path.with_name(
        path.name.replace("-Regular", "-Bold").replace("DejaVuSans.", "DejaVuSans-Bold.")
    )
    engine = ImageFont.Layout.RAQM if _has_raqm() else ImageFont.Layout.BASIC
    return ImageFont.truetype(fat if bold and fat.exists() else path, size, layout_engine=engine)


@cache
def _has_raqm() -> bool:
    there = bool(features.check("raqm"))
    if not there:
        log.warning("no RAQM: Arabic, Hebrew and Thai print wrong; apt install libfribidi0")
    return there
