"""Slips as bytes, and bytes as paper."""

from __future__ import annotations

import io
import zlib

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from hal.drivers.escpos_bytes import Paper, module_size, render
from hal.drivers.typesetter import Style, typeset
from hal.ports import Slip, SlipCode, SlipImage, SlipPart, SlipRule, SlipText
from hal.sim.paper import draw

CODE = "W" + "0123456789ABCDEFGHJKMNPQRSTVWXYZ" * 4 + "7KQ4M2XD0000"
NORMAL = Style(24)


def ink(picture: Image.Image) -> tuple[int, int, int, int] | None:
    """The box round what is black."""
    return ImageChops.invert(picture.convert("L")).getbbox()


def printed(*parts: SlipPart, paper: Paper | None = None) -> Image.Image:
    paper = paper or Paper()
    return draw(render(Slip(parts), paper), paper.dots)


@pytest.mark.parametrize("paper", [Paper(), Paper(columns=42), Paper(dots=384, columns=32)])
def test_the_code_of_a_ticket_is_read_back_from_the_paper(paper: Paper) -> None:
    assert len(CODE) > 140
    picture = printed(
        SlipText("Harbour Museum", large=True, bold=True),
        SlipRule(),
        SlipCode(CODE, "TK-7KQ4-M2XD"),
        SlipText("Valid today"),
        paper=paper,
    )
    assert [found.text for found in zxingcpp.read_barcodes(picture)] == [CODE]
    assert picture.width == paper.dots


@pytest.mark.parametrize("length", [10, 141, 400, 1500, 2331])
def test_a_code_of_any_length_fits_with_its_quiet_zone(length: int) -> None:
    data = (CODE * 20)[:length].lower()
    assert module_size(data, 576) >= 2
    left, _, right, _ = ink(draw(render(Slip((SlipCode(data, "."),)), Paper()))) or (0, 0, 0, 0)
    assert left >= 4 * module_size(data, 576)
    assert right <= 576 - 4 * module_size(data, 576)


def png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("width", [200, 1200])
def test_a_picture_stands_in_the_middle_of_the_paper(width: int) -> None:
    left, _, right, bottom = ink(printed(SlipImage(png(Image.new("L", (width, 90)))))) or (0,) * 4
    assert (left, right) == (576 - right, min(576, (576 + width) // 2))
    assert 40 <= bottom <= 100


def without_palette() -> bytes:
    """A PNG of transparent colours that it does not name."""
    made = png(Image.new("P", (9, 9)))
    begin, end = made.index(b"PLTE") - 4, made.index(b"IDAT") - 4
    clear = b"tRNS\0"
    chunk = b"\0\0\0\x01" + clear + zlib.crc32(clear).to_bytes(4, "big")
    return made[:begin] + chunk + made[end:]


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"GIF89a", png(Image.new("L", (50, 50)))[:60], png(Image.new("1", (9000, 9000)))),
        without_palette(),
    ],
    ids=["nothing", "no PNG", "cut off", "too many dots", "no palette"],
)
def test_what_is_no_picture_is_left_out(data: bytes) -> None:
    rest = (SlipText("Harbour Museum"), SlipCode(CODE, "TK-7KQ4-M2XD"))
    assert printed(SlipImage(data), *rest) == printed(*rest)


def test_short_codes_are_not_blown_up() -> None:
    assert module_size("W1", 576) == 8


def test_a_code_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match=r"[Dd]ata"):
        render(Slip((SlipCode("x" * 2332, "."),)), Paper())


def test_the_caption_stands_large_in_the_middle_below_the_code() -> None:
    with_caption, without = (printed(SlipCode("W1", text)) for text in ("TK-7KQ4-M2XD", " "))
    code = ink(without)
    caption = ink(ImageChops.logical_or(with_caption, ImageChops.invert(without)))
    assert code and caption
    left, top, right, bottom = caption
    assert abs(left - (576 - right)) <= 6
    assert top > code[3]
    assert bottom - top >= 30


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60), st.booleans(), st.booleans())
def test_no_text_can_stop_the_printer(text: str, large: bool, bold: bool) -> None:
    assert printed(SlipText(text, large, bold)).width == 576


