"""A device that comes back: opened, used, closed when it faults, opened again after a pause."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from hal.ports import Device, DeviceFault

log = logging.getLogger("wicket.hal")

D = TypeVar("D", bound=Device)

PAUSE_S = 1.0


async def keep(device: D, use: Callable[[D], Awaitable[None]], pause_s: float = PAUSE_S) -> None:
    """Run `use(device)` with the device open, again after every DeviceFault; ends when `use` does.

    The first fault of a kind is a WARNING, the same again DEBUG, its healing INFO.
    """
    last = ""
    while True:
        try:
            async with device:
                if last:
                    log.info("%s is back", device.name)
                    last = ""
                return await use(device)
        except DeviceFault as fault:
            level = logging.DEBUG if str(fault) == last else logging.WARNING
            log.log(level, "%s", fault)
            last = str(fault)
        await asyncio.sleep(pause_s)
