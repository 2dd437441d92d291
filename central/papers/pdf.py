"""Tickets as a PDF: A4, one on each page, to be shown on a phone or printed at home.

Slow: call it in a thread of its own (`asyncio.to_thread`).
"""

from __future__ import annotations

import io
import logging

from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos
from fpdf.errors import FPDFException
from PIL import Image as Pictures

from central.catalogue.texts import hidden
from central.papers import fonts, symbol
from central.papers.layout import Block, Code, Heading, Image, Pair, Rule, Text
from central.papers.sheet import Papers, Sheet

log = logging.getLogger("wicket.central.papers")

MOST = 100
"""Tickets in one PDF; of more, only so many from `first` on."""
_WIDTH, _MARGIN, _PAD, _BAND = 210.0, 15.0, 7.0, 18.0
_FOLD = 148.5
_GREY, _LINE = "#5b6472", "#c3cad6"
_SIZES = {"heading": 22.0, "large": 14.0, "text": 11.0, "small": 8.0}
_FONT = "main"


def tickets_pdf(papers: Papers, first: int = 0) -> bytes:
    """Raises nothing for what a text may hold: what no font has is left out."""
    pdf = _Pdf(papers)
    for number, sheet in enumerate(papers.sheets[first : first + MOST], first + 1):
        pdf.add_sheet(sheet, number)
    return bytes(pdf.output())


