"""The levels that an input line's edges lead to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from hal.drivers.mailbox import Mailbox
from hal.ports import DeviceFault

LOOK_AGAIN_S = 0.25
"""Kernel and libraries lose an edge now and then (issue 18 of joan2937/lg): then the contact would
be taken to stand as it stood before, and a body that went through was never seen."""


class LevelBox(Mailbox[bool]):
    async def changes(self, look: Callable[[], bool]) -> AsyncIterator[bool]:
        """First the level that `look` sees, then each change. An edge from before says again what
        is known and is left out. What was seen twice, LOOK_AGAIN_S apart, counts without an edge.
        """
        loop = asyncio.get_running_loop()
        was: bool | None = None
        timer: asyncio.TimerHandle

        def look_again(before: bool) -> None:
            nonlocal timer
            try:
                level = look()
            except DeviceFault as fault:
                self.fail(fault)
                return
            if level is before is not was:
                self.put(level)
            timer = loop.call_later(LOOK_AGAIN_S, look_again, level)

        seen = look()
        timer = loop.call_later(LOOK_AGAIN_S, look_again, seen)
        try:
            async for level in self.items(first=[seen]):
                if level is not was:
                    was = level
                    yield level
        finally:
            timer.cancel()
