"""The daemon as systemd starts it: a process of its own, a scanner on a pty, lines on the stage."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.broker import free_port, mosquitto
from support.bus import ear_on, running
from support.gate import memory_in, told_in
from support.listening import PATIENCE_S
from support.program import ROOT
from support.pty_scanner import PtyScanner
from support.samples import KEY, MUSEUM, issued

from admission.codes import sign_ticket
from admission.facts import Admitted, Lapsed, Passed
from admission.values import Direction, Ticket, Window
from runtime.commands import Command, OpenLane, command_to_data, result_from_data
from runtime.service import utc_now
from wicket.demo.stagehand import Stagehand

CONFIG = """\
device = "gate-1"
site = "sample"
timezone = "Europe/Berlin"
state = "{folder}"
stage = "{folder}/stage"
central = {{ url = "http://127.0.0.1:{port}", token = "gate-1-gate-1-gate-1" }}
record_within_s = 10.0
policy = {{ untrusted_clock = "admit" }}
mqtt = {{ port = {port} }}
[[lanes]]
name = "North"
attractions = ["museum"]
[lanes.entry]
readers = [{{ driver = "serial", port = "{folder}/scanner" }}]
displays = [{{ driver = "sim" }}]
[lanes.turnstile]
driver = "tripod"
latch_in = {{ driver = "sim" }}
sensor = {{ driver = "sim" }}
"""
NOW = utc_now().replace(microsecond=0)
VISITOR = Ticket(4711, MUSEUM.id, Window(NOW - timedelta(hours=1), NOW + timedelta(hours=1)))
CODE = sign_ticket(KEY, VISITOR)


@dataclass
class Running:
    process: asyncio.subprocess.Process
    hand: Stagehand
    scanner: PtyScanner

    async def scan(self) -> None:
        await self.shows("scan your ticket")
        await self.scanner.send(CODE.encode() + b"\r\n")

    async def shows(self, text: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self.hand.wait(
                lambda states: text in " ".join(map(str, states.get("North.display", {}).values()))
            )

    async def latch(self, on: bool) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self.hand.wait(
                lambda states: states.get("North.turnstile.latch_in", {}).get("on") is on
            )

    async def ends(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A gate that has heard of one ticket, and whose broker and central are away."""
    async with memory_in(tmp_path) as (ledger, _):
        await ledger.fold(replace(fact, at=NOW) for fact in issued(VISITOR))
    (tmp_path / "gate.toml").write_text(CONFIG.format(folder=tmp_path, port=free_port()))
    return tmp_path


@asynccontextmanager
async def gate_in(folder: Path, **environment: str) -> AsyncIterator[Running]:
    scanner = PtyScanner(folder / "scanner")
    hand = Stagehand(folder / "stage")
    command = [sys.executable, "-m", "wicket", "gate", "--config", str(folder / "gate.toml")]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env={**os.environ, **environment}
    )
    try:
        async with running(hand.run()):
            yield Running(process, hand, scanner)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        scanner.away()


async def test_a_scan_opens_a_walk_closes_and_sigterm_ends_it_cleanly(folder: Path) -> None:
    async with gate_in(folder) as gate:
        await gate.scan()
        await gate.latch(on=True)
        await gate.hand.cue("North.turnstile.sensor", pulse=True)
        await gate.latch(on=False)
        await gate.shows("scan your ticket")
        assert await gate.ends(signal.SIGTERM) == 0
    assert told_in(folder) == [
        Admitted(VISITOR.id, "museum", "North", 1, cut_off=True),
        Passed(VISITOR.id, 1, "North", 1),
    ]


async def test_the_daemon_answers_what_it_is_ordered(folder: Path) -> None:
    """Whether it obeys depends on this computer's clock, which nobody may keep right."""
    settings = tomllib.loads((folder / "gate.toml").read_text())
    now = utc_now()
    ordered = Command(
        "0" * 32, "anna", now, now + timedelta(seconds=60), OpenLane("North", Direction.IN)
    )
    broker = mosquitto(folder, settings["mqtt"]["port"])
    async with broker as settled, ear_on(settled) as ear, gate_in(folder):
        await ear.hears("device/gate-1/status")
        await ear.says("device/gate-1/command", command_to_data(ordered))
        told = result_from_data(await ear.hears("device/gate-1/result"))
    assert told.id == ordered.id
    assert told.said == "North is open once, in" if told.done else "know the time" in told.said


async def test_sigterm_while_a_visitor_may_pass_gives_the_entry_back(folder: Path) -> None:
    async with gate_in(folder) as gate:
        await gate.scan()
        await gate.latch(on=True)
        assert await gate.ends(signal.SIGTERM) == 0
    assert told_in(folder)[1:] == [Lapsed(VISITOR.id, 1, "North", 1)]


async def killed_with_the_latch_on(folder: Path) -> None:
    async with gate_in(folder) as gate:
        await gate.scan()
        await gate.latch(on=True)
        assert await gate.ends(signal.SIGKILL) == -signal.SIGKILL
    assert told_in(folder) == [Admitted(VISITOR.id, "museum", "North", 1, cut_off=True)]


async def test_an_entry_that_a_power_cut_interrupted_is_given_back(folder: Path) -> None:
    await killed_with_the_latch_on(folder)
    async with gate_in(folder) as gate:
        await gate.latch(on=False)
        await gate.scan()
        await gate.latch(on=True)
    assert told_in(folder)[1] == Lapsed(VISITOR.id, 1, "North", 1)


async def test_a_venue_may_charge_an_entry_that_a_power_cut_interrupted(folder: Path) -> None:
    file = folder / "gate.toml"
    file.write_text("give_back = false\n" + file.read_text())
    await killed_with_the_latch_on(folder)
    async with gate_in(folder) as gate:
        await gate.latch(on=False)
        await gate.scan()
        await gate.shows("already used")
        await gate.shows("North")


async def test_a_bad_configuration_ends_it_with_78_and_every_problem(folder: Path) -> None:
    file = folder / "gate.toml"
    text = file.read_text().replace("timezone", "timezoen").replace('url = "http', 'uri = "http')
    file.write_text(text)
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "wicket", "gate", "--config", str(file)],
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_S):
        _, told = await process.communicate()
    assert process.returncode == 78
    lines = told.decode().splitlines()
    assert [line.split(": ")[1] for line in sorted(lines)] == [
        "central.uri",
        "central.url",
        "timezoen",
        "timezone",
    ]
    assert all(line.startswith(f"{file}: ") for line in lines)


async def test_systemd_hears_that_it_is_ready_alive_and_stopping(folder: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as systemd:
        systemd.bind(str(folder / "notify"))
        systemd.setblocking(False)

        async def hears(message: str) -> None:
            async with asyncio.timeout(PATIENCE_S):
                loop = asyncio.get_running_loop()
                while message not in (await loop.sock_recv(systemd, 4096)).decode().split("\n"):
                    pass

        address = str(folder / "notify")
        async with gate_in(folder, NOTIFY_SOCKET=address, WATCHDOG_USEC="100000") as gate:
            await hears("READY=1")
            for _ in range(3):
                await hears("WATCHDOG=1")
            gate.process.send_signal(signal.SIGTERM)
            await hears("STOPPING=1")  # and its pulse until then, or it would wait to be heard
            async with asyncio.timeout(PATIENCE_S):
                assert await gate.process.wait() == 0
