"""Service life: signals end it cleanly, systemd hears that it is ready and alive (sd_notify(3))."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any


def utc_now() -> datetime:
    """The clock of the shell; everything further in takes `now` as an argument."""
    return datetime.now(UTC)


def version() -> str:
    """The version of the installed distribution."""
    from importlib import metadata  # noqa: PLC0415 - slow, and rarely asked for

    try:
        return metadata.version("wicket")
    except metadata.PackageNotFoundError:
        return "unknown"


def notify(message: str) -> None:
    """Tell systemd, if it asked: "READY=1", "STATUS=2 lanes open", "WATCHDOG=1"."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as unix, suppress(OSError):
        unix.sendto(message.encode(), address)


def run_daemon(main: Coroutine[Any, Any, None]) -> None:
    """Run `main` until it ends or SIGTERM or SIGINT comes; then it is cancelled and awaited."""
    with suppress(asyncio.CancelledError):
        asyncio.run(_live(main))


async def _live(main: Coroutine[Any, Any, None]) -> None:
    task = asyncio.current_task()
    assert task is not None
    for ending in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(ending, task.cancel)
    async with asyncio.TaskGroup() as group:
        watchdog = group.create_task(_feed_watchdog(), name="watchdog")
        try:
            await main
        finally:
            notify("STOPPING=1")
            watchdog.cancel()


async def _feed_watchdog() -> None:
    """Twice within WatchdogSec, from the event loop itself: a loop that hangs is restarted."""
    interval_us = int(os.environ.get("WATCHDOG_USEC", "0"))
    while interval_us:
        notify("WATCHDOG=1")
        await asyncio.sleep(interval_us / 2_000_000)
