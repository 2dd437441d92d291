"""A slip as the bytes of a receipt printer (ESC/POS).

Every text is sent as a picture, so that any script comes out right on any printer whatever its
code pages. Commands used, as in Epson's ESC/POS command reference: ESC @ (initialise), ESC a
(justify), ESC d (feed lines), GS v 0 (raster picture), GS ( k with cn 49 (QR code, model 2:
functions 165 model, 167 module size, 169 error correction, 180 data, 181 print), GS V (cut).
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass

import segno
from escpos.constants import QR_ECLEVEL_M
from escpos.printer import Dummy
from PIL import Image

from hal.drivers.typesetter import Style, typeset
from hal.ports import Slip, SlipCode, SlipImage, SlipRule, SlipText

log = logging.getLogger("wicket.hal.printer")

_PROFILE = "TM-T20II"
"""A printer of python-escpos' table that is 576 dots wide; no other of its traits is used."""
MAX_DOTS = 576
QUIET_MODULES = 8
"""The blank that a QR code needs on its left and right, together."""
LARGEST_MODULE = 8
"""Dots, 1 mm: larger is not read any better."""
_RULE_DOTS, _RULE_MARGIN = 2, 9
MAX_SIDE = 2000
"""Dots of a picture that is drawn at all."""


@dataclass(frozen=True)
class Paper:
    """`dots` across the printable width (576 on 80 mm, 384 on 58 mm), a multiple of 8; `columns`
    of text of normal size that would fit in a typewriter's font."""

    dots: int = MAX_DOTS
    columns: int = 48
    cut: bool = True

    def __post_init__(self) -> None:
        if self.dots % 8 or not 0 < self.dots <= MAX_DOTS:
            raise ValueError(f"dots must be a multiple of 8 and at most {MAX_DOTS}")
        if not 16 <= self.columns <= 64:
            raise ValueError("columns must be 16 to 64; usual are 42 and 48")

    @property
    def text_size(self) -> int:
        return 2 * self.dots // self.columns


def render(slip: Slip, paper: Paper) -> bytes:
    """Raises ValueError for a code that is too long for a QR code."""
    printer = Dummy(profile=_PROFILE)
    printer.hw("INIT")
    for part in slip.parts:
        match part:
            case SlipText(text, large, bold):
                size = paper.text_size * (2 if large else 1)
                printer.image(typeset(text, Style(size, bold), paper.dots))
            case SlipCode():
                _add_code(printer, part, paper)
            case SlipRule():
                printer.image(_rule(paper.dots))
            case SlipImage(png):
                if picture := _picture(png, paper.dots):
                    printer.image(picture)
    if paper.cut:
        printer.cut(feed=False)
    else:
        printer.print_and_feed(5)
    return bytes(printer.output)


def module_size(data: str, dots: int) -> int:
    """Dots a module: as large as is sensible and fits with its quiet zone.

    Reckoned for byte mode, as not every printer chooses a denser one by itself.
    """
    symbol = segno.make_qr(data, error="m", mode="byte", boost_error=False)
    modules = int(symbol.symbol_size(border=0)[0])
    return min(LARGEST_MODULE, dots // (modules + QUIET_MODULES))


def _add_code(printer: Dummy, code: SlipCode, paper: Paper) -> None:
    size = module_size(code.data, paper.dots)
    printer.print_and_feed(1)
    printer.set(align="center")
    printer.qr(code.data, ec=QR_ECLEVEL_M, size=size, native=True)
    printer.set(align="left")
    printer.print_and_feed(1)
    style = Style(2 * paper.text_size, bold=True, align="middle")
    printer.image(typeset(code.caption, style, paper.dots))


def _picture(png: bytes, dots: int) -> Image.Image | None:
    """As wide as the paper, the picture in its middle; None for what cannot be read."""
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as found:
            if max(found.size) > MAX_SIDE:
                raise ValueError(f"{found.width} by {found.height} dots")
            grey = found.convert("L")
    except Exception as error:  # what decoders raise about hostile bytes is anything
        log.warning("a slip is printed without its picture: %s", error)
        return None
    grey.thumbnail((dots, MAX_SIDE))
    page = Image.new("1", (dots, grey.height + _RULE_MARGIN), 1)
    page.paste(grey.convert("1"), ((dots - grey.width) // 2, 0))
    return page


def _rule(dots: int) -> Image.Image:
    picture = Image.new("1", (dots, _RULE_DOTS + 2 * _RULE_MARGIN), 1)
    picture.paste(0, (0, _RULE_MARGIN, dots, _RULE_MARGIN + _RULE_DOTS))
    return picture
