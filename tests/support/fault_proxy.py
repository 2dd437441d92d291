"""A network that can be spoilt: a TCP proxy that cuts, delays, slows down, carries one way only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from support.broker import free_port

BLOCK = 4096


@dataclass
class Way:
    """One direction of all connections: what comes while it is not `open` waits, as TCP would send
    it again. Each block is `delay_s` late, and no more than `bytes_per_s` are carried."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    delay_s: float = 0.0
    bytes_per_s: float = float("inf")

    def __post_init__(self) -> None:
        self.open.set()


@dataclass
class FaultProxy:
    """Whoever connects to `port` talks to `far_end` of this computer. `there` is the way to it."""

    far_end: int
    port: int = field(default_factory=free_port)
    there: Way = field(default_factory=Way)
    back: Way = field(default_factory=Way)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _whole: bool = True

    @asynccontextmanager
    async def carrying(self) -> AsyncIterator[FaultProxy]:
        server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        try:
            yield self
        finally:
            server.close()
            self.cut()
            while self._writers:  # noqa: ASYNC110 - until what they carried has ended
                await asyncio.sleep(0)

    def cut(self) -> None:
        """Break all connections; new ones are refused until `mend`."""
        self._whole = False
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        self._whole = True
        self.there.open.set()
        self.back.open.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.far_end)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._writers |= both
        try:
            await asyncio.gather(
                _pump(reader, far_writer, self.there), _pump(far_reader, writer, self.back)
            )
        finally:
            self._writers -= both


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, way: Way) -> None:
    """Until either end hangs up; then both are."""
    try:
        with suppress(OSError):
            while data := await source.read(BLOCK):
                await asyncio.sleep(way.delay_s + len(data) / way.bytes_per_s)
                await way.open.wait()
                sink.write(data)
                await sink.drain()
    finally:
        sink.transport.abort()
