"""A network cable to a port of this computer, which can be cut and mended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum

from support.broker import free_port


class Way(Enum):
    """As seen by who connects."""

    OUT = "out"
    IN = "in"


class Cable:
    """Who connects to `port` talks to the far end, as long as it is whole."""

    def __init__(self, far_end: int) -> None:
        self.port = free_port()
        self._far_end = far_end
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._dead: set[asyncio.StreamWriter] = set()
        self._passes = {way: asyncio.Event() for way in Way}
        self.thaw()

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)

    def cut(self) -> None:
        assert self._server
        self._server.close()
        self.thaw()
        for writer in self._writers:
            writer.transport.abort()

    def swallow(self) -> None:
        """Whatever is on the way in the connections there are is lost without a word; new ones
        are carried."""
        self._dead |= self._writers

    def freeze(self, way: Way) -> None:
        """Nothing arrives that way, until it thaws: then comes what the two ends still try."""
        self._passes[way].clear()

    def thaw(self) -> None:
        for passes in self._passes.values():
            passes.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._far_end)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._writers |= both
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, far_writer, Way.OUT))
                group.create_task(self._pump(far_reader, writer, Way.IN))
        finally:
            self._writers -= both

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, way: Way
    ) -> None:
        """Until either end hangs up; then both are."""
        try:
            with suppress(OSError):
                while data := await source.read(65536):
                    await self._passes[way].wait()
                    if sink not in self._dead:
                        sink.write(data)
                        await sink.drain()
        finally:
            sink.transport.abort()


@asynccontextmanager
async def cable(far_end: int) -> AsyncIterator[Cable]:
    made = Cable(far_end)
    await made.mend()
    try:
        yield made
    finally:
        made.cut()
