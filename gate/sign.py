"""What the visitors of one direction are told, on any number of displays."""

from __future__ import annotations

import asyncio

from hal.ports import LaneDisplay, Notice, Tone
from hal.together import together


class Sign:
    """Beside the lane, never in its way: a display that fails or hangs keeps nobody out."""

    def __init__(self) -> None:
        self.notice = Notice(Tone.CLOSED, "")
        self._changed = asyncio.Event()

    def say(self, notice: Notice) -> None:
        self.notice = notice
        self._changed.set()
        self._changed = asyncio.Event()

    async def show_on(self, display: LaneDisplay) -> None:
        """For ever. A display that is not done with one notice is given the next at once."""
        while True:
            await together(self._show_one(display, self.notice, self._changed))

    async def _show_one(self, display: LaneDisplay, notice: Notice, changed: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            showing = group.create_task(display.show(notice))
            await changed.wait()
            showing.cancel()
