"""A Raspberry Pi 3B in QEMU, with its pins seen from outside; scripts/bench-board builds it.

The pins' registers: BCM2835 ARM Peripherals, chapter 6 (GPFSEL, GPLEV), on a Pi 3 at 0x3F200000.
"""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.relay_boards import rtu

GPIO = 0x3F200000
GPLEV0 = 0x34
OUTPUT = 0b001
LINE = "console=ttyAMA0 quiet loglevel=1 panic=-1 maxcpus=1 nokaslr cryptomgr.notests"
READ_INPUTS, QUESTION_BYTES = 2, 8
"""Modbus application protocol V1.1b3, 6.2; a question over a serial line has 8 bytes."""
LOOK_S = 0.002
PATIENCE_S = 120.0


@dataclass(frozen=True)
class Change:
    """At `at` (seconds since the power came) the pin began to drive high, or ended to."""

    at: float
    on: bool


@dataclass
class VirtualPi:
    process: subprocess.Popen[str]
    folder: Path
    began: float
    pin: int
    changes: list[Change] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    looks: int = 0
    scanner: socket.socket | None = None
    turned: bool = False
    """Whether the rotation contact is closed."""

    @property
    def now(self) -> float:
        return time.monotonic() - self.began

    @property
    def on(self) -> bool:
        return bool(self.changes) and self.changes[-1].on

    def watch(self) -> None:
        """For ever: whether the pin is an output and high."""
        monitor = _Monitor(self.folder / "monitor")
        while True:
            function = monitor.register(GPIO + self.pin // 10 * 4) >> self.pin % 10 * 3 & 7
            level = monitor.register(GPIO + GPLEV0) >> self.pin & 1
            on = function == OUTPUT and level == 1
            self.looks += 1
            if on is not self.on:
                self.changes.append(Change(self.now, on))
            time.sleep(LOOK_S)

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            print(f"{self.now:8.2f} s | {line.rstrip()}", flush=True)

    def until_said(self, text: str, after: int = 0) -> int:
        """Return how many lines there are when it has been said."""
        self._until(lambda: any(text in line for line in self.lines[after:]), text)
        return len(self.lines)

    def until_pin(self, on: bool) -> float:
        self._until(lambda: self.on is on, f"the pin does not go {'on' if on else 'off'}")
        return self.changes[-1].at

    def _until(self, wanted, what: str) -> None:  # type: ignore[no-untyped-def]
        end = time.monotonic() + PATIENCE_S
        while not wanted():
            if time.monotonic() > end or self.process.poll() is not None:
                raise TimeoutError(what)
            time.sleep(LOOK_S)

    def plug_scanner(self) -> None:
        self.scanner = socket.socket(socket.AF_UNIX)
        self.scanner.connect(str(self.folder / "scanner"))

    def be_the_board(self) -> None:
        """For ever: the Modbus board that tells of the rotation contact."""
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self.folder / "board"))
            heard = b""
            while data := line.recv(256):
                heard += data
                while len(heard) >= QUESTION_BYTES:
                    asked, heard = rtu(heard[:QUESTION_BYTES]), heard[QUESTION_BYTES:]
                    line.sendall(asked.wrap(asked.unit, bytes([READ_INPUTS, 1, self.turned])))

    def unplug_scanner(self) -> None:
        assert self.scanner is not None
        self.scanner.close()

    def scan(self, code: str) -> None:
        assert self.scanner is not None
        self.scanner.sendall(code.encode() + b"\r")

    def say(self, word: str) -> None:
        """On its serial console."""
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()


class _Monitor:
    """QEMU's machine protocol."""

    def __init__(self, path: Path) -> None:
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(path))
        self._file = client.makefile("rw")
        self._file.readline()
        self._ask("qmp_capabilities")

    def register(self, address: int) -> int:
        line = f"xp /1wx {address:#x}"
        return int(self._ask("human-monitor-command", **{"command-line": line}).split()[1], 16)

    def _ask(self, execute: str, **arguments: str) -> str:
        self._file.write(json.dumps({"execute": execute, "arguments": arguments}) + "\n")
        self._file.flush()
        while "return" not in (answer := json.loads(self._file.readline())):
            assert "error" not in answer, answer
        return str(answer["return"])


@contextmanager
def powered(parts: Path, card: Path, folder: Path, pin: int) -> Iterator[VirtualPi]:
    """The power is on in the block; its end is a power cut. `folder` is for this once."""
    folder.mkdir()
    sockets = [f"unix:{folder}/monitor,server=on,wait=off"]
    command = ["qemu-system-aarch64", "-M", "raspi3b", "-m", "1024", "-no-reboot"]
    command += ["-accel", "tcg,thread=single", "-display", "none", "-monitor", "none"]
    command += ["-serial", "stdio", "-qmp", *sockets]
    command += ["-kernel", f"{parts}/Image", "-initrd", f"{parts}/initrd.gz"]
    command += ["-dtb", f"{parts}/pi.dtb", "-append", LINE]
    command += ["-drive", f"if=sd,format=raw,cache=writethrough,file={card}"]
    command += ["-chardev", f"socket,id=scanner,path={folder}/scanner,server=on,wait=off"]
    command += ["-chardev", f"socket,id=board,path={folder}/board,server=on,wait=off"]
    command += ["-device", "usb-hub,port=1"]
    command += ["-device", "usb-serial,chardev=scanner,port=1.1"]
    command += ["-device", "usb-serial,chardev=board,port=1.2"]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    pi = VirtualPi(process, folder, time.monotonic(), pin)
    try:
        while not all((folder / name).exists() for name in ("monitor", "scanner", "board")):
            assert process.poll() is None, process.stdout and process.stdout.read()
            time.sleep(LOOK_S)
        for work in (pi.watch, pi.listen, pi.be_the_board):
            threading.Thread(target=_until_cut, args=(work,), daemon=True).start()
        yield pi
    finally:
        process.kill()
        process.wait()


def _until_cut(work) -> None:  # type: ignore[no-untyped-def]
    try:
        work()
    except (OSError, ValueError, IndexError):
        return
