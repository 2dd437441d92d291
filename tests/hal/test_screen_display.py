"""The lane display on a monitor. SDL's dummy driver keeps every frame that it would show."""

from __future__ import annotations

import asyncio
from itertools import combinations
from pathlib import Path

import pygame
import pytest
from support.program import run_python

from hal.ports import DeviceFault, LaneDisplay, Notice, Tone
from hal.registry import BadDevice, Devices
from hal.screen.brush import Brush, Style, script_of
from hal.screen.geometry import Rect
from hal.screen.notice import FACES, paint, places
from hal.screen.palette import contrast

WELCOME = Notice(Tone.WELCOME, "Please walk", "2 of 5 have passed")
REFUSE = Notice(Tone.REFUSE, "Please ask our staff", "already used at 10:04 at North 2")
ARABIC = Notice(Tone.REFUSE, "يرجى التوجه إلى الموظفين", "استُخدمت في 10:04 عند North 2", "ar")
SIZES = [(1280, 800), (800, 480), (600, 1024), (480, 128), (1920, 1080)]
WINDOW = {"driver": "screen", "width": 320, "height": 200}


@pytest.fixture
def frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the frames, one file each."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setenv("SDL_VIDEO_DUMMY_SAVE_FRAMES", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ground(frame: Path) -> tuple[int, ...]:
    return tuple(pygame.image.load(frame).get_at((1, 1)))[:3]


def shown(folder: Path) -> list[tuple[int, ...]]:
    """The ground colour of each frame, in order."""
    return [ground(frame) for frame in sorted(folder.glob("*.bmp"), key=lambda file: file.name)]


async def test_a_notice_covers_the_window(frames: Path, devices: Devices) -> None:
    async with devices.build(LaneDisplay, "North", WINDOW) as display:
        await display.show(WELCOME)
        await display.show(REFUSE)
    assert shown(frames) == [FACES[Tone.WELCOME].ground, FACES[Tone.REFUSE].ground]
    assert pygame.image.load(next(frames.glob("*.bmp"))).get_size() == (320, 200)


async def test_the_whole_monitor_is_the_default(frames: Path, devices: Devices) -> None:
    async with devices.build(LaneDisplay, "North", {"driver": "screen"}) as display:
        await display.show(WELCOME)
    width, height = pygame.image.load(next(frames.glob("*.bmp"))).get_size()
    assert (width, height) not in ((320, 200), (0, 0))


async def test_the_same_notice_is_not_drawn_twice(frames: Path, devices: Devices) -> None:
    async with devices.build(LaneDisplay, "North", WINDOW) as display:
        for _ in range(3):
            await display.show(WELCOME)
    assert len(shown(frames)) == 1


async def test_it_takes_every_tone_again_and_again(frames: Path, devices: Devices) -> None:
    async with devices.build(LaneDisplay, "North", WINDOW) as display:
        for tone in (*Tone, *Tone):
            await display.show(Notice(tone, "One moment"))
    assert shown(frames) == [FACES[tone].ground for tone in (*Tone, *Tone)]


async def test_of_several_that_wait_the_last_is_shown(frames: Path, devices: Devices) -> None:
    async with devices.build(LaneDisplay, "North", WINDOW) as display:
        await asyncio.gather(*(display.show(one) for one in (WELCOME, ARABIC, REFUSE, WELCOME)))
    assert shown(frames) == [FACES[Tone.WELCOME].ground]


async def test_a_call_that_is_cancelled_leaves_the_screen_usable(
    frames: Path, devices: Devices
) -> None:
    async with devices.build(LaneDisplay, "North", WINDOW) as display:
        call = asyncio.ensure_future(display.show(WELCOME))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait({call})
        await display.show(REFUSE)
    assert shown(frames)[-1] == FACES[Tone.REFUSE].ground


async def test_two_lanes_have_two_windows(frames: Path, devices: Devices) -> None:
    async with (
        devices.build(LaneDisplay, "North", WINDOW) as north,
        devices.build(LaneDisplay, "South", WINDOW) as south,
    ):
        await north.show(WELCOME)
        await south.show(REFUSE)
        await north.show(REFUSE)
    assert len(shown(frames)) == 3


async def test_it_can_be_opened_again(frames: Path, devices: Devices) -> None:
    display = devices.build(LaneDisplay, "North", WINDOW)
    for _ in range(2):
        async with display:
            await display.show(WELCOME)
    assert len(shown(frames)) == 2
    assert not pygame.display.get_init()


