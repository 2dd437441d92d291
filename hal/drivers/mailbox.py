"""What a device's callbacks found, on its way to the one `async for` that wants it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from typing import Generic, TypeVar

log = logging.getLogger("wicket.hal.mailbox")

T = TypeVar("T")

LIMIT = 64
"""Items that wait at most; what comes when it is full is dropped."""


class Mailbox(Generic[T]):
    """Filled on the event loop's own thread; made anew each time the device is opened."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._waiting: asyncio.Queue[T | None] = asyncio.Queue()
        self._fault: Exception | None = None
        self._full = False
        self._dropped = 0

    def put(self, item: T) -> None:
        if self._full and self._waiting.empty():
            self._full = False
            self._tell(f"events are taken again; {self._dropped} were dropped")
        if self._waiting.qsize() < LIMIT:
            self._waiting.put_nowait(item)
            return
        if not self._full:
            self._full = True
            self._tell(f"{LIMIT} events wait and nobody takes them; dropping more")
        self._dropped += 1

    def _tell(self, what: str) -> None:
        level = logging.DEBUG if self._dropped else logging.WARNING
        log.log(level, "%s: %s", self._device, what)

    def fail(self, fault: Exception) -> None:
        """Raise `fault` in the reader, after what is waiting: a DeviceFault, or a thread's bug."""
        self._fault = fault
        self._waiting.put_nowait(None)

    async def items(self, first: Iterable[T] = ()) -> AsyncIterator[T]:
        """`first`, then everything from now on; ends only by the fault."""
        while not self._waiting.empty():
            self._waiting.get_nowait()
        for known in first:
            self._waiting.put_nowait(known)
        while self._fault is None or not self._waiting.empty():
            item = await self._waiting.get()
            if item is not None:
                yield item
        raise self._fault
