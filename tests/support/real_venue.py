"""A venue whose parts are processes of their own: the broker with its shipped files, central, gates
with simulated lanes; and a cable between each gate and the broker, and central, to be cut."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.access import Broker, authority, running_broker
from support.bus import running
from support.cable import Cable, cable
from support.listening import PATIENCE_S, until

from runtime.mqtt import Bus, BusSettings, Message
from runtime.topics import Topics
from runtime.wire import decode
from wicket.demo.central import Central
from wicket.demo.processes import Kept
from wicket.demo.stagehand import Stagehand, State
from wicket.demo.venue import SITE, Demo, lay_out, samples

ADULT, CHILD, FAMILY = 1, 2, 3
"""Products of the museum; while gates are cut off they decide alone about the first, send the
second to its home, gate-1, and the third to a staffed lane, of which there is none."""
CUT_OFF = (
    ("# [cut_off]\n# staff_lane_above = ", "[cut_off]\nstaff_lane_above = "),
    ('staff_lane_above = "50.00"', 'staff_lane_above = "20.00"'),
    ("\nid = 2\n", '\nid = 2\ncut_off = "home_gate"\nhome = "gate-1"\n'),
)
PASSWORD = "secret"
ANSWERED = ("welcome", "refuse")
STARTING_S = 120.0
"""For all daemons to start, at the same time, on a machine that may be busy."""

Admission = tuple[str, int, str, str]
"""A device, the number of its fact, when it was, the ticket."""


@dataclass
class Gate:
    """A gate with one lane to the museum. `memory` is its database."""

    name: str
    lane: str
    status: str
    """Its topic."""
    process: Kept
    memory: Path
    to_broker: Cable
    to_central: Cable
    _said: list[str] = field(default_factory=list)
    _forgotten: int = 0

    def listen(self, stage: Path) -> Stagehand:
        self.stage = Stagehand(stage, self._hear)
        return self.stage

    def _hear(self, device: str, state: State) -> None:
        if device == f"{self.lane}.display" and state.get("tone") in ANSWERED:
            self._said.append(f"{state['title']}: {state['text']}")

    async def asks(self) -> None:
        """It asks for tickets."""
        display = f"{self.lane}.display"
        await self.stage.wait(lambda s: s.get(display, {}).get("tone") == "idle")

    async def scan(self, code: str) -> str:
        """What the display says to it."""
        before = len(self._said)
        await self.stage.cue(f"{self.lane}.reader", scan=code)
        await self.stage.wait(lambda _: len(self._said) > before)
        return self._said[before]

    async def admits(self, code: str) -> None:
        """The visitor has walked through."""
        said, latch = await self.scan(code), f"{self.lane}.turnstile.latch_in"
        assert "Welcome" in said, f"{self.name}: {said}"
        await self.stage.wait(lambda s: s[latch]["on"] is True)
        await self.stage.cue(f"{self.lane}.turnstile.sensor", pulse=True)
        await self.stage.wait(lambda s: s[latch]["on"] is False)

    async def refuses(self, code: str, why: str = "already used") -> None:
        said = await self.scan(code)
        assert why in said, f"{self.name}: {said}"

    def knows(self) -> set[Admission]:
        """The admissions in its memory, its own and those of others."""
        with closing(sqlite3.connect(f"file:{self.memory}?mode=ro", uri=True)) as memory:
            return {_admission(json.loads(body)) for (body,) in memory.execute(_ADMITTED)}

    async def notices(self) -> None:
        """It knows that it has no broker any more."""
        await until(lambda: "no broker at" in self._log()[self._forgotten :])

    def forget_log(self) -> None:
        """What was said until now, as while everybody starts, does not count any more."""
        self._forgotten = len(self._log())

    def _log(self) -> str:
        return self.process.log_file.read_text()

    def cut_off(self) -> None:
        for one in (self.to_broker, self.to_central):
            one.cut()

    async def connect(self) -> None:
        for one in (self.to_broker, self.to_central):
            await one.mend()


_ADMITTED = "SELECT body FROM fact WHERE json_extract(body, '$.kind') = 'admitted'"


def _admission(fact: dict[str, Any]) -> Admission:
    return fact["device"], fact["number"], fact["at"], str(fact["ticket"])


@dataclass(frozen=True)
class Paper:
    """A ticket that was sold."""

    code: str
    ticket: str


@dataclass
class Venue:
    broker: Broker
    server: Kept
    """Central's process."""
    central: Central
    gates: list[Gate]

    async def sell(self, product: int = ADULT) -> Paper:
        """A ticket for the museum today, which every gate knows."""
        today = (await self.central.get("/v1/attractions/museum/dates"))["dates"][0]["date"]
        slots = await self.central.get(f"/v1/attractions/museum/slots?date={today}")
        line = {"product": product, "slot": slots["slots"][0]["id"], "quantity": 1}
        wish = {"lines": [line], "channel": "office", "language": "en"}
        request = await self.central.post("/v1/requests", wish)
        path, paid = f"/v1/requests/{request['token']}", {"amount": request["total"]}
        payment = {"method": "cash", "reference": "till"} | paid
        await self.central.post(f"{path}/confirm", {"payment": payment, "holder": None})
        [made] = (await self.central.post(f"{path}/issue", {}))["tickets"]
        return Paper(made["code"], str(made["id"]))

    async def facts(self, kind: str) -> list[dict[str, Any]]:
        """All of a kind that central has: what it says of each, in the order in which they came."""
        found, after = [], 0
        while page := await self.central.activity(after):
            found += [entry for entry in page if entry["fact"]["kind"] == kind]
            after = page[-1]["n"]
        return found

    async def agree(self, *admitted: tuple[Gate, Paper]) -> list[Admission]:
        """Central and every gate know these admissions and no other, each of them once."""
        wanted = sorted((gate.name, paper.ticket) for gate, paper in admitted)
        async with asyncio.timeout(STARTING_S):
            while len(told := await self.facts("admitted")) < len(wanted):
                pass
        known = [_admission(entry["fact"]) for entry in told]
        assert sorted((device, ticket) for device, _, _, ticket in known) == wanted
        for gate in self.gates:
            await until(lambda gate=gate: gate.knows() == set(known))  # type: ignore[misc]
        return known

    async def clashes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.central.get("/v1/clashes"))["clashes"]
        return found

    async def hears(self) -> None:
        """Central has heard all gates say that they are there."""
        await self.central.ready()
        async with asyncio.timeout(STARTING_S):
            while True:
                told = (await self.central.get("/v1/devices"))["devices"]
                links = {one["device"]: one["link"] for one in told}
                if all(links[gate.name] == "online" for gate in self.gates):
                    return

    async def status(self, gate: Gate, *, online: bool) -> None:
        """The broker has heard that the gate is there, or not."""
        bus = Bus(self.broker.auditor, f"auditor of {gate.name}", (gate.status,))
        async with running(bus.run()), asyncio.timeout(PATIENCE_S):
            async for item in bus.messages():
                if isinstance(item, Message) and decode(item.payload)["online"] is online:
                    return

    async def lose_central(self) -> None:
        """kill -9; it stays away."""
        self.server.wanted.clear()
        self.server.kill()
        assert self.server.process
        await self.server.process.wait()


