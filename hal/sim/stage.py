"""The stage on which simulated devices play: tests, the demo page and trade fairs pull its strings.

Each device holds a Prop. The outside sends it cues (`{"scan": "WK…"}`), the device shows its
state (`{"on": true}`). `serve` opens the stage on a Unix socket, one JSON object per line:
in `{"device": "north.reader", "cue": {…}}`, out `{"device": "north.latch", "state": {…}}`.
A newcomer is first told every state as it stands.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hal.ports import DeviceFault

LINE_LIMIT = 16 * 1024 * 1024
"""Bytes in one line; a screen picture must fit."""


@dataclass
class Prop:
    """One simulated device's end of the stage."""

    device: str
    stage: Stage
    state: dict[str, Any] = field(default_factory=dict)
    pending: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)

    def show(self, **state: Any) -> None:
        """Tell everyone who watches; what was shown before stays, what is named changes."""
        self.state |= state
        self.stage.tell(self.device, state)

    async def cues(self) -> AsyncIterator[dict[str, Any]]:
        """Cues from now on, in order. The cue `{"unplug": true}` becomes a DeviceFault."""
        self.forget()
        while True:
            yield await self.next()

    async def next(self) -> dict[str, Any]:
        """The next cue, also one that has come since."""
        return self._plugged(await self.pending.get())

    def forget(self) -> None:
        """Drop the cues that have come since."""
        while not self.pending.empty():
            self.pending.get_nowait()

    def waiting(self) -> Iterator[dict[str, Any]]:
        """Take the cues that have come since, without waiting for more."""
        while not self.pending.empty():
            yield self._plugged(self.pending.get_nowait())

    def _plugged(self, cue: dict[str, Any]) -> dict[str, Any]:
        if cue.get("unplug"):
            raise DeviceFault(self.device, "unplugged on the stage", "plug it in again")
        return cue


class Stage:
    def __init__(self) -> None:
        self.props: dict[str, Prop] = {}
        self._watchers: set[asyncio.Queue[dict[str, Any]]] = set()

    def prop(self, device: str) -> Prop:
        return self.props.setdefault(device, Prop(device, self))

    def cue(self, device: str, **cue: Any) -> None:
        self.prop(device).pending.put_nowait(cue)

    def tell(self, device: str, state: dict[str, Any]) -> None:
        for watcher in self._watchers:
            watcher.put_nowait({"device": device, "state": state})

    async def watch(self) -> AsyncIterator[dict[str, Any]]:
        """Every state as it stands, then every change."""
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        for prop in self.props.values():
            queue.put_nowait({"device": prop.device, "state": dict(prop.state)})
        self._watchers.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._watchers.discard(queue)


@asynccontextmanager
async def serve(stage: Stage, path: Path) -> AsyncIterator[None]:
    """Open the stage on the Unix socket `path` (0600) while the block runs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    visitors: set[asyncio.Task[None]] = set()

    async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        visitors.add(task)
        try:
            async with asyncio.TaskGroup() as group:
                telling = group.create_task(_tell(stage, writer))
                await _listen(stage, reader)
                telling.cancel()
        except* (ConnectionError, ValueError, KeyError, TypeError, RecursionError):
            pass
        finally:
            visitors.discard(task)
            writer.close()

    server = await asyncio.start_unix_server(welcome, path, limit=LINE_LIMIT)
    path.chmod(0o600)
    try:
        yield
    finally:
        server.close()
        for task in list(visitors):
            task.cancel()
        await asyncio.gather(*visitors, return_exceptions=True)


async def _tell(stage: Stage, writer: asyncio.StreamWriter) -> None:
    async for message in stage.watch():
        writer.write(json.dumps(message).encode() + b"\n")
        await writer.drain()


async def _listen(stage: Stage, reader: asyncio.StreamReader) -> None:
    while line := await reader.readline():
        message = json.loads(line)
        stage.cue(str(message["device"]), **message["cue"])
