"""The desk daemon in this process, at a central that the test has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from support.central import DEVICES, Client

from desk.service import serve
from desk.settings import DeskSettings
from runtime.centre import CentreSettings
from wicket.demo.stagehand import Stagehand

SIM = {"driver": "sim"}
READER, PRINTER = "reader-1", "printer"


@asynccontextmanager
async def desk_at(
    central: Client,
    folder: Path,
    *,
    readers: tuple[Mapping[str, Any], ...] = (SIM,),
    printer: Mapping[str, Any] | None = SIM,
    name: str = "desk-1",
) -> AsyncIterator[Stagehand]:
    """Its simulated devices are at hand once the first of them is open."""
    stage = folder / "desk.stage"
    url = str(central.http.make_url("")).rstrip("/")
    settings = DeskSettings(
        state=folder / "desk",
        central=CentreSettings(url, DEVICES[name].token),
        readers=readers,
        printer=printer,
        stage=stage,
    )
    hand = Stagehand(stage)
    tasks = [asyncio.create_task(serve(settings)), asyncio.create_task(hand.run())]
    try:
        if SIM in (*readers, printer):
            async with asyncio.timeout(30):
                await hand.wait(bool)
        yield hand
    finally:
        for task in tasks:
            task.cancel()
        done, _ = await asyncio.wait(tasks)
        for task in done:
            if not task.cancelled() and (error := task.exception()):
                raise error