@asynccontextmanager
async def venue(folder: Path, gates: int = 2) -> AsyncIterator[Venue]:
    """Everybody has heard everybody. Whatever happens, to no program is it an error."""
    names = [f"gate-{n}" for n in range(1, gates + 1)]
    async with AsyncExitStack() as stack:
        stages = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wicket-")))
        demo = lay_out(folder / "venue", stages)
        broker = Broker(folder / "mosquitto", authority(folder / "ca", *names))
        _let_in(broker, "central")
        await stack.enter_async_context(running_broker(broker))
        server = _central(demo, broker, names)
        central = await stack.enter_async_context(Central(demo.central_url, demo.token))
        made = [await _gate(stack, demo, broker, name) for name in names]
        keeping = [kept.run() for kept in (server, *(gate.process for gate in made))]
        hands = [gate.listen(demo.stage(gate.name)).run() for gate in made]
        await stack.enter_async_context(running(*keeping, *hands))
        it = Venue(broker, server, central, made)
        async with asyncio.timeout(STARTING_S):
            await it.hears()
            for gate in made:
                await gate.asks()
                gate.forget_log()
        yield it
        for kept in (server, *(gate.process for gate in made)):
            log = kept.log_file.read_text()
            assert "ERROR" not in log and "Traceback" not in log, log


def _let_in(broker: Broker, name: str) -> None:
    words = ["mosquitto_passwd", "-b", broker.folder / "wicket.passwd", name, PASSWORD]
    subprocess.run(words, check=True)


def _central(demo: Demo, broker: Broker, gates: list[str]) -> Kept:
    text = (samples() / "venue.toml").read_text()
    for old, new in CUT_OFF:
        assert old in text
        text = text.replace(old, new, 1)
    (demo.state / "venue.toml").write_text(text)
    devices = "".join(f'devices.{name} = {{ {_token(name)}, kind = "gate" }}\n' for name in gates)
    mqtt = f'mqtt = {{ port = {broker.plain_port}, username = "central", password = "{PASSWORD}" }}'
    return _process(demo, "central", f'venue = "{demo.state / "venue.toml"}"\n{mqtt}\n{devices}')


async def _gate(stack: AsyncExitStack, demo: Demo, broker: Broker, name: str) -> Gate:
    number, state = name.removeprefix("gate-"), demo.state / name
    to_broker = await stack.enter_async_context(cable(broker.tls_port))
    to_central = await stack.enter_async_context(cable(demo.central_port))
    text = demo.config("gate").read_text()
    for called in ("gate-", "Museum ", "Tour "):
        text = text.replace(f'"{called}1"', f'"{called}{number}"')
    demo.config(name).write_text(text)
    mqtt = _mqtt(broker.of(name), to_broker.port)
    central = f'central = {{ url = "http://127.0.0.1:{to_central.port}", {_token(name)} }}'
    places = f'state = "{state}"\nstage = "{demo.stage(name)}"\n'
    process = _process(demo, name, f"{places}{mqtt}\n{central}\n")
    lane, status = f"Museum {number}", Topics(SITE).status(name)
    return Gate(name, lane, status, process, state / "gate.db", to_broker, to_central)


def _token(name: str) -> str:
    return f'token = "{name}-its-own-token"'


def _mqtt(settings: BusSettings, port: int) -> str:
    assert settings.tls
    files = ", ".join(f'{key} = "{file}"' for key, file in vars(settings.tls).items())
    return f"mqtt = {{ port = {port}, tls = {{ {files} }} }}"


def _process(demo: Demo, name: str, overlay: str) -> Kept:
    """A daemon with the demo's settings, laid over by these."""
    config = demo.config(name)
    config.with_suffix(".d").mkdir()
    (config.with_suffix(".d") / "here.toml").write_text(overlay)
    daemon = name.partition("-")[0]
    command = [sys.executable, "-m", "wicket", daemon, "--config", str(config)]
    return Kept(name, command, demo.state / "logs" / f"{name}.log")
