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
from time import perf_counter
from typing import Any

import aiohttp
from support.broker import free_port
from support.central import CONFIG, DEVICES
from support.listening import PATIENCE_S, until
from support.program import ROOT

from runtime.mqtt import BusSettings

TOKEN = DEVICES["kiosk-1"].token
STARTS_WITHIN_S = 2 * PATIENCE_S
ANSWERED_WITHIN_S = PATIENCE_S + STARTS_WITHIN_S
"""The worker that is asked may have to start again first."""
CENTRAL = ("-m", "wicket", "central", "--config")
ORPHANS_DIE = ("setpriv", "--pdeathsig", "KILL", "--")
"""Nothing outlives a test run that is killed."""
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
[devices.office-1]
kind = "office"
token = "{office}"
[devices.gate-1]
kind = "gate"
token = "{gate}"
"""


@dataclass
class Worker:
    """One process of central: Python with `program` and the path of its settings."""

    port: int
    config: Path
    process: Process
    program: Sequence[str] = CENTRAL

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def on_duty(self) -> bool:
        """As it last said."""
        return "on duty: " in self.config.with_suffix(".log").read_text()

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    async def kill(self) -> None:
        """kill -9, whatever it is doing."""
        self.process.kill()
        await self.process.wait()

    async def restart(self) -> None:
        """As systemd does when it was killed; return when it is ready."""
        self.process = await _process(self.config, self.program)


def config_in(
    folder: Path,
    database: str,
    mqtt: int = 1,
    name: str = "central",
    venue: Path = CONFIG / "venue.toml",
) -> Path:
    """Settings of a worker that listens on a port of its own; all keep their key in `folder`."""
    text = SETTINGS.format(
        state=folder,
        venue=venue,
        database=database,
        port=free_port(),
        mqtt=mqtt,
        token=TOKEN,
        office=DEVICES["office-1"].token,
        gate=DEVICES["gate-1"].token,
    )
    file = folder / f"{name}.toml"
    file.write_text(text)
    return file


@asynccontextmanager
async def workers(
    folder: Path,
    database: str,
    broker: BusSettings,
    number: int = 2,
    program: Sequence[str] = CENTRAL,
) -> AsyncIterator[list[Worker]]:
    """Several on one database, started at once and ready; the first is the one on duty."""
    started: list[Worker] = []
    try:
        configs = [config_in(folder, database, broker.port, f"w{n}") for n in range(number)]
        await asyncio.gather(*(_start(config, program, started) for config in configs))
        await until(lambda: any(worker.on_duty for worker in started))
        started.sort(key=lambda worker: not worker.on_duty)
        yield started
    finally:
        for worker in started:
            if worker.alive:
                await worker.kill()


async def _start(config: Path, program: Sequence[str], started: list[Worker]) -> None:
    process = await _process(config, program)
    port = int(config.read_text().partition("port = ")[2].partition("\n")[0])
    started.append(Worker(port, config, process, program))


async def _process(config: Path, program: Sequence[str]) -> Process:
    """Return when it tells systemd that it is ready."""
    path = config.with_suffix(".ready")
    path.unlink(missing_ok=True)
    with closing(socket(AF_UNIX, SOCK_DGRAM)) as ready:
        ready.bind(str(path))
        ready.setblocking(False)
        with config.with_suffix(".log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *ORPHANS_DIE, sys.executable, *program, str(config),
                cwd=ROOT, env=os.environ | {"NOTIFY_SOCKET": str(path)}, stderr=log,
            )  # fmt: skip
        try:
            async with asyncio.timeout(STARTS_WITHIN_S):
                said = await _first_word(ready, process)
        except BaseException:
            process.kill()
            await process.wait()
            raise
    assert said == b"READY=1", config.with_suffix(".log").read_text()
    return process


async def _first_word(ready: socket, process: Process) -> bytes:
    """What it tells systemd first; nothing if it ends before."""
    told = asyncio.ensure_future(asyncio.get_running_loop().sock_recv(ready, 100))
    ended = asyncio.ensure_future(process.wait())
    try:
        await asyncio.wait({told, ended}, return_when=asyncio.FIRST_COMPLETED)
        return told.result() if told.done() else b""
    finally:
        for one in (told, ended):
            one.cancel()
        await asyncio.wait({told, ended})


class Buyer:
    """Asks with one key until somebody gives a definite answer: anything but a lost connection
    and 503. While `open_` is not set it does not ask."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        shops: Sequence[str],
        name: str,
        device: str = "kiosk-1",
        open_: asyncio.Event | None = None,
    ) -> None:
        self._http = http
        self._shops = list(shops)
        self._name = name
        self._token = DEVICES[device].token
        self._open = open_
        self._keys = count(1)
        self.retries = 0
        self.longest_s = 0.0
        """That it ever waited for a definite answer."""

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        """(status, body)."""
        key = f"{self._name} {next(self._keys)}"
        headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": key}
        begun = perf_counter()
        async with asyncio.timeout(ANSWERED_WITHIN_S):
            while True:
                if self._open:
                    await self._open.wait()
                try:
                    url = self._shops[0] + path
                    async with self._http.post(url, json=body, headers=headers) as answer:
                        said = await answer.json(content_type=None)
                        if answer.status != 503:
                            self.longest_s = max(self.longest_s, perf_counter() - begun)
                            return answer.status, said
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
