"""The far end of a receipt printer's cable: takes bytes, answers status questions."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

QUESTIONS = {b"\x10\x04\x02": "offline", b"\x10\x04\x04": "roll", b"\x1dr\x01": "done"}


@dataclass
class ReceiptPrinter:
    """Answers a question when it is the last thing that came, as whoever asks waits then."""

    paper: bool = True
    cover_open: bool = False
    jammed: bool = False
    mute: bool = False
    chatty: bool = False
    paper_for: int | None = None
    """How many bytes are printed until the roll ends; None for plenty."""
    printed: bytes = b""
    cut: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, data: bytes) -> bytes:
        self.printed += data
        if self.paper_for is not None and len(self.printed) >= self.paper_for:
            self.paper = False
        if self.printed.endswith(b"\x1dVB\x00"):
            self.cut.set()
        question = self.printed[-3:]
        if question not in QUESTIONS or self.mute:
            return b""
        self.printed = self.printed[:-3]
        gossip = b"\x11\x13" if self.chatty else b""
        return gossip + self._answer(QUESTIONS[question])

    def _answer(self, question: str) -> bytes:
        match question:
            case "roll":
                return b"\x12" if self.paper else b"\x72"
            case "offline":
                flags = 0x12 | 4 * self.cover_open | 0x20 * (not self.paper) | 0x40 * self.jammed
                return bytes([flags])
            case _:
                return b"\x00" if self.paper else b""


@asynccontextmanager
async def on_tcp(printer: ReceiptPrinter) -> AsyncIterator[int]:
    """The port it listens on, at 127.0.0.1."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(printer.take(data))
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def on_device(printer: ReceiptPrinter) -> AsyncIterator[str]:
    """The path of its device node."""
    here, there = os.openpty()
    path = os.ttyname(there)
    os.set_blocking(here, False)
    loop = asyncio.get_running_loop()
    loop.add_reader(here, lambda: os.write(here, printer.take(os.read(here, 65536))))
    try:
        yield path
    finally:
        loop.remove_reader(here)
        os.close(here)
        os.close(there)
