"""A real mosquitto on a free loopback port, for as long as a block runs."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from runtime.mqtt import BusSettings

CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
persistence false
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def mosquitto(folder: Path, port: int | None = None) -> AsyncIterator[BusSettings]:
    """The broker, ready to be connected to; `port` for one that comes back where it was."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert program, "install Debian's mosquitto"
    settings = BusSettings(port=port or free_port())
    config = folder / "mosquitto.conf"
    config.write_text(CONFIG.format(port=settings.port))
    process = await asyncio.create_subprocess_exec(
        program, "-c", str(config), stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(10):
            while not (line := await process.stderr.readline()).rstrip().endswith(b"running"):
                assert line, "mosquitto ended"
        yield settings
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
