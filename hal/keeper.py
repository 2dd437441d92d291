"""A device that comes back: opened, used, closed when it faults, opened again after a pause."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol, TypeVar, runtime_checkable

from hal.ports import Device, DeviceFault

log = logging.getLogger("wicket.hal")

D = TypeVar("D", bound=Device)

PAUSE_S = 1.0

HEALED_S = 5.0
"""A device that has been open for so long without a fault is back."""

KINDS = 16
"""So many faults of one device are told as warnings before it is back; the others are DEBUG."""


@runtime_checkable
class Pluggable(Protocol):
    async def plugged(self) -> None:
        """Return when the device may be there again; may take for ever."""
        ...


async def keep(
    device: D,
    use: Callable[[D], Awaitable[None]],
    pause_s: float = PAUSE_S,
    tell: Callable[[DeviceFault | None], None] = lambda fault: None,
) -> None:
    """Run `use(device)` with the device open, again after every DeviceFault; ends when `use` does.

    The pause ends early when a Pluggable device is plugged in. The first fault of a kind is a
    WARNING, the same again DEBUG. When it has worked for HEALED_S seconds, or `use` has ended, that
    is INFO, with the number of faults. `tell` hears each fault, and None when it is back.
    """
    loop = asyncio.get_running_loop()
    trouble = _Trouble(device.name, tell)
    while True:
        try:
            async with device:
                healing = loop.call_later(HEALED_S, trouble.over)
                try:
                    await use(device)
                finally:
                    healing.cancel()
            trouble.over()
            return
        except DeviceFault as fault:
            trouble.add(fault)
        await _pause(device, pause_s)


class _Trouble:
    """The faults of a device since it worked last."""

    def __init__(self, device: str, tell: Callable[[DeviceFault | None], None]) -> None:
        self._device = device
        self._tell = tell
        self._known: set[str] = set()
        self._times = 0

    def add(self, fault: DeviceFault) -> None:
        self._times += 1
        self._tell(fault)
        news = str(fault) not in self._known and len(self._known) < KINDS
        log.log(logging.WARNING if news else logging.DEBUG, "%s", fault)
        if news:
            self._known.add(str(fault))

    def over(self) -> None:
        if self._times:
            log.info("%s is back; faults meanwhile: %d", self._device, self._times)
            self._tell(None)
        self._known.clear()
        self._times = 0


async def _pause(device: Device, pause_s: float) -> None:
    if not isinstance(device, Pluggable):
        await asyncio.sleep(pause_s)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(pause_s):
            await device.plugged()
