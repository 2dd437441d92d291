"""The demo's venue with a second gate, which reaches broker and central through faulty networks."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.fault_proxy import FaultProxy
from support.listening import until

from wicket.demo import script
from wicket.demo.processes import Kept
from wicket.demo.show import Show, running
from wicket.demo.stagehand import Stagehand
from wicket.demo.venue import MUSEUM_LANE

READER, DISPLAY = f"{MUSEUM_LANE}.reader", f"{MUSEUM_LANE}.display"
LATCH, SENSOR = f"{MUSEUM_LANE}.turnstile.latch_in", f"{MUSEUM_LANE}.turnstile.sensor"


@dataclass(frozen=True)
class TwoGates:
    """`one` is at the network itself, `other` behind `bus` and `http`."""

    show: Show
    one: Stagehand
    other: Stagehand
    bus: FaultProxy
    http: FaultProxy

    async def sell(self) -> str:
        """The code of a ticket for the museum, bought at the office."""
        central = self.show.central
        dates = (await central.get("/v1/attractions/museum/dates"))["dates"]
        day = next(day["date"] for day in dates if day["open"])
        slots = (await central.get(f"/v1/attractions/museum/slots?date={day}"))["slots"]
        line = {"product": 1, "slot": slots[0]["id"], "quantity": 1}
        wish = {"lines": [line], "channel": "office", "language": "en"}
        request = await central.post("/v1/requests", wish)
        path = f"/v1/requests/{request['token']}"
        payment = {"method": "cash", "reference": "test", "amount": request["total"]}
        await central.post(f"{path}/confirm", {"payment": payment, "holder": None})
        code: str = (await central.post(f"{path}/issue", {}))["tickets"][0]["code"]
        return code

    async def connected(self) -> None:
        """Return when both gates are on the bus, as central says."""
        await self.show.central.ready()
        wanted = {("gate-1", "online"), ("gate-2", "online")}
        while True:
            devices = (await self.show.central.get("/v1/devices"))["devices"]
            if wanted <= {(one["device"], one["link"]) for one in devices}:
                return
            await asyncio.sleep(0)

    async def heard(self, gate: str, of: str, entries: int) -> None:
        """Return when the gate has so many entries of the other on its disk."""
        file = self.show.demo.state / {"gate-1": "gate", "gate-2": "gate-2"}[gate] / "gate.db"
        counted = "SELECT count(*) FROM fact WHERE device = ? AND body LIKE '%\"admitted\"%'"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as memory:
            await until(lambda: memory.execute(counted, (of,)).fetchone()[0] == entries)

    async def told(self, kind: str, wanted: Callable[[list[dict[str, Any]]], bool]) -> None:
        """Return when central has the wanted facts of a kind."""
        await self.show.central.ready()
        while True:
            entries = await self.show.central.activity(0)
            if wanted([e["fact"] for e in entries if e["fact"]["kind"] == kind]):
                return
            await asyncio.sleep(0)


async def scan(gate: Stagehand, code: str) -> str:
    """What the display says then."""
    await gate.wait(lambda s: s.get(DISPLAY, {}).get("tone") == "idle")
    await gate.cue(READER, scan=code)
    await gate.wait(lambda s: s.get(DISPLAY, {}).get("tone") in ("welcome", "refuse"))
    return f"{gate.states[DISPLAY]['title']}: {gate.states[DISPLAY]['text']}"


async def admit(gate: Stagehand, code: str) -> None:
    """Somebody comes in."""
    said = await scan(gate, code)
    assert "Welcome" in said, said
    await gate.wait(lambda s: s.get(LATCH, {}).get("on") is True)
    await gate.cue(SENSOR, pulse=True)
    await gate.wait(lambda s: s.get(LATCH, {}).get("on") is False)


async def refused(gate: Stagehand, code: str) -> None:
    said = await scan(gate, code)
    assert "already used" in said, said


@asynccontextmanager
async def two_gates(folder: Path) -> AsyncIterator[TwoGates]:
    token = secrets.token_hex(16)
    overlay = folder / "config" / "central.d" / "gate-2.toml"
    overlay.parent.mkdir(parents=True)
    overlay.write_text(f'[devices]\ngate-2 = {{ token = "{token}", kind = "gate" }}\n')
    async with running(folder) as show:
        demo = show.demo
        bus, http = FaultProxy(demo.broker_port), FaultProxy(demo.central_port)
        text = demo.config("gate").read_text()
        own = next(line for line in text.splitlines() if line.startswith("central = "))
        config = demo.config("gate-2")
        config.write_text(
            text.replace('device = "gate-1"', 'device = "gate-2"')
            .replace(
                own, f'central = {{ url = "http://127.0.0.1:{http.port}", token = "{token}" }}'
            )
            .replace(f"port = {demo.broker_port}", f"port = {bus.port}")
            .replace(str(demo.state / "gate"), str(demo.state / "gate-2"))
            .replace(str(demo.stage("gate")), str(demo.stage("gate-2")))
        )
        command = [sys.executable, "-m", "wicket", "gate", "--config", str(config)]
        process = Kept("gate-2", command, demo.state / "logs" / "gate-2.log")
        hand = Stagehand(demo.stage("gate-2"))
        show.processes["gate-2"] = process
        async with bus.carrying(), http.carrying(), asyncio.TaskGroup() as group:
            tasks = [group.create_task(hand.run()), group.create_task(process.run())]
            try:
                await script.opening(show)
                await hand.wait(lambda s: s.get(DISPLAY, {}).get("tone") == "idle")
                venue = TwoGates(show, show.stages["gate"], hand, bus, http)
                await venue.connected()
                yield venue
            finally:
                for task in tasks:
                    task.cancel()
