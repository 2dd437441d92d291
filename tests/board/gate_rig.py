"""One lane on the board: a USB scanner that types, a latch relay and a rotation contact on the
simulated GPIO chip, and the real `wicket gate` between them. Only their far ends are touched.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from gpio_sim import GpioSim
from support.gate import memory_in, told_in
from support.samples import NOON, issued
from udev import start_udev, wait_for
from usb_scanner import KeyboardScanner

from admission.facts import Admitted, Event, Lapsed, Passed
from admission.values import Ticket

SCANNER = Path("/dev/input/by-id/usb-Maker_Scanner_SN1-event-kbd")
LATCH, CONTACT = 17, 22
PASS_WITHIN_S = 3.0
PATIENCE_S = 100.0
IDLE = "[idle] Please scan your ticket"
CONFIG = f"""
device = "gate-1"
site = "sample"
timezone = "Europe/Berlin"
state = "%s"
record_within_s = 30.0
central = {{ url = "http://127.0.0.1:9", token = "gate-1-gate-1-gate-1" }}
policy = {{ untrusted_clock = "admit" }}

[[lanes]]
name = "North"
attractions = ["museum"]
pass_within_s = {PASS_WITHIN_S}
[lanes.entry]
readers = [{{ driver = "evdev", device = "{SCANNER}" }}]
displays = [{{ driver = "log" }}]
[lanes.turnstile]
driver = "tripod"
latch_in = {{ driver = "gpiozero", pin = {LATCH} }}
sensor = {{ driver = "gpiozero", pin = {CONTACT}, pull_up = true }}
"""


def until(wanted: Callable[[], bool], what: str) -> None:
    """Return when it is so; `what` is wrong if it never is."""
    end = time.monotonic() + PATIENCE_S
    while not wanted():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.002)


class GateRig:
    """It is 12:00 in Berlin, on the board alone."""

    def __init__(self, state: Path, log: Path = Path("/run/gate.log")) -> None:
        time.clock_settime(time.CLOCK_REALTIME, NOON.timestamp())
        self.state, self.log = state, log
        self.gpio = GpioSim()
        self.scanner = KeyboardScanner("north", 0, serial="SN1")
        self.latch = False
        """How the latch line was seen last."""
        self.rises = 0
        """How often it has gone on."""
        self._config = Path("/run/gate.toml")
        self._config.write_text(CONFIG % state)
        self.log.touch()
        self._heard = 0
        start_udev()
        self.scanner.plug()
        wait_for(SCANNER)
        threading.Thread(target=self._watch_latch, daemon=True).start()

    def _watch_latch(self) -> None:
        while True:
            now = self.gpio.level(LATCH)
            self.rises += now and not self.latch
            self.latch = now
            time.sleep(0.001)

    def start(self) -> None:
        """Return when the lane asks for tickets and all else is started, so that nothing keeps
        the gate from reading what is typed: the kernel keeps 64 events, some seven keys."""
        command = [sys.executable, "-m", "wicket", "gate", "--config", str(self._config)]
        with self.log.open("a") as log:
            self._process = subprocess.Popen(command, stderr=log)
        self.until_started()

    def until_started(self) -> None:
        until(lambda: "gives no feed" in self._news(), "no try to reach central")
        self.until_idle()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self.forget_log()

    def stop(self) -> None:
        """As systemd does."""
        self._process.terminate()
        assert self._process.wait(PATIENCE_S) == 0

    def forget_log(self) -> None:
        """What was said until now does not count any more."""
        self._heard = self.log.stat().st_size

    def _news(self) -> str:
        with self.log.open() as log:
            log.seek(self._heard)
            return log.read()

    def said(self, text: str) -> bool:
        """Whether that is what the lane's display shows now."""
        shown = [line for line in self._news().splitlines() if "North.display: [" in line]
        return bool(shown) and text in shown[-1]

    def until_said(self, text: str) -> None:
        until(lambda: self.said(text), f"the display does not say {text!r}")

    def until_idle(self) -> None:
        self.until_said(IDLE)

    def until_latch(self, on: bool) -> None:
        until(lambda: self.latch is on, f"the latch stays {'off' if on else 'on'}")

    def type(self, code: str, end: str = "\n") -> None:
        self.scanner.scan(code + end)

    def rotate(self) -> None:
        """A body goes through, as far as the contact can tell."""
        before = self.count(Passed)
        self.gpio.pull(CONTACT, up=False)
        until(lambda: self.count(Passed) == before + 1, "nobody saw the rotation")
        self.gpio.pull(CONTACT, up=True)

    def told(self) -> list[Event]:
        """What the gate has on the disk."""
        return told_in(self.state)

    def count(self, kind: type[Event]) -> int:
        """Persons, or events that are not about persons."""
        return sum(getattr(event, "persons", 1) for event in self.told() if isinstance(event, kind))

    def agrees(self) -> None:
        """The journal with the line: an entry for each time it went on, each accounted for."""
        assert self.count(Admitted) == self.rises, (self.rises, self.told())
        assert self.count(Admitted) == self.count(Passed) + self.count(Lapsed), self.told()


def fill(state: Path, *tickets: Ticket) -> None:
    """The gate heard of the tickets before it was cut off."""

    async def fold() -> None:
        async with memory_in(state) as (ledger, _):
            await ledger.fold(issued(*tickets))

    asyncio.run(fold())
