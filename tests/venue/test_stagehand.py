"""The outside of a stage, before a daemon that shows much at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from support.bus import running
from support.listening import PATIENCE_S

from wicket.demo.stagehand import Stagehand

SHORTLY = b"""{"device": "latch", "state": {"on": true}}
{"device": "latch", "state": {"on": false}}
"""


async def test_whoever_waits_sees_what_was_shown_for_an_instant(tmp_path: Path) -> None:
    async def show(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SHORTLY)
        await reader.read()
        writer.close()

    hand = Stagehand(tmp_path / "stage")
    async with (
        await asyncio.start_unix_server(show, tmp_path / "stage"),
        running(hand.run()),
        asyncio.timeout(PATIENCE_S),
    ):
        for on in (True, False):
            await hand.wait(lambda states, on=on: states.get("latch") == {"on": on})
