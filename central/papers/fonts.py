"""Fonts for PDFs, from what Debian has installed: one that has Latin, Greek and Cyrillic, and one
for each other script that a text needs."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

log = logging.getLogger("wicket.central.papers")

FONT_ROOT = Path("/usr/share/fonts")
_MAIN = ("truetype/noto/NotoSans-Regular.ttf", "truetype/dejavu/DejaVuSans.ttf")
_EAST_ASIAN = "opentype/noto/NotoSansCJK-Regular.ttc"
_EAST_ASIAN_SCRIPTS = frozenset({"Cjk", "Hiragana", "Katakana", "Hangul", "Bopomofo"})
_MAIN_SCRIPTS = frozenset({"Latin", "Greek", "Cyrillic", "Digit", ""})


def main_font() -> Path | None:
    """None if there is none: then only Western European letters can be written."""
    return _main(FONT_ROOT)


def further_fonts(text: str) -> list[Path]:
    """For the scripts of the text that the main font has not."""
    scripts = dict.fromkeys(_scripts(text))
    fonts = (path for script in scripts if (path := _font_of(script)))
    return list(dict.fromkeys(fonts))


def bold_of(path: Path) -> Path | None:
    name = path.name.replace("-Regular", "-Bold").replace("DejaVuSans.", "DejaVuSans-Bold.")
    bold = path.with_name(name)
    return bold if name != path.name and bold.exists() else None


def _scripts(text: str) -> Iterator[str]:
    """A letter's Unicode name begins with its script: "ARABIC LETTER BEH"; of symbols one font has
    most."""
    for char in dict.fromkeys(text):
        if unicodedata.category(char) == "So":
            yield "Symbols2"
        elif char.isalpha():
            script = unicodedata.name(char, "").partition(" ")[0].partition("-")[0].title()
            if script not in _MAIN_SCRIPTS:
                yield script


def _font_of(script: str) -> Path | None:
    if script in _EAST_ASIAN_SCRIPTS:
        return _found(FONT_ROOT / _EAST_ASIAN, "fonts-noto-cjk")
    return _found(FONT_ROOT / f"truetype/noto/NotoSans{script}-Regular.ttf", "fonts-noto-core")


@cache
def _main(root: Path) -> Path | None:
    found = next((path for name in _MAIN if (path := root / name).exists()), None)
    if found is None:
        log.warning("PDFs have Western European letters only: apt install fonts-noto-core")
    return found


@cache
def _found(path: Path, package: str) -> Path | None:
    if path.exists():
        return path
    log.warning("PDFs lack what the font %s has: apt install %s", path, package)
    return None