class _Pdf(FPDF):
    def __init__(self, papers: Papers) -> None:
        super().__init__(format="A4")
        self._papers = papers
        self._texts = papers.words.texts
        self._rtl = papers.direction == "rtl"
        self.set_auto_page_break(auto=False)
        self.set_margins(0, 0)
        self.c_margin = 0
        self.set_lang(papers.language)
        self.set_title(_clean(papers.title))
        self.set_creator("Wicket")
        self._plain = not self._add_fonts()

    def add_sheet(self, sheet: Sheet, number: int) -> None:
        self.add_page()
        design = sheet.revision.design
        inner = _WIDTH - 2 * _MARGIN
        column = inner - design.qr_mm - 3 * _PAD
        text_x, code_x = _MARGIN + _PAD, _MARGIN + 2 * _PAD + column
        if self._rtl:
            text_x, code_x = _MARGIN + 2 * _PAD + design.qr_mm, _MARGIN + _PAD
        top = _MARGIN + _BAND + _PAD
        self._band(sheet, inner)
        code = next((one for one in sheet.blocks if isinstance(one, Code)), None)
        bottom = self._code(code, code_x, top, design.qr_mm) if code else top
        self.set_xy(text_x, top)
        for block in _beside(sheet.blocks):
            self._block(block, text_x, column, design.ink)
        bottom = max(bottom, self.get_y()) + _PAD
        self.set_draw_color(_LINE)
        self.rect(_MARGIN, _MARGIN, inner, bottom - _MARGIN, round_corners=True, corner_radius=2)
        self._below(number, max(bottom + 8, _FOLD))

    def _band(self, sheet: Sheet, inner: float) -> None:
        design = sheet.revision.design
        self.set_fill_color(design.band)
        self.rect(_MARGIN, _MARGIN, inner, _BAND, "F", round_corners=True, corner_radius=2)
        logo = next((one for one in sheet.blocks if isinstance(one, Image)), None)
        room = inner - 2 * _PAD
        if logo:
            room -= self._logo(logo, inner)
        x = _MARGIN + inner - _PAD - room if self._rtl else _MARGIN + _PAD
        self.set_xy(x, _MARGIN + 4.5)
        size = 16.0 if self._width_of(self._papers.venue, 16) <= room else 9.0
        self._write(self._papers.venue, x, room, size, bold=True, colour=design.on_band)

    def _logo(self, logo: Image, inner: float) -> float:
        """On white, at the far side of the band; how much of its width it takes."""
        with Pictures.open(io.BytesIO(logo.png)) as picture:
            wide, high = picture.size
        height = _BAND - 5.0
        width = min(45.0, height * wide / high)
        height = width * high / wide
        x = _MARGIN + 3.5 if self._rtl else _MARGIN + inner - 3.5 - width
        y = _MARGIN + (_BAND - height) / 2
        self.set_fill_color("#ffffff")
        box = (x - 1.5, y - 1.5, width + 3, height + 3)
        self.rect(*box, "F", round_corners=True, corner_radius=1)
        self.image(io.BytesIO(logo.png), x, y, width, height, alt_text=_clean(logo.says))
        return width + 5

    def _code(self, code: Code, x: float, y: float, side: float) -> float:
        """Drawn as rectangles, so that it is crisp at any size; where it ends."""
        modules, dark = symbol.runs(code.data)
        module = side / modules
        self.set_fill_color("#000000")
        for row, column, length in dark:
            # A trace higher than a module, so that no viewer shows a gap between rows.
            self.rect(x + column * module, y + row * module, length * module, module + 0.01, "F")
        self.set_y(y + side + 3)
        if code.caption:
            self._write(code.caption, x, side, 13.0, bold=True, align=Align.C)
        return self.get_y()

    def _block(self, block: Block, x: float, width: float, ink: str) -> None:
        match block:
            case Heading(text):
                self._write(text, x, width, _SIZES["heading"], bold=True, colour=ink)
            case Text(text, bold, small):
                size = _SIZES["small" if small else "large" if bold else "text"]
                colour = _GREY if small else "#000000"
                self._write(text, x, width, size, bold=bold, colour=colour)
                self._gap(1)
            case Pair(label, value, large):
                self._gap(1)
                self._write(label, x, width, _SIZES["small"], colour=_GREY)
                self._write(value, x, width, _SIZES["large" if large else "text"], bold=large)
            case Rule():
                self._gap(2.5)
                self.set_draw_color(_LINE)
                self.line(x, self.get_y(), x + width, self.get_y())
                self._gap(1.5)

    def _below(self, number: int, y: float) -> None:
        """What to do with it, under the fold."""
        width = _WIDTH - 2 * _MARGIN
        self.set_draw_color(_GREY)
        with self.local_context():
            self.set_dash_pattern(2, 2)
            self.line(0, y, _WIDTH, y)
        self.set_y(y + 2)
        say = self._texts.say
        self._write(say("ticket.home.fold"), _MARGIN, width, 8, colour=_GREY)
        self._gap(6)
        self._write(say("ticket.home.title"), _MARGIN, width, 13, bold=True)
        self._gap(1)
        self._write(say("ticket.home.text"), _MARGIN, width, 11)
        self._gap(3)
        told = say("ticket.of", n=number, m=len(self._papers.sheets))
        order = f"{say('ticket.order')} {self._papers.order}"
        self._write(f"{told} - {order}", _MARGIN, width, 9, colour=_GREY)

    def _write(
        self,
        text: str,
        x: float,
        width: float,
        size: float,
        *,
        bold: bool = False,
        colour: str = "#000000",
        align: Align | None = None,
    ) -> None:
        """From the present height downwards."""
        self.set_x(x)
        self.set_text_color(colour)
        self._use_font(size, bold=bold)
        written = self._writable(text)
        align = align or (Align.R if self._rtl else Align.L)
        self.multi_cell(width, size * 0.46, written, align=align, new_x=XPos.LEFT, new_y=YPos.NEXT)

    def _width_of(self, text: str, size: float) -> float:
        self._use_font(size, bold=True)
        return float(self.get_string_width(self._writable(text)))

    def _writable(self, text: str) -> str:
        clean = _clean(text)
        return clean.encode("latin-1", "replace").decode("latin-1") if self._plain else clean

    def _use_font(self, size: float, *, bold: bool) -> None:
        self.set_font("helvetica" if self._plain else _FONT, "B" if bold else "", size)

    def _gap(self, height: float) -> None:
        self.set_y(self.get_y() + height)

    def _add_fonts(self) -> bool:
        """Whether there is any."""
        main = fonts.main_font()
        if main is None:
            return False
        self.add_font(_FONT, "", main)
        self.add_font(_FONT, "B", fonts.bold_of(main) or main)
        further = []
        for path in fonts.further_fonts(self._all_text()):
            try:
                self.add_font(path.stem, "", path)
                if bold := fonts.bold_of(path):
                    self.add_font(path.stem, "B", bold)
            except (FPDFException, OSError, ValueError, KeyError) as error:
                log.warning("the font %s cannot be used in PDFs (%s)", path, error)
                continue
            further.append(path.stem)
        self.set_fallback_fonts(further, exact_match=False)
        self.set_text_shaping(use_shaping_engine=True)
        return True

    def _all_text(self) -> str:
        """Whatever is written anywhere."""
        blocks = (block for sheet in self._papers.sheets for block in sheet.blocks)
        return self._papers.venue + "".join(
            part for block in blocks for part in vars(block).values() if isinstance(part, str)
        )


def _beside(blocks: tuple[Block, ...]) -> list[Block]:
    """What stands beside the QR code: all but what has a place of its own."""
    plain: list[Block] = [one for one in blocks if not isinstance(one, Image | Code)]
    return plain[1:]


def _clean(text: str) -> str:
    return "".join(char for char in text if char == "\n" or not hidden(char))
