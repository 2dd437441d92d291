"""A real mosquitto with the files of config/ as they are shipped, but for places and ports."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import aiomqtt
from support.broker import free_port, program
from support.listening import PATIENCE_S

from runtime.mqtt import NODELAY, BusSettings
from runtime.service import utc_now
from runtime.tls import TlsSettings, client_context
from wicket.authority import Authority

CONFIG = Path(__file__).parents[2] / "config"
SITE = "sample"
AUDITOR = "auditor"
"""Comes by the plain listener; hears and says everything. Only in tests."""
AUDITOR_MAY = f"\nuser {AUDITOR}\ntopic readwrite #\ntopic readwrite $SYS/#\n"


def now() -> datetime:
    return utc_now().replace(microsecond=0)


def authority(folder: Path, *names: str) -> Authority:
    """One that is an hour old and has issued certificates to `broker` and to the names."""
    made = Authority.begin(folder, "test", now() - timedelta(hours=1))
    made.issue("broker", ["127.0.0.1"], 30, now())
    for name in names:
        made.issue(name, [], 30, now())
    return made


class Broker:
    """`folder` is its /etc/mosquitto; `authority` issued the certificates."""

    def __init__(self, folder: Path, authority: Authority, acl: str = "acl") -> None:
        self.folder = folder
        self.authority = authority
        self.plain_port, self.tls_port = free_port(), free_port()
        self._process: asyncio.subprocess.Process | None = None
        folder.mkdir(exist_ok=True)
        own = folder / "wicket"
        shutil.copytree(authority.folder / "broker", own)
        self.take_crl()
        confd = folder / "conf.d"
        confd.mkdir()
        for name in ("mosquitto.conf", "mosquitto-tls.conf"):
            self.add(name)
        (folder / "wicket.acl").write_text((CONFIG / acl).read_text() + AUDITOR_MAY)
        passwords = folder / "wicket.passwd"
        passwords.touch(mode=0o600)
        subprocess.run(["mosquitto_passwd", "-b", passwords, AUDITOR, "secret"], check=True)
        (folder / "mosquitto.conf").write_text(
            f"persistence true\npersistence_location {folder}/\nlog_dest stderr\nuser root\n"
            f"connection_messages false\ninclude_dir {confd}\n"
        )

    def add(self, name: str, *changes: tuple[str, str]) -> None:
        """A file of config/, for its place in conf.d."""
        text = (CONFIG / name).read_text()
        for old, new in (
            ("\nlistener 1883 127.0.0.1\n", f"\nlistener {self.plain_port} 127.0.0.1\n"),
            ("\nlistener 8883\n", f"\nlistener {self.tls_port} 127.0.0.1\n"),
            ("/etc/mosquitto/", f"{self.folder}/"),
            *changes,
        ):
            text = text.replace(old, new)
        (self.folder / "conf.d" / name).write_text(text)

    def take_crl(self) -> None:
        shutil.copy(self.authority.folder / "crl.pem", self.folder / "wicket" / "crl.pem")

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            program(), "-c", str(self.folder / "mosquitto.conf"), stderr=asyncio.subprocess.PIPE
        )
        assert self._process.stderr
        async with asyncio.timeout(PATIENCE_S):
            said = b""
            while not (line := await self._process.stderr.readline()).rstrip().endswith(b"running"):
                assert line, said.decode()
                said += line

    def send(self, sign: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(sign)

    def reload(self) -> None:
        self.send(signal.SIGHUP)

    async def stop(self, sign: signal.Signals = signal.SIGTERM) -> None:
        """Again and again: mosquitto 2.0.11 misses a SIGTERM that comes right after its start."""
        assert self._process
        while self._process.returncode is None:
            self._process.send_signal(sign)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), 1)

    async def restart(self) -> None:
        """As `systemctl restart` does."""
        await self.stop()
        await self.start()

    @property
    def auditor(self) -> BusSettings:
        return BusSettings(port=self.plain_port, username=AUDITOR, password="secret")

    def of(self, name: str, issuer: Authority | None = None) -> BusSettings:
        """How the device reaches it, by the certificate that it was issued."""
        own = (issuer or self.authority).folder / name
        tls = TlsSettings(
            self.authority.folder / "ca.pem", own / "certificate.pem", own / "key.pem"
        )
        return BusSettings(port=self.tls_port, tls=tls)


@asynccontextmanager
async def running_broker(broker: Broker) -> AsyncIterator[Broker]:
    await broker.start()
    try:
        yield broker
    finally:
        with suppress(ProcessLookupError):
            await broker.stop(signal.SIGKILL)


def client(
    settings: BusSettings, name: str | None = None, patience_s: float = PATIENCE_S
) -> aiomqtt.Client:
    """Bare, to do what our own never would."""
    return aiomqtt.Client(
        settings.host,
        settings.port,
        username=settings.username,
        password=settings.password,
        identifier=name,
        tls_context=client_context(settings.tls) if settings.tls else None,
        socket_options=[NODELAY],
        timeout=patience_s,
    )


async def heard_until(client: aiomqtt.Client, last: bytes) -> list[tuple[str, bytes]]:
    """(topic, payload) of everything that arrives before the payload `last`."""
    heard = []
    async with asyncio.timeout(PATIENCE_S):
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            if message.payload == last:
                break
            heard.append((str(message.topic), message.payload))
    return heard
