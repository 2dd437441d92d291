"""Workers of central as processes of their own, and buyers who go to the next one when theirs
fails."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from socket import AF_UNIX, SOCK_DGRAM, socket
from typing import Any

import aiohttp
from support.broker import free_port
from support.central import CONFIG, DEVICES
from support.listening import until
from support.program import ROOT

from runtime.mqtt import BusSettings

TOKEN = DEVICES["kiosk-1"].token
SETTINGS = """\
state = "{state}"
venue = "{venue}"
database = "{database}"
[http]
port = {port}
rate = {{ per_s = 1e6, burst = 1000000 }}
[mqtt]
port = {mqtt}
[devices.kiosk-1]
kind = "kiosk"
token = "{token}"
[devices.gate-1]
kind = "gate"
token = "{gate}"
"""


@dataclass
class Worker:
    """One process of central."""

    port: int
    config: Path
    process: Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def on_duty(self) -> bool:
        """As it last said."""
        return "on duty: " in self.config.with_suffix(".log").read_text()

    async def kill(self) -> None:
        """kill -9, whatever it is doing."""
        self.process.kill()
        await self.process.wait()


def config_in(folder: Path, database: str, mqtt: int = 1, name: str = "central") -> Path:
    """Settings of a worker that listens on a port of its own; all keep their key in `folder`."""
    text = SETTINGS.format(
        state=folder,
        venue=CONFIG / "venue.toml",
        database=database,
        port=free_port(),
        mqtt=mqtt,
        token=TOKEN,
        gate=DEVICES["gate-1"].token,
    )
    file = folder / f"{name}.toml"
    file.write_text(text)
    return file


@asynccontextmanager
async def workers(
    folder: Path, database: str, broker: BusSettings, number: int = 2
) -> AsyncIterator[list[Worker]]:
    """Several on one database, started at once and ready; the first is the one on duty."""
    started: list[Worker] = []
    try:
        configs = [config_in(folder, database, broker.port, f"w{n}") for n in range(number)]
        await asyncio.gather(*(_start(config, started) for config in configs))
        await until(lambda: any(worker.on_duty for worker in started))
        started.sort(key=lambda worker: not worker.on_duty)
        yield started
    finally:
        for worker in started:
            if worker.process.returncode is None:
                await worker.kill()


async def _start(config: Path, started: list[Worker]) -> None:
    """Return when it tells systemd that it is ready."""
    path = config.with_suffix(".ready")
    with closing(socket(AF_UNIX, SOCK_DGRAM)) as ready:
        ready.bind(str(path))
        ready.setblocking(False)
        with config.with_suffix(".log").open("wb") as log:
            command = (sys.executable, "-m", "wicket", "central", "--config", str(config))
            process = await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, env=os.environ | {"NOTIFY_SOCKET": str(path)}, stderr=log
            )
        port = int(config.read_text().partition("port = ")[2].partition("\n")[0])
        started.append(Worker(port, config, process))
        async with asyncio.timeout(30):
            said = await asyncio.get_running_loop().sock_recv(ready, 100)
    assert said == b"READY=1", config.with_suffix(".log").read_text()


class Buyer:
    """Asks with one key until somebody gives a definite answer: anything but a lost connection
    and 503."""

    def __init__(self, http: aiohttp.ClientSession, shops: Sequence[str], name: str) -> None:
        self._http = http
        self._shops = list(shops)
        self._name = name
        self._keys = count(1)
        self.retries = 0

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        """(status, body)."""
        key = f"{self._name} {next(self._keys)}"
        headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": key}
        async with asyncio.timeout(30):
            while True:
                try:
                    url = self._shops[0] + path
                    async with self._http.post(url, json=body, headers=headers) as answer:
                        if answer.status != 503:
                            return answer.status, await answer.json(content_type=None)
                except aiohttp.ClientError:
                    pass
                self.retries += 1
                self._shops.append(self._shops.pop(0))

    async def buy(self, product: int, slot: str, quantity: int) -> dict[str, Any] | None:
        """Reserve, pay and take the tickets; the request, None when there is no room."""
        line = {"product": product, "slot": slot, "quantity": quantity}
        status, made = await self.post("/v1/requests", {"lines": [line], "channel": "kiosk"})
        if status == 409:
            return None
        assert status == 201, made
        path = f"/v1/requests/{made['token']}"
        payment = {"method": "card", "reference": made["token"][:20], "amount": made["total"]}
        status, paid = await self.post(f"{path}/confirm", {"payment": payment})
        assert status == 200, paid
        status, issued = await self.post(f"{path}/issue", {})
        assert status == 200, issued
        return {**made, "tickets": issued["tickets"]}
