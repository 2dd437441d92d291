"""The real screen: pygame's window or surface, its touches and keys; its double on the stage."""

from __future__ import annotations

import asyncio
import base64
import io
import logging
import os
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Self

import pygame
from PIL import Image

from hal.ports import DeviceFault
from hal.screen.geometry import Panel
from hal.sim.stage import Prop, Stage
from kiosk.geometry import Laid
from kiosk.inputs import Input, KeyPress, Press, Quit, Touch
from kiosk.painter import Painter
from kiosk.settings import ScreenMode, ScreenSettings

log = logging.getLogger("wicket.kiosk.display")

POLL_S = 0.03
GUARD_S = 0.25
"""A touch this soon after the screen changed was meant for the screen before."""


class Display:
    """Paints when something changed, never in a loop. With a stage it also plays there."""

    def __init__(self, settings: ScreenSettings, stage: Stage | None = None) -> None:
        self._settings = settings
        self._prop: Prop | None = stage.prop("screen") if stage else None
        self._inputs: asyncio.Queue[Input] = asyncio.Queue()
        self._shown: tuple[Laid, str | None] | None = None
        self._turned_at = 0.0

    async def __aenter__(self) -> Self:
        """Raises DeviceFault if there is no screen or no font."""
        self._surface = self._open()
        width, height = self._surface.get_size()
        self.panel = Panel(width, height, self._settings.dpi)
        self._painter = Painter(self.panel)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._windowed:
            pygame.display.quit()

    @property
    def _windowed(self) -> bool:
        return self._settings.mode is not ScreenMode.HEADLESS

    def _open(self) -> pygame.Surface:
        size = (self._settings.width, self._settings.height)
        if not self._windowed:
            return pygame.Surface(size)
        if self._settings.sdl_driver:
            os.environ["SDL_VIDEODRIVER"] = self._settings.sdl_driver
        full = self._settings.mode is ScreenMode.FULLSCREEN
        try:
            pygame.display.init()
            surface = pygame.display.set_mode((0, 0) if full else size, pygame.FULLSCREEN * full)
        except pygame.error as error:
            raise DeviceFault(
                "screen", f"cannot be opened ({error})", "see [screen] mode and sdl_driver"
            ) from error
        pygame.display.set_caption("Wicket")
        pygame.mouse.set_visible(not full)
        return surface

    def show(self, laid: Laid, focus: str | None = None) -> None:
        """Paint, unless it is on the screen already."""
        if self._shown == (laid, focus):
            return
        turned = self._shown is None or self._shown[0].screen.name != laid.screen.name
        self._shown = (laid, focus)
        self._painter.paint(self._surface, laid, focus)
        if self._windowed:
            pygame.display.flip()
        if turned:
            self._turned_at = asyncio.get_running_loop().time()
        if self._prop is not None:
            self._prop.show(**self._picture(laid))

    async def inputs(self) -> AsyncIterator[Input]:
        """Touches, keys and cues, while `run` runs."""
        while True:
            yield await self._inputs.get()

    async def run(self) -> None:
        """Never returns."""
        async with asyncio.TaskGroup() as group:
            if self._windowed:
                group.create_task(self._poll(), name="screen events")
            if self._prop is not None:
                group.create_task(self._follow(self._prop), name="screen cues")

    async def _poll(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            for event in pygame.event.get():
                told = _read_event(event)
                early = isinstance(told, Touch) and loop.time() - self._turned_at < GUARD_S
                if told is not None and not early:
                    self._inputs.put_nowait(told)
            await asyncio.sleep(POLL_S)

    async def _follow(self, prop: Prop) -> None:
        while True:
            try:
                async for cue in prop.cues():
                    told = read_cue(cue)
                    if told is None:
                        log.warning("cue %.80r for the screen is none of touch, key, press", cue)
                    else:
                        self._inputs.put_nowait(told)
            except DeviceFault:
                log.warning("the screen of a kiosk cannot be unplugged on the stage")

    def _picture(self, laid: Laid) -> dict[str, Any]:
        pixels = pygame.image.tobytes(self._surface, "RGB")
        file = io.BytesIO()
        image = Image.frombytes("RGB", self._surface.get_size(), pixels)
        image.save(file, "PNG", compress_level=1)
        widgets = [
            {
                "id": target.id,
                "x": rect.x,
                "y": rect.y,
                "w": rect.w,
                "h": rect.h,
                "label": target.text,
                "enabled": True,
            }
            for target, rect in laid.targets
        ]
        return {
            "png": base64.b64encode(file.getvalue()).decode(),
            "widgets": widgets,
            "size": list(self._surface.get_size()),
            "screen": laid.screen.name,
            "spoken": laid.screen.spoken,
        }


def _read_event(event: pygame.event.Event) -> Input | None:
    """SDL makes a mouse press of every touch, so fingers need no case of their own."""
    if event.type == pygame.QUIT:
        return Quit()
    if event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
        return Touch(*event.pos)
    if event.type == pygame.KEYDOWN:
        typed = event.unicode
        named = pygame.key.name(event.key) if not typed or not typed.isprintable() else typed
        return KeyPress("space" if typed == " " else named)
    return None


def read_cue(cue: Mapping[str, Any]) -> Input | None:
    """A cue from the stage; None for one that makes no sense."""
    match dict(cue):
        case {"touch": [int() | float() as x, int() | float() as y]}:
            return Touch(x, y)
        case {"key": str(name)}:
            return KeyPress(name if len(name) == 1 else name.lower())
        case {"press": str(widget)}:
            return Press(widget)
    return None
