"""The levels that an input line's edges lead to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from hal.drivers.mailbox import Mailbox


class LevelBox(Mailbox[bool]):
    async def changes(self, look: Callable[[], bool]) -> AsyncIterator[bool]:
        """First the level that `look` sees, then each change. An edge from before says again what
        is known and is left out."""
        was: bool | None = None
        async for level in self.items(first=[look()]):
            if level is not was:
                yield level
            was = level
