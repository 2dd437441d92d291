"""The outside of a daemon's stage: hears what its devices show, sends them cues."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hal.sim.stage import LINE_LIMIT

AGAIN_S = 0.1

State = dict[str, Any]


class Stagehand:
    """`run` stays connected to the socket `path`; `heard(device, state)` hears each change."""

    def __init__(
        self, path: Path, heard: Callable[[str, State], None] = lambda device, state: None
    ) -> None:
        self._path = path
        self._heard = heard
        self._writer: asyncio.StreamWriter | None = None
        self._changed = asyncio.Condition()
        self.states: dict[str, State] = {}

    async def run(self) -> None:
        while True:
            try:
                reader, self._writer = await asyncio.open_unix_connection(
                    self._path, limit=LINE_LIMIT
                )
                await self._listen(reader)
            except OSError:
                pass
            finally:
                await self._forget()
            await asyncio.sleep(AGAIN_S)

    async def cue(self, device: str, **cue: Any) -> None:
        """Send a cue as soon as the daemon is there and has that device."""
        await self.wait(lambda states: device in states)
        assert self._writer is not None
        self._writer.write(json.dumps({"device": device, "cue": cue}).encode() + b"\n")
        await self._writer.drain()

    async def wait(self, wanted: Callable[[dict[str, State]], bool]) -> None:
        """Return when the states are as wanted."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._writer is not None and wanted(self.states))

    async def gone(self) -> None:
        """Return when the daemon is away."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self.states)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            message = json.loads(line)
            device, state = message["device"], message["state"]
            async with self._changed:
                self.states.setdefault(device, {}).update(state)
                self._changed.notify_all()
            self._heard(device, state)
            await asyncio.sleep(0)  # whoever waits sees each state of those that came at once

    async def _forget(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        async with self._changed:
            self.states.clear()
            self._changed.notify_all()
