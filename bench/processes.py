"""Broker and central as processes of their own, for as long as a block runs."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import click

from runtime.mqtt import BusSettings
from wicket.demo.processes import Kept
from wicket.demo.venue import Demo, free_port, samples

PATIENCE_S = 20
OF_THE_PLACE = ("listener", "allow_anonymous", "password_file", "acl_file")
"""Lines of config/mosquitto.conf that are not taken over here."""


@asynccontextmanager
async def mosquitto(folder: Path, port: int | None = None) -> AsyncIterator[BusSettings]:
    """A real broker with the settings that we ship, open to this computer only."""
    program = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")
    if program is None:
        raise click.ClickException("mosquitto is missing; install Debian's package of that name")
    port = port or free_port()
    shipped = (samples() / "mosquitto.conf").read_text().splitlines()
    kept = [line for line in shipped if not line.startswith(OF_THE_PLACE)]
    config = folder / "mosquitto.conf"
    config.write_text("\n".join([f"listener {port} 127.0.0.1", "allow_anonymous true", *kept]))
    async with running("mosquitto", [program, "-c", str(config)], folder, port):
        yield BusSettings(port=port)


@asynccontextmanager
async def central(demo: Demo) -> AsyncIterator[None]:
    """Central with SQLite."""
    command = [sys.executable, "-m", "wicket", "central", "--config", str(demo.config("central"))]
    async with running("central", command, demo.state, demo.central_port):
        yield


@asynccontextmanager
async def noop(folder: Path) -> AsyncIterator[str]:
    """The URL of an aiohttp server that does nothing (noop.py)."""
    port = free_port()
    async with running("noop", [sys.executable, "-m", "bench.noop", str(port)], folder, port):
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def running(name: str, command: list[str], folder: Path, port: int) -> AsyncIterator[None]:
    """A process that listens on `port`; the block runs once it does."""
    log = folder / f"{name}.log"
    async with asyncio.TaskGroup() as group:
        process = group.create_task(Kept(name, command, log).run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                await _answers(port)
        except TimeoutError as error:
            raise RuntimeError(f"{name} does not answer: {log.read_text()}") from error
        try:
            yield
        finally:
            process.cancel()


async def _answers(port: int) -> None:
    """Return when somebody listens there."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
