"""What a gate cannot do without, alone: a flush, a wake-up by a scanner, a signature checked."""

from __future__ import annotations

import asyncio
import os
import termios
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from time import perf_counter, process_time

from admission.codes import SignedCode, genuine, read_code
from bench.figure import Sample
from bench.sample import KEY, listed_code, scanner


@contextmanager
def flush(folder: Path) -> Iterator[Sample]:
    """64 bytes appended to a file + fdatasync, on the event loop's own thread."""
    file = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def flush_once() -> float:
        begun = perf_counter()
        os.write(file, bytes(64))
        os.fdatasync(file)
        return perf_counter() - begun

    try:
        yield flush_once
    finally:
        os.close(file)


@asynccontextmanager
async def wake_up() -> AsyncIterator[Sample]:
    """From a code written to a raw pseudo terminal to the callback that has read it."""
    code, loop = listed_code(0), asyncio.get_running_loop()
    with scanner() as held:
        port = os.open(held.port, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        tty.setraw(port, termios.TCSANOW)
        read = asyncio.Event()
        at = 0.0

        def readable() -> None:
            nonlocal at
            os.read(port, 4096)
            at = perf_counter()
            read.set()

        async def wake_once() -> float:
            read.clear()
            begun = perf_counter()
            held.scan(code)
            await read.wait()
            return at - begun

        loop.add_reader(port, readable)
        try:
            yield wake_once
        finally:
            loop.remove_reader(port)
            os.close(port)


def check_signature() -> Sample:
    """The CPU time of one signature's check."""
    code, issuer = read_code(listed_code(0)), KEY.issuer
    assert isinstance(code, SignedCode)

    async def check_once() -> float:
        begun = process_time()
        assert genuine(code, issuer)
        return process_time() - begun

    return check_once