@pytest.mark.parametrize(
    "text",
    [
        "Leuchtturmführung",
        "Καλώς ήρθατε",
        "Добро пожаловать",
        "مرحبا بكم",
        "ברוכים",
        "ยินดีต้อนรับ",
        "नमस्ते",
    ],
)
def test_text_in_any_script_is_more_than_boxes(text: str) -> None:
    boxes = typeset("\uffff" * len(text), NORMAL, 576)
    assert ink(typeset(text, NORMAL, 576)) not in {None, ink(boxes)}


def test_arabic_letters_are_joined() -> None:
    """Joined letters are narrower than the same letters kept apart by ZERO WIDTH NON-JOINER."""
    joined, apart = (ink(typeset(text, NORMAL, 576)) for text in ("ببب", "ب\u200cب\u200cب"))
    assert joined is not None
    assert apart is not None
    assert joined[2] - joined[0] < apart[2] - apart[0]


@pytest.mark.parametrize("text", ["مرحبا بكم", "ברוכים הבאים", "14:30 ברוכים"])
def test_text_from_right_to_left_starts_at_the_right(text: str) -> None:
    left, _, right, _ = ink(typeset(text, NORMAL, 576)) or (0, 0, 0, 0)
    assert right > 560
    assert left > 300


@pytest.mark.parametrize(
    "text", ["word " * 60, "x" * 300, "ยินดีต้อนรับสู่พิพิธภัณฑ์" * 8, "Museum พิพิธ " * 20]
)
def test_long_text_is_broken_and_nothing_is_lost_at_the_edge(text: str) -> None:
    wide = typeset(text, NORMAL, 100_000)
    broken = typeset(text, NORMAL, 576)
    assert broken.height > 3 * wide.height / 2
    black = [picture.convert("L").histogram()[0] for picture in (wide, broken)]
    assert abs(black[0] - black[1]) < 0.03 * black[0]


def test_lines_of_a_text_are_lines_on_paper() -> None:
    one, three = (typeset(text, NORMAL, 576).height for text in ("a", "a\n\nb"))
    assert three == 3 * one


def test_large_and_bold_are_seen() -> None:
    plain, large, bold = (
        ink(printed(part))
        for part in (
            SlipText("Ticket"),
            SlipText("Ticket", large=True),
            SlipText("Ticket", bold=True),
        )
    )
    assert plain and large and bold
    assert large[3] - large[1] > 1.8 * (plain[3] - plain[1])
    assert bold[2] > plain[2]


@pytest.mark.parametrize(("dots", "columns"), [(577, 48), (1000, 48), (0, 48), (576, 0)])
def test_impossible_paper_is_refused(dots: int, columns: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        Paper(dots, columns)


@pytest.mark.parametrize(
    "data",
    [
        b"plain text",
        b"\x1bZ",
        b"\x1bp\x00\x19\xfa",
        b"\x1dv0\x01\x01\x00\x01\x00\xff",
        b"\x1dv0\x00\x01\x00\x02\x00\xff",
        b"\x1dv0\x00\xff\x00\x01\x00" + bytes(255),
        b"\x1dV\x00",
        b"\x1d(k\x03\x001C\x11",
        b"\x1d(k\x03\x001E9",
        b"\x1ba",
    ],
)
def test_the_paper_refuses_what_it_does_not_know(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        draw(b"\x1b@" + data)


def test_without_a_cutter_the_paper_is_fed_out_of_the_printer() -> None:
    assert b"\x1dV" not in render(Slip(()), Paper(cut=False))
    assert printed(paper=Paper(cut=False)).height > 80
