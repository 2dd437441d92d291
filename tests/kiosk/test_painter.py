"""What is painted can be read: contrast, type that fits, and every screen really drawn."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pygame
import pytest
import zxingcpp
from PIL import Image
from support.kiosk_sample import SIZES, gallery

from hal.ports import DeviceFault
from hal.screen import palette
from hal.screen.brush import Brush, Style, find_fonts
from hal.screen.geometry import Panel, Rect
from hal.screen.palette import ACCENT, LOOKS, contrast
from kiosk.layout import lay_out
from kiosk.painter import Painter
from kiosk.screens import screen

READABLE = 4.5
SMALLEST_TYPE = 12


class WatchingBrush(Brush):
    """Remembers each text as it was fitted."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, tuple[str, int]] = {}

    def text(self, surface: pygame.Surface, text: str, box: Rect, style: Style) -> Rect:
        if text:
            fitted = self.fit(text, box.w, box.h, style)
            self.seen[text] = (" ".join(fitted.lines), fitted.size)
        return super().text(surface, text, box, style)


@pytest.fixture(scope="module")
def brush() -> WatchingBrush:
    return WatchingBrush()


def to_image(surface: pygame.Surface) -> Image.Image:
    return Image.frombytes("RGB", surface.get_size(), pygame.image.tobytes(surface, "RGB"))


@pytest.mark.parametrize("look", LOOKS)
def test_all_writing_has_enough_contrast(look: str) -> None:
    colours = LOOKS[look]
    assert contrast(colours.ink, colours.ground) >= READABLE
    assert contrast(colours.muted, colours.ground) >= READABLE


@pytest.mark.parametrize("ground", ["calm", "card", "selected"])
def test_the_accent_can_be_read_where_it_is_used_for_writing(ground: str) -> None:
    assert contrast(ACCENT, LOOKS[ground].ground) >= READABLE


def test_contrast_is_computed_as_the_standard_says() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)
    assert {field.name for field in fields(palette.Look)} == {"ground", "ink", "border", "muted"}


@pytest.mark.parametrize("language", ["en", "de", "fr"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_screen_is_painted_and_no_text_is_cut(
    size: tuple[int, int], language: str, brush: WatchingBrush
) -> None:
    panel = Panel(*size)
    painter = Painter(panel, brush)
    surface = pygame.Surface(size)
    for name, state in gallery(language).items():
        brush.seen.clear()
        painter.paint(surface, lay_out(screen(state), panel))
        colours = to_image(surface).resize((160, 100)).getcolors(16000)
        assert colours is not None, name
        assert len(colours) > 10, f"{name} is blank"
        for text, (shown, type_size) in brush.seen.items():
            assert shown == " ".join(text.split()), f"{name}: cut: {shown}"
            assert type_size >= SMALLEST_TYPE, f"{name}: {type_size} px: {text}"


def test_the_same_screen_is_painted_the_second_time_from_the_cache(brush: WatchingBrush) -> None:
    panel = Panel(1280, 800)
    painter, laid = Painter(panel, brush), lay_out(screen(gallery("en")["slot"]), panel)
    surface, again = pygame.Surface((1280, 800)), pygame.Surface((1280, 800))
    painter.paint(surface, laid)
    rendered = brush.text_surface.cache_info().misses
    painter.paint(again, laid)
    assert brush.text_surface.cache_info().misses == rendered
    assert to_image(surface) == to_image(again)


def test_the_focus_is_visible(brush: WatchingBrush) -> None:
    panel = Panel(1280, 800)
    painter, laid = Painter(panel, brush), lay_out(screen(gallery("en")["review"]), panel)
    plain, focused = pygame.Surface((1280, 800)), pygame.Surface((1280, 800))
    painter.paint(plain, laid)
    painter.paint(focused, laid, focus="pay")
    assert to_image(plain) != to_image(focused)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_codes_on_the_screen_can_be_scanned(
    size: tuple[int, int], brush: WatchingBrush
) -> None:
    panel, state = Panel(*size), gallery("en")["paper"]
    surface = pygame.Surface(size)
    painter = Painter(panel, brush)
    assert state.sale is not None
    painter.paint(surface, lay_out(screen(state), panel))
    read = {code.text for code in zxingcpp.read_barcodes(to_image(surface))}
    wanted = {ticket.code for ticket in state.sale.unprinted}
    assert read
    assert read <= wanted


def test_text_that_cannot_fit_is_shortened_and_says_so(brush: WatchingBrush) -> None:
    style = Style(30, (0, 0, 0))
    fitted = brush.fit("Donaudampfschifffahrtsgesellschaft " * 4, 90, 20, style)
    assert fitted.lines[-1].endswith("…")
    shown = brush.text_surface("Donaudampfschifffahrtsgesellschaft " * 4, 90, 20, style)
    assert shown.get_width() <= 90


def test_a_machine_without_fonts_says_which_to_install(tmp_path: Path) -> None:
    with pytest.raises(DeviceFault, match="fonts-noto-core"):
        find_fonts(tmp_path)
