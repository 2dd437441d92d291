"""A device that hears of being plugged in is opened at once, any other after the pause."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from support.clock import on_virtual_time

from hal.drivers.hotplug import plugged
from hal.keeper import keep
from hal.ports import DeviceFault

PAUSE_S = 600.0


class Unplugged:
    """Is plugged in `after_s` seconds from the first look."""

    name = "reader"

    def __init__(self, after_s: float, heard_after_s: float) -> None:
        self._after_s = after_s
        self._heard_after_s = heard_after_s

    async def __aenter__(self) -> Self:
        if asyncio.get_running_loop().time() < self._after_s:
            raise DeviceFault(self.name, "is not there", "plug it in")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    async def plugged(self) -> None:
        await asyncio.sleep(self._heard_after_s)


async def opened_at(device: Unplugged) -> float:
    async def use(device: Unplugged) -> None:
        pass

    await keep(device, use, PAUSE_S)
    return asyncio.get_running_loop().time()


@on_virtual_time
async def test_news_ends_the_pause() -> None:
    assert await opened_at(Unplugged(after_s=7.0, heard_after_s=7.0)) == 7.0


@on_virtual_time
async def test_without_news_the_pause_goes_by() -> None:
    assert await opened_at(Unplugged(after_s=7.0, heard_after_s=10_000.0)) == PAUSE_S


@on_virtual_time
async def test_news_of_something_else_is_no_busy_loop() -> None:
    assert await opened_at(Unplugged(after_s=7.0, heard_after_s=2.0)) == 8.0


@on_virtual_time
async def test_what_is_there_already_is_no_news(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(PAUSE_S):
            await plugged(tmp_path, "tty")
