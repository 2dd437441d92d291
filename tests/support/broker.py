"""A real mosquitto on a free loopback port, for as long as a block runs."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from runtime.mqtt import BusSettings

CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous {anonymous}
set_tcp_nodelay true
persistence false
"""


def free_port() -> int:
    """A free port that the kernel does not give to outgoing connections meanwhile."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def program() -> str:
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert found, "install Debian's mosquitto"
    return found


@asynccontextmanager
async def mosquitto(
    folder: Path, port: int | None = None, *, strangers: bool = True
) -> AsyncIterator[BusSettings]:
    """The broker, ready to be connected to; `port` for one that comes back where it was.
    Without `strangers` it lets nobody in, for it knows nobody."""
    settings = BusSettings(port=port or free_port())
    config = folder / "mosquitto.conf"
    config.write_text(CONFIG.format(port=settings.port, anonymous=str(strangers).lower()))
    process = await asyncio.create_subprocess_exec(
        program(), "-c", str(config), stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(30):
            while not (line := await process.stderr.readline()).rstrip().endswith(b"running"):
                assert line, "mosquitto ended"
        yield settings
    finally:
        if process.returncode is None:
            process.kill()  # mosquitto 2.0.11 misses a SIGTERM that comes right after its start
        await process.wait()
