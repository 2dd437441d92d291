"""Relays on a USB board of the LCUS kind, which is a serial port (often a CH340).

A relay is switched by four bytes: A0, its number from 1, 1 or 0, and the sum of the three. Some
boards answer FF with a line for each relay, "CH1: ON" (read off the boards' data sheets).
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hal.drivers.serial_port import check_baud, flush_input, open_port
from hal.ports import DeviceFault
from hal.registry import Devices

ANSWER_S = 0.5
_ASK = b"\xff"
_ANSWER_BYTES = 512


class SerialRelay:
    """The board keeps its relays as they are when its computer dies: fit a watchdog relay, or
    choose a turnstile that locks by itself."""

    @dataclass(frozen=True)
    class Options:
        """`port`: /dev/serial/by-id/…; relays of one board share it. `relay`: its number from 1.
        `confirm`: ask the board after each switching; not every board answers."""

        port: Path
        relay: int
        baud: int = 9600
        confirm: bool = False

        def __post_init__(self) -> None:
            check_baud(self.baud)
            if not 1 <= self.relay <= 254:
                raise ValueError(f"relay {self.relay}: they are numbered from 1 to 254")

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        self._options = options
        key = ("serial_relay", options.port)
        self._board: _Board = devices.boards.setdefault(key, _Board(options.port, options.baud))

    async def __aenter__(self) -> Self:
        with self._faults():
            self._board.open()
        try:
            await self.set(False)
        except BaseException:
            self._board.close()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        try:
            await self.set(False)
        except DeviceFault:
            if kind is None:
                raise
        finally:
            self._board.close()

    async def set(self, on: bool) -> None:
        with self._faults():
            await self._board.switch(self._options.relay, on, confirm=self._options.confirm)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (OSError, _Unconfirmed) as error:
            if isinstance(error, OSError):
                self._board.lose()
            raise DeviceFault(
                self.name,
                f"relay board at {self._options.port}: {error}",
                "is it plugged in, is the user in group dialout, does it answer at all (confirm)?",
            ) from error


class _Unconfirmed(Exception):
    """The board does not say that the relay has switched; its port is well."""


class _Board:
    """One open port for all relays of a board. Lost by one it is lost by all, until it is opened
    again."""

    def __init__(self, port: Path, baud: int) -> None:
        self._port = port
        self._baud = baud
        self._fd = -1
        self._users = 0
        self._turn = asyncio.Lock()

    def open(self) -> None:
        if self._fd < 0:
            self._fd = open_port(self._port, self._baud, os.O_RDWR)
        self._users += 1

    def close(self) -> None:
        self._users -= 1
        if not self._users:
            self.lose()

    def lose(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            asyncio.get_running_loop().remove_reader(fd)
            os.close(fd)

    async def switch(self, relay: int, on: bool, *, confirm: bool) -> None:
        command = bytes([0xA0, relay, on])
        async with self._turn:
            self._write(command + bytes([sum(command) & 0xFF]))
            if confirm:
                await self._confirm(relay, on)

    def _write(self, data: bytes) -> None:
        if self._fd < 0:
            raise OSError("lost a moment ago")
        if os.write(self._fd, data) != len(data):
            raise OSError("takes no more commands")

    async def _confirm(self, relay: int, on: bool) -> None:
        """What the rest of an earlier answer says otherwise is passed over."""
        wanted = re.compile(rb"CH0?%d:\s*%b\s" % (relay, b"ON" if on else b"OFF"))
        flush_input(self._fd)
        self._write(_ASK)
        heard = b""
        try:
            async with asyncio.timeout(ANSWER_S):
                while not wanted.search(heard):
                    heard = (heard + await self._read())[-_ANSWER_BYTES:]
        except TimeoutError:
            raise _Unconfirmed(f"does not say that relay {relay} has switched") from None

    async def _read(self) -> bytes:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        fd = self._fd

        def come() -> None:
            if not ready.done():
                ready.set_result(None)

        loop.add_reader(fd, come)
        try:
            await ready
        finally:
            loop.remove_reader(fd)
        data = os.read(fd, _ANSWER_BYTES)
        if not data:
            raise OSError("unplugged")
        return data
