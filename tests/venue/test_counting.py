"""A gate and central count the same, whoever corrects it, and after the gate lost its memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from support.broker import free_port, mosquitto
from support.bus import running
from support.central import DEVICES, Clock
from support.central import settings_in as central_settings_in
from support.gate import DEVICE, memory_in, settings_in
from support.listening import until
from support.samples import NOON

from admission.facts import CountCorrected, Passed
from central.service import serve
from central.settings import HttpSettings
from gate.ledger import GateLedger
from gate.settings import CentralSettings
from gate.sync import keep_in_step
from gate.trust import Trust
from runtime.mqtt import BusSettings
from runtime.outbox import Outbox

IN = Passed(None, None, "North", 1, zone="museum")


@asynccontextmanager
async def gate_in(
    folder: Path, broker: BusSettings, port: int
) -> AsyncIterator[tuple[GateLedger, Outbox]]:
    central = CentralSettings(f"http://127.0.0.1:{port}", DEVICES[DEVICE].token)
    settings = settings_in(folder, mqtt=broker, central=central)
    async with (
        memory_in(folder) as (ledger, outbox),
        running(keep_in_step(settings, ledger, outbox, Trust(ledger, outbox))),
    ):
        await ledger.ready.wait()
        yield ledger, outbox


class Office:
    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http

    async def museum(self, so_far: Callable[[Any], bool]) -> None:
        """Return when the zone stands like that."""
        async with asyncio.timeout(30):
            while True:
                async with self._http.get("/v1/zones") as answer:
                    zones = (await answer.json())["zones"]
                if any(so_far(zone) for zone in zones):
                    return

    async def correct(self, persons: int) -> None:
        body = {"persons": persons, "why": "counted by hand"}
        headers = {"Idempotency-Key": f"count {persons}"}
        path = "/v1/zones/museum/count"
        async with self._http.post(path, json=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()


@asynccontextmanager
async def office_at(port: int) -> AsyncIterator[Office]:
    headers = {"Authorization": f"Bearer {DEVICES['office-1'].token}"}
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as http:
        yield Office(http)


async def test_a_correction_here_or_there_counts_everywhere(tmp_path: Path) -> None:
    port = free_port()
    async with mosquitto(tmp_path) as broker, office_at(port) as office:
        http = HttpSettings(port=port)
        central = central_settings_in(tmp_path / "central", mqtt=broker, http=http)
        async with running(serve(central, clock=Clock())):
            async with gate_in(tmp_path / "gate", broker, port) as (ledger, outbox):
                for event in (IN, IN, CountCorrected("museum", 1, "technician page", "a baby")):
                    await outbox.tell(event, NOON)
                await office.museum(lambda zone: zone["persons"] == 3)
                await office.correct(7)
                await until(lambda: ledger.counted() == {"museum": 7})
                await outbox.tell(IN, NOON)
                await until(lambda: outbox.waiting == 0)
            async with gate_in(tmp_path / "new disk", broker, port) as (ledger, outbox):
                await until(lambda: ledger.counted() == {"museum": 8})
                await outbox.tell(IN, NOON)
                await office.museum(lambda zone: zone["persons"] == 9)
                assert ledger.counted() == {"museum": 9}
