"""What a device's callbacks found, on its way to the one `async for` that wants it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

from hal.ports import DeviceFault

log = logging.getLogger("wicket.hal.mailbox")

T = TypeVar("T")

LIMIT = 64
"""Items that wait at most; what comes when it is full is dropped."""


class Mailbox(Generic[T]):
    """Filled on the event loop's own thread; made anew each time the device is opened."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._waiting: asyncio.Queue[T | None] = asyncio.Queue()
        self._fault: DeviceFault | None = None
        self._full = False

    def put(self, item: T) -> None:
        if self._waiting.empty():
            self._full = False
        if self._waiting.qsize() < LIMIT:
            self._waiting.put_nowait(item)
        elif not self._full:
            self._full = True
            log.warning(
                "%s: %d events wait and nobody takes them; dropping more", self._device, LIMIT
            )

    def fail(self, fault: DeviceFault) -> None:
        """Raise `fault` in the reader, after what is waiting."""
        self._fault = fault
        self._waiting.put_nowait(None)

    async def items(self) -> AsyncIterator[T]:
        """Everything from now on; ends only by the fault."""
        while not self._waiting.empty():
            self._waiting.get_nowait()
        while self._fault is None or not self._waiting.empty():
            item = await self._waiting.get()
            if item is not None:
                yield item
        raise self._fault