async def test_opening_that_is_cancelled_leaves_no_window(frames: Path, devices: Devices) -> None:
    display = devices.build(LaneDisplay, "North", WINDOW)
    opening = asyncio.ensure_future(display.__aenter__())
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait({opening})
    async with devices.build(LaneDisplay, "South", WINDOW):
        pass
    assert not pygame.display.get_init()


async def test_no_such_monitor_is_a_fault(frames: Path, devices: Devices) -> None:
    display = devices.build(LaneDisplay, "North", {"driver": "screen", "monitor": 7})
    with pytest.raises(DeviceFault, match="there is no monitor 7"):
        await display.__aenter__()


async def test_no_screen_is_a_fault_that_says_what_to_look_at(
    frames: Path, devices: Devices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "none-such")
    display = devices.build(LaneDisplay, "North", WINDOW)
    with pytest.raises(DeviceFault, match="is the monitor connected"):
        await display.__aenter__()
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    async with display:
        await display.show(WELCOME)
    assert len(shown(frames)) == 1


@pytest.mark.parametrize(
    "table", [{"width": 320}, {"monitor": -1}, {"width": 0, "height": 0}, {"width": "wide"}]
)
def test_a_wrong_table_is_refused(devices: Devices, table: dict[str, object]) -> None:
    with pytest.raises(BadDevice):
        devices.build(LaneDisplay, "North", {"driver": "screen"} | table)


def test_every_tone_has_a_face_of_its_own_that_can_be_read() -> None:
    assert FACES.keys() == set(Tone)
    for one, other in combinations(FACES.values(), 2):
        assert one.symbols != other.symbols
    for face in FACES.values():
        assert min(contrast(face.ground, face.ink), contrast(face.ground, face.lesser)) >= 4.5


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("notice", [REFUSE, ARABIC], ids=lambda notice: notice.language)
def test_no_word_is_cut_on_any_screen(size: tuple[int, int], notice: Notice) -> None:
    brush, where = Brush(), places(*size)
    for text, box in ((notice.title, where.title), (notice.text, where.text)):
        fitted = brush.fit(text, box.w, box.h, Style(box.h // 2, (0, 0, 0)))
        assert " ".join(fitted.lines) == text
        assert Rect(0, 0, *size).holds(box.x + box.w - 1, box.y + box.h - 1)


@pytest.mark.parametrize(
    ("text", "script"),
    [("Straße €", ""), ("Ворота", ""), ("North مرحبا", "ARABIC"), ("שלום", "HEBREW"), ("", "")],
)
def test_a_script_that_needs_its_own_font_is_noticed(text: str, script: str) -> None:
    assert script_of(text) == script


def test_arabic_letters_are_there_and_join() -> None:
    """Joined they are narrower than alone; boxes for missing ones would not be."""
    brush, style = Brush(), Style(40, (0, 0, 0))
    joined = brush.text_surface("بببب", 400, 60, style).get_width()
    assert joined < brush.text_surface("ب ب ب ب", 400, 60, style).get_width() * 3 / 4


def test_an_arabic_sentence_begins_at_the_right_even_with_a_latin_name() -> None:
    """The name is at the right then; its letters are higher than the Arabic one."""
    drawn = Brush().text_surface("NNN ب", 400, 60, Style(40, (0, 0, 0)))
    width = drawn.get_width()
    assert _top(drawn, 0, width // 5) > _top(drawn, width // 2, width)


def _top(surface: pygame.Surface, left: int, right: int) -> int:
    """The first row with ink."""
    rows = range(surface.get_height())
    return next(y for y in rows if any(surface.get_at((x, y)).a > 99 for x in range(left, right)))


@pytest.mark.parametrize("text", ["", "\0\ud800\x1b[2J", "x" * 5000, "\n\n", "🎟"])
def test_no_text_can_upset_the_painter(text: str) -> None:
    surface = pygame.Surface((320, 200))
    paint(surface, Brush(), Notice(Tone.ALARM, text, text))
    assert tuple(surface.get_at((1, 1)))[:3] == FACES[Tone.ALARM].ground


def test_building_one_loads_no_graphics() -> None:
    run = run_python("import sys, hal.drivers.screen_display; print('pygame' in sys.modules)")
    assert run.stdout == "False\n"
