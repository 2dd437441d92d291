"""The screen's double on the stage, a window on SDL's dummy driver, and odd cues."""

from __future__ import annotations

import asyncio
import base64
import io
import os
from collections.abc import Iterator

import pygame
import pytest
from PIL import Image
from support.clock import VirtualLoop, on_virtual_time
from support.kiosk_sample import gallery

from hal.ports import DeviceFault
from hal.sim.stage import Stage
from kiosk.display import GUARD_S, Display, read_cue
from kiosk.geometry import Laid
from kiosk.inputs import Input, KeyPress, Press, Quit, Touch
from kiosk.layout import lay_out
from kiosk.painter import Painter
from kiosk.screens import screen
from kiosk.settings import ScreenMode, ScreenSettings

HEADLESS = ScreenSettings(ScreenMode.HEADLESS, 800, 480)


@pytest.fixture
def dummy_sdl() -> Iterator[ScreenSettings]:
    before = os.environ.get("SDL_VIDEODRIVER")
    yield ScreenSettings(ScreenMode.WINDOW, 800, 480, sdl_driver="dummy")
    pygame.quit()
    os.environ.pop("SDL_VIDEODRIVER")
    if before is not None:
        os.environ["SDL_VIDEODRIVER"] = before


async def test_what_is_shown_is_streamed_to_the_stage() -> None:
    stage = Stage()
    async with Display(HEADLESS, stage) as display:
        display.show(lay_out(screen(gallery("de")["slot"]), display.panel))
    state = stage.prop("screen").state
    picture = Image.open(io.BytesIO(base64.b64decode(state["png"])))
    assert picture.size == (800, 480)
    assert state["size"] == [800, 480]
    assert state["screen"] == "slot"
    assert state["spoken"].startswith("Um welche Uhrzeit?")
    back = next(widget for widget in state["widgets"] if widget["id"] == "back")
    assert (back["label"], back["enabled"]) == ("Zurück", True)
    assert {"x", "y", "w", "h"} <= set(back)


async def test_the_same_screen_is_not_painted_twice() -> None:
    stage = Stage()
    async with Display(HEADLESS, stage) as display:
        laid = lay_out(screen(gallery("en")["start"]), display.panel)
        display.show(laid)
        first = stage.prop("screen").state["png"]
        stage.prop("screen").state["png"] = "kept"
        display.show(laid)
        assert stage.prop("screen").state["png"] == "kept"
        display.show(laid, focus="start")
        assert stage.prop("screen").state["png"] not in ("kept", first)


async def first_inputs(display: Display, count: int) -> list[Input]:
    inputs: list[Input] = []
    async with asyncio.timeout(30):
        async for told in display.inputs():
            inputs.append(told)
            if len(inputs) == count:
                break
    return inputs


async def test_cues_from_the_stage_come_as_inputs_and_odd_ones_are_set_aside() -> None:
    stage = Stage()
    async with Display(HEADLESS, stage) as display, asyncio.TaskGroup() as group:
        running = group.create_task(display.run())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        stage.cue("screen", touch=[10, 20.5])
        stage.cue("screen", touch="everywhere")
        stage.cue("screen", key="Return")
        stage.cue("screen", press="pay")
        assert await first_inputs(display, 3) == [
            Touch(10, 20.5),
            KeyPress("return"),
            Press("pay"),
        ]
        running.cancel()


@pytest.mark.parametrize("cue", [{}, {"touch": [1]}, {"key": 3}, {"press": None}, {"x": 1}])
def test_a_cue_that_makes_no_sense_is_nothing(cue: dict[str, object]) -> None:
    assert read_cue(cue) is None


async def test_a_window_yields_touches_keys_and_its_closing(dummy_sdl: ScreenSettings) -> None:
    async with Display(dummy_sdl) as display, asyncio.TaskGroup() as group:
        pygame.event.clear()
        for kind, told in (
            (pygame.MOUSEBUTTONDOWN, {"pos": (30, 40), "button": 1}),
            (pygame.MOUSEBUTTONDOWN, {"pos": (30, 40), "button": 3}),
            (pygame.KEYDOWN, {"key": pygame.K_RETURN, "unicode": "\r"}),
            (pygame.KEYDOWN, {"key": pygame.K_e, "unicode": "é"}),
            (pygame.KEYDOWN, {"key": pygame.K_SPACE, "unicode": " "}),
            (pygame.QUIT, {}),
        ):
            pygame.event.post(pygame.event.Event(kind, told))
        running = group.create_task(display.run())
        assert await first_inputs(display, 5) == [
            Touch(30, 40),
            KeyPress("return"),
            KeyPress("é"),
            KeyPress("space"),
            Quit(),
        ]
        running.cancel()


class SlowPainter(Painter):
    """Takes longer than a hand to a new screen."""

    def paint(self, surface: pygame.Surface, laid: Laid, focus: str | None = None) -> None:
        super().paint(surface, laid, focus)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.pass_(seconds=GUARD_S)


@on_virtual_time
async def test_a_touch_right_after_a_new_screen_was_meant_for_the_old_one(
    dummy_sdl: ScreenSettings,
) -> None:
    async with Display(dummy_sdl) as display, asyncio.TaskGroup() as group:
        display._painter = SlowPainter(display.panel)
        display.show(lay_out(screen(gallery("en")["review"]), display.panel))
        pygame.event.clear()
        touch = {"pos": (700, 460), "button": 1}
        pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, touch))
        pygame.event.post(pygame.event.Event(pygame.QUIT))
        running = group.create_task(display.run())
        assert await first_inputs(display, 1) == [Quit()]
        running.cancel()


async def test_a_machine_without_a_screen_says_so(dummy_sdl: ScreenSettings) -> None:
    nowhere = ScreenSettings(ScreenMode.WINDOW, 800, 480, sdl_driver="no-such-driver")
    with pytest.raises(DeviceFault, match="sdl_driver"):
        async with Display(nowhere):
            pass
