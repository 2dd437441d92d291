"""The levels that an input line's edges lead to."""

from __future__ import annotations

from collections.abc import AsyncIterator

from hal.drivers.mailbox import Mailbox


class LevelBox(Mailbox[bool]):
    async def changes(self, active: bool) -> AsyncIterator[bool]:
        """True first if it is `active` now, then each change. An edge from before now says again
        what is known and is left out."""
        was = False
        async for level in self.items(first=[True] if active else []):
            if level is not was:
                yield level
            was = level
