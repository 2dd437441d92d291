"""A lane's display on a monitor: a whole screen in the notice's colour, with symbol and words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from hal.ports import DeviceFault, Notice
from hal.registry import Devices
from hal.screen.windows import Windows

if TYPE_CHECKING:
    import pygame

    from hal.screen.brush import Brush

HINT = (
    "is the monitor connected and on, is the user in groups video and render, "
    "is SDL_VIDEODRIVER kmsdrm without a desktop?"
)


class ScreenDisplay:
    """SDL is loaded when it opens, in a thread of its own, so that no lane waits for a picture."""

    @dataclass(frozen=True)
    class Options:
        """`monitor` is counted from 0. It is filled, unless `width` and `height` ask for a window
        of so many pixels."""

        monitor: int = 0
        width: int | None = None
        height: int | None = None

        def __post_init__(self) -> None:
            if (self.width is None) != (self.height is None):
                raise ValueError("a window needs both 'width' and 'height'")
            if self.monitor < 0:
                raise ValueError("monitors are counted from 0")
            if self.size is not None and min(self.size) < 1:
                raise ValueError("a window needs at least one pixel")

        @property
        def size(self) -> tuple[int, int] | None:
            if self.width is None or self.height is None:
                return None
            return self.width, self.height

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        self._options = options
        self._windows: Windows = devices.boards.setdefault(Windows, Windows())
        self._window: pygame.Window
        self._brush: Brush | None = None
        self._wanted: Notice | None = None
        self._shown: Notice | None = None

    async def __aenter__(self) -> Self:
        self._wanted = self._shown = None
        try:
            self._window = await self._windows.open(
                self.name, self._options.monitor, self._options.size
            )
        except OSError as error:
            raise DeviceFault(self.name, f"no screen: {error}", HINT) from error
        except ModuleNotFoundError as missing:
            raise DeviceFault(
                self.name, f"needs {missing.name}", "install wicket[kiosk]"
            ) from missing
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._windows.close(self._window)

    async def show(self, notice: Notice) -> None:
        """Returns when it is on the screen; of several that wait only the last is painted."""
        self._wanted = notice
        await self._windows.do(self._paint)

    def _paint(self) -> None:
        notice = self._wanted
        if notice is None or notice == self._shown:
            return
        from hal.screen.brush import Brush  # noqa: PLC0415 - it needs pygame
        from hal.screen.notice import paint  # noqa: PLC0415

        self._brush = self._brush or Brush()
        paint(self._window.get_surface(), self._brush, notice)
        self._window.flip()
        self._shown = notice
