"""A device that comes back: opened with pauses between tries, closed when it faults."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

from hal.ports import Device, DeviceFault

D = TypeVar("D", bound=Device)
T = TypeVar("T")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 10.0
OPENING_S = 5.0
"""How long a user waits for a device that is being opened for the first time."""


class Kept(Generic[D]):
    """Keeps one device open while `run` runs; `tell` hears each fault, and None when it is well.

    A printer without paper opens as if all were well: what failed in use is well again only when a
    use has worked. So whoever uses it must try again.
    """

    def __init__(self, device: D, tell: Callable[[DeviceFault | None], None]) -> None:
        self._device = device
        self._tell = tell
        self._fault: DeviceFault | None = None
        self._ready = asyncio.Event()
        self._broken = asyncio.Event()
        self._using = asyncio.Lock()
        self._failed_in_use = False

    async def run(self) -> None:
        """Never returns."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                async with self._device:
                    self._fault = None
                    self._broken.clear()
                    self._ready.set()
                    if not self._failed_in_use:
                        self._tell(None)
                        pause_s = FIRST_PAUSE_S
                    await self._broken.wait()
            except DeviceFault as fault:
                self._blame(fault)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def use(self, action: Callable[[D], Awaitable[T]]) -> T:
        """One user at a time. DeviceFault while the device is away, or when it fails now."""
        async with self._using:
            if self._fault is None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(OPENING_S):
                        await self._ready.wait()
            if not self._ready.is_set():
                raise self._fault or DeviceFault(
                    self._device.name, "is not open yet", "wait a moment"
                )
            try:
                result = await action(self._device)
            except DeviceFault as fault:
                self._failed_in_use = True
                self._blame(fault)
                raise
            if self._failed_in_use:
                self._failed_in_use = False
                self._tell(None)
            return result

    def _blame(self, fault: DeviceFault) -> None:
        self._fault = fault
        self._ready.clear()
        self._broken.set()
        self._tell(fault)
