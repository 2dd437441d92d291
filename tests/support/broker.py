"""A real mosquitto on a free loopback port, for as long as a block runs."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import cycle
from pathlib import Path

from runtime.mqtt import BusSettings

CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous {anonymous}
set_tcp_nodelay true
persistence false
"""


FIRST, LAST = 20_000, 32_000
"""Below those that the kernel gives to outgoing connections, and to who asks for any."""


def _own_ports() -> Iterator[int]:
    """Each worker of a test run has ports of its own, and takes them in turn."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ports = range(FIRST + number % workers, LAST, workers)
    begin = random.randrange(len(ports))
    return cycle([*ports[begin:], *ports[:begin]])


_PORTS = _own_ports()


def free_port() -> int:
    """A free port that nobody else is given until it is used."""
    while True:
        port = next(_PORTS)
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
