"""The real central on a real SQLite file, with a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from central.catalogue.venue import load_venue
from central.http.api import Api
from central.http.routes import application
from central.service import opened
from central.settings import CentralSettings, DeviceKind, DeviceSettings, HttpSettings, Rate
from central.store.database import make_engine, migrate

CONFIG = Path(__file__).parent.parent.parent / "config"
NOW = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)
"""Saturday, 14:05 in Berlin."""
PRODUCTS = len(load_venue(CONFIG / "venue.toml").products())
BEGUN = 1 + PRODUCTS
"""The feed's head when nothing was sold yet: the key and the products."""
TOUR = "tour-20261121T1330Z"
MUSEUM = "museum-20261120T2300Z"
DEVICES = {
    "kiosk-1": DeviceSettings("kiosk-1-kiosk-1-kiosk-1", DeviceKind.KIOSK),
    "kiosk-2": DeviceSettings("kiosk-2-kiosk-2-kiosk-2", DeviceKind.KIOSK),
    "office-1": DeviceSettings("office-1-office-1-office-1", DeviceKind.OFFICE),
    "web-1": DeviceSettings("web-1-web-1-web-1-web-1", DeviceKind.WEB),
    "gate-1": DeviceSettings("gate-1-gate-1-gate-1", DeviceKind.GATE),
    "desk-1": DeviceSettings("desk-1-desk-1-desk-1", DeviceKind.DESK),
    "desk-2": DeviceSettings("desk-2-desk-2-desk-2", DeviceKind.DESK),
}


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


UNHURRIED = HttpSettings(rate=Rate(1_000_000, 1_000_000))
"""Tests write as fast as they can."""


def settings_in(folder: Path, **changes: Any) -> CentralSettings:
    settings = CentralSettings(folder, DEVICES, CONFIG / "venue.toml", http=UNHURRIED)
    return replace(settings, **changes)


@dataclass
class Client:
    """One device that talks HTTP to central. `post` makes a fresh key unless one is given."""

    http: TestClient[Any, Any]
    api: Api
    clock: Clock
    device: str = "kiosk-1"
    _keys: count[int] = field(default_factory=count)

    def as_(self, device: str) -> Client:
        """The same central, as another device sees it."""
        return replace(self, device=device)

    async def get(self, path: str, status: int = 200) -> Any:
        async with self.http.get(path, headers=self._token()) as response:
            return await self._body(response, status)

    async def post(
        self, path: str, body: Any, status: int | None = 200, key: str | None = None
    ) -> Any:
        headers = self._token() | {"Idempotency-Key": key or f"{self.device} {next(self._keys)}"}
        async with self.http.post(path, json=body, headers=headers) as response:
            return await self._body(response, status)

    async def reserve(
        self, product: int, slot: str, quantity: int = 1, status: int | None = 201, **extras: Any
    ) -> Any:
        line = {"product": product, "slot": slot, "quantity": quantity}
        return await self.post(
            "/v1/requests", {"lines": [line], "channel": "kiosk"} | extras, status
        )

    async def confirm(self, request: Any, status: int = 200, reference: str = "SIM-17") -> Any:
        payment = {"method": "card", "reference": reference, "amount": request["total"]}
        path = f"/v1/requests/{request['token']}/confirm"
        return await self.post(path, {"payment": payment}, status)

    async def issue(self, request: Any, status: int = 200) -> Any:
        return await self.post(f"/v1/requests/{request['token']}/issue", {}, status)

    async def cancel(self, request: Any, status: int = 200) -> Any:
        path = f"/v1/requests/{request['token']}/cancel"
        return await self.post(path, {"reason": "changed my mind"}, status)

    async def sell(self, product: int, slot: str, quantity: int = 1) -> list[dict[str, Any]]:
        """Reserve, pay and issue; the tickets."""
        request = await self.reserve(product, slot, quantity)
        await self.confirm(request)
        tickets: list[dict[str, Any]] = (await self.issue(request))["tickets"]
        return tickets

    async def left(self, slot: str) -> int | None:
        """Places left in a slot of 21 November."""
        attraction = slot.partition("-")[0]
        body = await self.get(f"/v1/attractions/{attraction}/slots?date=2026-11-21")
        left: int | None = next(s["left"] for s in body["slots"] if s["id"] == slot)
        return left

    def _token(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {DEVICES[self.device].token}"}

    async def _body(self, response: ClientResponse, status: int | None) -> Any:
        body = await response.json(content_type=None)
        assert status is None or response.status == status, body
        return body


def empty_sqlite(file: Path) -> str:
    """The URL of a database with empty tables."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_migrated())
    return f"sqlite:///{file}"


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "central.sqlite"
        engine = make_engine(f"sqlite:///{file}")
        migrate(engine)
        engine.dispose()
        return file.read_bytes()


@cache
def _begun() -> dict[str, bytes]:
    """The files of a central that began NOW with the sample venue, which takes its time."""

    async def begin(folder: Path) -> None:
        async with opened(settings_in(folder), Clock()):
            pass

    with TemporaryDirectory() as name, ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, begin(Path(name))).result()
        return {file.name: file.read_bytes() for file in Path(name).iterdir()}


@asynccontextmanager
async def central_in(folder: Path, clock: Clock, **changes: Any) -> AsyncIterator[Client]:
    file = folder / "central.sqlite"
    if changes.get("database") in (None, f"sqlite:///{file}") and not file.exists():
        empty_sqlite(file)
        for name, content in _begun().items() if "venue" not in changes else ():
            (folder / name).write_bytes(content)
            (folder / name).chmod(0o600)
    async with (
        opened(settings_in(folder, **changes), clock) as api,
        TestClient(TestServer(application(api))) as http,
    ):
        yield Client(http, api, clock)
