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
from runtime.service import utc_now
from runtime.tls import TlsSettings
from wicket.authority import Authority
from wicket.demo.processes import Kept
from wicket.demo.venue import Demo, free_port, samples

PATIENCE_S = 20
OF_THE_PLACE = ("listener", "allow_anonymous", "password_file", "acl_file")
"""Lines of config/mosquitto.conf that are not taken over here."""


@asynccontextmanager
async def mosquitto(folder: Path, port: int | None = None) -> AsyncIterator[BusSettings]:
    """A real broker with the settings that we ship, open to this computer only."""
    port = port or free_port()
    shipped = (samples() / "mosquitto.conf").read_text().splitlines()
    kept = [line for line in shipped if not line.startswith(OF_THE_PLACE)]
    lines = [f"listener {port} 127.0.0.1", "allow_anonymous true", *kept]
    async with _mosquitto(folder, port, lines):
        yield BusSettings(port=port)


@asynccontextmanager
async def mosquitto_with_tls(folder: Path, *names: str) -> AsyncIterator[list[BusSettings]]:
    """The same behind TLS, and how each of `names` reaches it with a certificate of its own."""
    issuer = Authority.begin(folder / "authority", "bench", utc_now())
    issuer.issue("broker", ["127.0.0.1"], 1, utc_now())
    made = [issuer.issue(name, [], 1, utc_now()) for name in names]
    port = free_port()
    files = {"crl.pem": issuer.folder, "wicket.acl": folder} | dict.fromkeys(
        ("ca.pem", "certificate.pem", "key.pem"), issuer.folder / "broker"
    )
    (folder / "wicket.acl").write_text("pattern readwrite wicket/1/bench/#\n")
    lines = []
    for name in ("mosquitto-tls.conf", "mosquitto.conf"):
        for line in (samples() / name).read_text().splitlines():
            key, _, value = line.partition(" ")
            match key, Path(value).name:
                case "listener", "8883":
                    lines.append(f"listener {port} 127.0.0.1")
                case "listener" | "password_file", _:
                    pass
                case _, file if file in files:
                    lines.append(f"{key} {files[file] / file}")
                case _:
                    lines.append(line)
    async with _mosquitto(folder, port, [*lines, "user root"]):
        yield [
            BusSettings(
                port=port,
                tls=TlsSettings(own / "ca.pem", own / "certificate.pem", own / "key.pem"),
            )
            for own in made
        ]


@asynccontextmanager
async def _mosquitto(folder: Path, port: int, lines: list[str]) -> AsyncIterator[None]:
    program = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")
    if program is None:
        raise click.ClickException("mosquitto is missing; install Debian's package of that name")
    config = folder / "mosquitto.conf"
    config.write_text("\n".join(lines))
    async with running("mosquitto", [program, "-c", str(config)], folder, port):
        yield


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
