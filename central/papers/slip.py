"""A ticket as a slip of a receipt printer: parts that any desk or kiosk can draw
(docs/openapi.yaml, Slip)."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from PIL import Image as Pictures

from central.papers.layout import Block, Code, Heading, Image, Pair, Rule, Text
from central.papers.sheet import Papers

Json = dict[str, Any]

LOGO_DOTS = (288, 112)
"""The most of a logo on paper, in dots: 4 KB of black and white, however much is drawn on it."""
MAX_TEXT = 2000
"""What desks and kiosks take of a text (hal.slips): of more they would print nothing at all."""


def slips(papers: Papers) -> list[Json]:
    """One for each ticket: {"parts": [...]}."""
    return [{"parts": list(_parts(sheet.blocks))} for sheet in papers.sheets]


def _parts(blocks: tuple[Block, ...]) -> Iterator[Json]:
    for block in blocks:
        match block:
            case Heading(text):
                yield _text(text, large=True, bold=True)
            case Text(text, bold):
                yield _text(text, bold=bold)
            case Pair(label, value, large):
                if large:
                    yield _text(value, large=True)
                else:
                    yield _text(f"{label}: {value}")
            case Code(data, caption):
                yield {"code": data, "caption": caption}
            case Rule():
                yield {"rule": True}
            case Image(png):
                yield {"image": black_and_white(png)}


def _text(text: str, *, large: bool = False, bold: bool = False) -> Json:
    return {"text": text[:MAX_TEXT], "large": large, "bold": bold}


@lru_cache(maxsize=64)
def black_and_white(png: bytes) -> str:
    """The logo for a printer that knows no grey: a small PNG in base64."""
    with Pictures.open(io.BytesIO(png), formats=["PNG"]) as picture:
        coloured = picture.convert("RGBA")
    paper = Pictures.new("RGBA", coloured.size, "white")
    paper.alpha_composite(coloured)
    grey = paper.convert("L").point(_inked)
    grey.thumbnail(LOGO_DOTS)
    out = io.BytesIO()
    grey.convert("1").save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()


def _inked(level: int) -> int:
    """What is dark is black, so that only what is between is dotted."""
    return 0 if level < 112 else 255 if level > 208 else level
