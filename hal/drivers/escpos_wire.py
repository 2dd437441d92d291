"""A talk with a receipt printer over a descriptor, blocking, with a deadline.

Status commands, as in Epson's ESC/POS command reference: DLE EOT n is answered at once, even when
the printer is stuck (n=2: why it is off line, n=4: paper sensors); GS r 1 is answered when all
that was sent before it is done. Fixed bits tell the answers from each other and from XON/XOFF.
"""

from __future__ import annotations

import os
import select
import socket
import termios
import time
import tty
from pathlib import Path
from typing import Self

from hal.ports import DeviceFault

DLE_EOT_OFFLINE, DLE_EOT_PAPER = b"\x10\x04\x02", b"\x10\x04\x04"
GS_R_PAPER = b"\x1dr\x01"

_COVER_OPEN, _PAPER_STOP, _ERROR = 0x04, 0x20, 0x40
_ROLL_END = 0x60
_GS_R_END = 0x0C


class Wire:
    """Raises TimeoutError past `deadline` (seconds, monotonic), OSError when the line is lost and
    DeviceFault when the printer itself says what it lacks."""

    def __init__(self, device: str, fd: int, deadline: float) -> None:
        self._device = device
        self._fd = fd
        self.deadline = deadline

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        os.close(self._fd)

    def send(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._wait(select.POLLOUT)
            rest = rest[os.write(self._fd, rest) :]

    def check(self) -> None:
        """DeviceFault when the printer lacks paper, stands open or has jammed."""
        if self._ask(DLE_EOT_PAPER, mask=0x93, fixed=0x12) & _ROLL_END:
            raise paper_out(self._device)
        offline = self._ask(DLE_EOT_OFFLINE, mask=0x93, fixed=0x12)
        if offline & _COVER_OPEN:
            raise DeviceFault(self._device, "cover open", "close the cover")
        if offline & _PAPER_STOP:
            raise paper_out(self._device)
        if offline & _ERROR:
            hint = "clear the paper path and the cutter, then switch it off and on"
            raise DeviceFault(self._device, "reports an error", hint)

    def finish(self) -> None:
        """Wait until all that was sent is done; DeviceFault when the paper has ended by then."""
        if self._ask(GS_R_PAPER, mask=0x90, fixed=0x00) & _GS_R_END:
            raise paper_out(self._device)

    def _ask(self, question: bytes, mask: int, fixed: int) -> int:
        self.send(question)
        while True:
            self._wait(select.POLLIN)
            answer = os.read(self._fd, 1)
            if not answer:
                raise ConnectionResetError("it hung up")
            if answer[0] & mask == fixed:
                return answer[0]

    def _wait(self, event: int) -> None:
        poll = select.poll()
        poll.register(self._fd, event)
        left_s = self.deadline - time.monotonic()
        if left_s <= 0 or not poll.poll(left_s * 1000):
            raise TimeoutError


def paper_out(device: str) -> DeviceFault:
    return DeviceFault(device, "paper out", "put in a new roll")


def open_tcp(device: str, host: str, port: int, timeout_s: float) -> Wire:
    deadline = time.monotonic() + timeout_s
    with socket.create_connection((host, port), timeout_s) as connection:
        connection.setblocking(False)
        return Wire(device, connection.detach(), deadline)


def open_device(device: str, path: Path, timeout_s: float, *, answers: bool) -> Wire:
    way = os.O_RDWR if answers else os.O_WRONLY
    fd = os.open(path, way | os.O_NOCTTY | os.O_NONBLOCK)
    if os.isatty(fd):
        tty.setraw(fd, termios.TCSANOW)
    return Wire(device, fd, time.monotonic() + timeout_s)
