"""A scanner in USB-CDC mode: a pseudo terminal behind a name that stays, as udev's links do."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path


class PtyScanner:
    def __init__(self, link: Path) -> None:
        self.link = link
        self._here = -1
        self.plug()

    def plug(self) -> None:
        self._here, there = os.openpty()
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(there))
        self._there = there

    def unplug(self) -> None:
        os.close(self._here)
        os.close(self._there)
        self.link.unlink()
        self._here = -1

    async def send(self, data: bytes) -> None:
        """Return when the other end has room for all of it."""
        await asyncio.to_thread(self._send, data)

    def _send(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._here, data) :]

    async def written(self, size: int) -> bytes:
        """The next `size` bytes that the other end has written."""
        data = b""
        async with asyncio.timeout(30):
            while len(data) < size:
                data += await asyncio.to_thread(os.read, self._here, size - len(data))
        return data

    def away(self) -> None:
        if self._here >= 0:
            self.unplug()
