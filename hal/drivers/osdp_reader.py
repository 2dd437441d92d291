"""A card reader on an OSDP bus (IEC 60839-11-5, RS-485), through libosdp."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from osdp import Channel, ControlPanel, Event, LibFlag, LogLevel, PDInfo

from hal.drivers.mailbox import Mailbox
from hal.drivers.serial_port import check_baud, open_port
from hal.ports import DeviceFault, Scan
from hal.registry import Devices

log = logging.getLogger("wicket.hal.osdp")

_TICK_S = 0.02
"""libosdp wants to be called at least every 50 ms."""
_PATIENCE_S = 3.0
"""For the reader to come online; at 9600 baud it takes about half a second."""
_LAPSE_S = 2.5
"""Without a good answer, before it counts as lost: two may fail. libosdp itself waits 8 s."""
_ASKED_ON_S = 0.5
"""After a good answer libosdp asks again within 0.1 s, after none or a bad one within 1 s."""
_AT_ONCE = 256
"""Bytes that are taken in one tick, the longest packet; what comes beyond them is noise, and
dropped: libosdp would write a line about each to stderr."""
_CHUNK = 8192


class OsdpReader:
    """One reader, alone on its bus. A card is the scan "CARD:26:2A31C03": how many bits, and all of
    them in hex with the first bit first. Keys that are pressed are passed over.

    Each opening begins anew, so that libosdp's pause of 300 s after an error counts for nothing.
    """

    @dataclass(frozen=True)
    class Options:
        """`port`: the RS-485 adapter. `address`: 0 to 126. `key`: the secure channel's base key, 32
        hex digits. `secure` false lets the reader talk in plain text, which anybody on the cable
        can hear and say. `install`: give a reader in install mode this key."""

        port: Path
        baud: int = 9600
        address: int = 0
        key: str = field(default="", repr=False)
        secure: bool = True
        install: bool = False

        def __post_init__(self) -> None:
            check_baud(self.baud)
            if not 0 <= self.address <= 126:
                raise ValueError(f"address {self.address} is not in 0 to 126")
            if self.key and not re.fullmatch(r"[0-9A-Fa-f]{32}", self.key):
                raise ValueError("key is not 32 hex digits")
            if self.secure and not self.key:
                raise ValueError("key is missing; without one say secure = false")
            if not self.secure and (self.key or self.install):
                raise ValueError("key and install are for secure = true")

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        self._options = options
        self._box = Mailbox[Scan](name)
        self._line: _Line
        self._panel: Any = None
        self._timer: asyncio.TimerHandle | None = None
        self._opened: asyncio.Future[None]
        self._warned = False

    async def __aenter__(self) -> Self:
        options = self._options
        try:
            self._line = _Line(open_port(options.port, options.baud, os.O_RDWR))
        except OSError as error:
            raise self._fault(f"cannot be opened: {error.strerror or error}") from error
        self._box = Mailbox(self.name)
        self._panel = _panel(options, self._line)
        self._panel.set_event_callback(self._event)
        self._opened = asyncio.get_running_loop().create_future()
        self._tick()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._opened
        except TimeoutError as error:
            self._close()
            raise self._fault(self._silence()) from error
        except BaseException:
            self._close()
            raise
        if options.install:
            log.warning("%s: has its key; take install = true out of its table", self.name)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._close()

    def scans(self) -> AsyncIterator[Scan]:
        return self._box.items()

    def _close(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._panel = None
        self._line.close()

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self._line.next_tick()
        self._panel.refresh()
        if self._line.lost:
            self._fail(f"is lost: {self._line.lost.strerror}")
        elif self._is_up():
            if not self._opened.done():
                self._opened.set_result(None)
                self._line.well_at = loop.time()
            elif loop.time() > self._line.well_at + _LAPSE_S:
                self._fail("is silent, or says what makes no sense")
        elif self._opened.done():
            self._fail(self._silence())
        if self._panel:
            self._timer = loop.call_later(_TICK_S, self._tick)

    def _fail(self, problem: str) -> None:
        fault = self._fault(problem)
        if self._opened.done():
            self._box.fail(fault)
        else:
            self._opened.set_exception(fault)
        self._panel = None

    def _is_up(self) -> bool:
        return bool(self._panel.status()) and (
            not self._options.secure or bool(self._panel.sc_status())
        )

    def _event(self, _: int, event: Mapping[str, Any]) -> int:
        """libosdp calls it within `refresh`."""
        if event.get("event") == Event.CardRead and self._is_up():
            if code := card_text(event):
                self._box.put(Scan(code))
            else:
                level = logging.DEBUG if self._warned else logging.WARNING
                self._warned = True
                log.log(level, "%s: a card makes no sense: %.200r", self.name, dict(event))
        return 0

    def _silence(self) -> str:
        if not self._line.has_heard:
            return f"does not answer at address {self._options.address}"
        return "answers, but no secure channel comes about" if self._options.secure else "has gone"

    def _fault(self, problem: str) -> DeviceFault:
        return DeviceFault(
            self.name,
            problem,
            f"is the reader powered and wired to {self._options.port}, with this address, baud and "
            "key? A reader fresh from the box wants install = true once",
        )


def card_text(event: Mapping[str, Any]) -> str:
    """What libosdp's card event says; empty if it contradicts itself."""
    data, bits = bytes(event.get("data", b"")), int(event.get("length", 0))
    if not 0 < bits <= 8 * len(data):
        return ""
    number = int.from_bytes(data) >> 8 * len(data) - bits
    return f"CARD:{bits}:{number:0{(bits + 3) // 4}X}"


def _panel(options: OsdpReader.Options, line: _Line) -> Any:
    """libosdp's own object: the Python class around it keeps every event for ever."""
    flags = [LibFlag.InstallMode] if options.install else []
    if options.secure and not options.install:
        flags = [LibFlag.EnforceSecure]
    key = bytes.fromhex(options.key) or None
    reader = PDInfo(options.address, line, scbk=key, flags=flags)
    return ControlPanel([reader], log_level=LogLevel.Emergency).ctx


class _Line(Channel):  # type: ignore[misc]
    """Never blocks and never raises, for libosdp calls it. `lost` tells the error, `well_at` when
    the last answer was good."""

    def __init__(self, fd: int) -> None:
        super().__init__()
        self._fd = fd
        self.lost: OSError | None = None
        self.has_heard = False
        self._left = 0
        self.well_at = self._asked_at = 0.0

    def next_tick(self) -> None:
        self._left = _AT_ONCE

    def read(self, max_bytes: int) -> bytes:
        try:
            data = os.read(self._fd, min(max_bytes, self._left) or _CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:
            self.lost = error
            return b""
        self.has_heard |= bool(data)
        if not self._left:
            return b""
        self._left -= len(data)
        return data

    def write(self, buf: bytes) -> int:
        now = asyncio.get_running_loop().time()
        if now < self._asked_at + _ASKED_ON_S:
            self.well_at = now
        self._asked_at = now
        try:
            return os.write(self._fd, buf)
        except BlockingIOError:
            return 0
        except OSError as error:
            self.lost = error
            return 0

    def flush(self) -> None:
        """What waits is older than the command that is asked next."""

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1
