"""To hear from udev that a device was plugged in."""

from __future__ import annotations

import asyncio
import logging
from functools import lru_cache
from pathlib import Path
from typing import Any

log = logging.getLogger("wicket.hal.hotplug")


async def plugged(path: Path, subsystem: str) -> None:
    """Return when udev has something new of that subsystem ("input", "tty") and `path` is there.

    By then udev has made its links. Waits for ever where pyudev is not installed or no udev runs,
    so its caller must not wait for it alone.
    """
    monitor = await asyncio.to_thread(_listen, subsystem)
    loop = asyncio.get_running_loop()
    heard = asyncio.Event()
    if monitor is not None:
        loop.add_reader(monitor.fileno(), heard.set)
    try:
        while True:
            await heard.wait()
            heard.clear()
            if _is_news(monitor) and path.exists():
                return
    finally:
        if monitor is not None:
            loop.remove_reader(monitor.fileno())


def _is_news(monitor: Any) -> bool:
    events = list(iter(lambda: monitor.poll(0), None))
    return any(event.action != "remove" for event in events)


def _listen(subsystem: str) -> Any:
    """In a thread, as pyudev looks for its library with the help of other programs."""
    try:
        import pyudev  # noqa: PLC0415

        monitor = pyudev.Monitor.from_netlink(_context())
        monitor.filter_by(subsystem)
        monitor.start()
    except (ImportError, OSError) as error:
        log.debug("udev cannot be heard: %s; devices are looked for from time to time", error)
        return None
    return monitor


@lru_cache
def _context() -> Any:
    import pyudev  # noqa: PLC0415

    return pyudev.Context()
