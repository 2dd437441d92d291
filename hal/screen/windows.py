"""The windows of this process. SDL wants all of them in one thread, which is never the loop's."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import pygame

T = TypeVar("T")

PUMP_S = 0.5
"""SDL answers the window manager so often."""
CENTRED = 0x2FFF0000
"""SDL_WINDOWPOS_CENTERED_DISPLAY(0): plus the number of the monitor."""


class Windows:
    """SDL is there from the first window to the last; its thread stays."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._open: list[pygame.Window] = []
        self._thread: threading.Thread | None = None

    async def open(self, title: str, monitor: int, size: tuple[int, int] | None) -> pygame.Window:
        """A window; without `size` it fills the monitor. Raises OSError, ModuleNotFoundError."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="screen", daemon=True)
            self._thread.start()
        made: list[pygame.Window] = []
        try:
            return await self.do(lambda: self._make(made, title, monitor, size))
        except BaseException:
            self._jobs.put(lambda: self._destroy(made))
            raise

    async def close(self, window: pygame.Window) -> None:
        await asyncio.shield(self.do(lambda: self._destroy([window])))

    async def do(self, work: Callable[[], T]) -> T:
        """Run it in SDL's thread, after all that was asked before. Raises what it raises."""
        done: Future[T] = Future()

        def job() -> None:
            if done.set_running_or_notify_cancel():
                try:
                    done.set_result(work())
                except BaseException as error:
                    done.set_exception(error)

        self._jobs.put(job)
        return await asyncio.wrap_future(done)

    def _make(
        self, made: list[pygame.Window], title: str, monitor: int, size: tuple[int, int] | None
    ) -> pygame.Window:
        import pygame  # noqa: PLC0415 - it takes 0.6 s, and here no lane waits for it

        try:
            pygame.display.init()
            sizes = pygame.display.get_desktop_sizes()
            if monitor >= len(sizes):
                raise OSError(f"there is no monitor {monitor}; there are {len(sizes)}")
            position = (CENTRED + monitor, CENTRED + monitor)
            made.append(pygame.Window(title, size or sizes[monitor], position))
            self._open += made
            if size is None:
                made[0].set_fullscreen(desktop=True)
                pygame.mouse.set_visible(False)
        except pygame.error as error:
            raise OSError(str(error)) from error
        return made[0]

    def _destroy(self, windows: list[pygame.Window]) -> None:
        import pygame  # noqa: PLC0415

        for window in windows:
            self._open.remove(window)
            window.destroy()
        if not self._open:
            pygame.display.quit()

    def _run(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=PUMP_S if self._open else None)
            except queue.Empty:
                self._pump()
            else:
                job()

    def _pump(self) -> None:
        """What was covered, or on another console, is shown again."""
        import pygame  # noqa: PLC0415

        with suppress(pygame.error):
            if any(event.type == pygame.WINDOWEXPOSED for event in pygame.event.get()):
                for window in self._open:
                    window.flip()
