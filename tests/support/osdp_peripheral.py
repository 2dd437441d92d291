"""The reader's side of an OSDP bus: libosdp's peripheral behind a pseudo terminal."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Any

from osdp import (
    Capability,
    CardFormat,
    Channel,
    Event,
    LibFlag,
    LogLevel,
    PDCapabilities,
    PDInfo,
    PeripheralDevice,
)

ADDRESS = 5
_STEPS = 3
"""Calls of libosdp after which a whole command is answered."""


class OsdpPeripheral(Channel):  # type: ignore[misc]
    """Acts when bytes come. `mangle` makes of each answer what arrives; `keys` are those that the
    panel has set."""

    def __init__(self, link: Path, key: bytes | None) -> None:
        super().__init__()
        self.link = link
        self.key = key
        self.keys: list[bytes] = []
        self.answers = 0
        self.mangle: Callable[[bytes], bytes] = bytes
        self._here = -1
        self._device: Any = None

    def plug(self) -> None:
        self._here, self._there = os.openpty()
        tty.setraw(self._here)
        os.set_blocking(self._here, False)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(self._there))
        self.power_on()

    def unplug(self) -> None:
        self.power_off()
        os.close(self._here)
        os.close(self._there)
        self.link.unlink()
        self._here = -1

    def away(self) -> None:
        if self._here >= 0:
            self.unplug()

    def power_on(self) -> None:
        """Deaf to what was asked before."""
        while self.read(4096):
            pass
        flags = [LibFlag.EnforceSecure] if self.key else [LibFlag.InstallMode]
        self._device = PeripheralDevice(
            PDInfo(ADDRESS, self, scbk=self.key, flags=flags),
            PDCapabilities([(Capability.CommunicationSecurity, 1, 1)]),
            log_level=LogLevel.Emergency,
            command_handler=self._command,
        ).ctx
        asyncio.get_running_loop().add_reader(self._here, self._act)

    def power_off(self) -> None:
        """The cable stays; nobody answers."""
        asyncio.get_running_loop().remove_reader(self._here)
        self._device = None

    def show_card(self, data: bytes, bits: int) -> None:
        """Told to the panel at its next question."""
        card = {"reader_no": 0, "direction": 0, "format": CardFormat.Wiegand, "length": bits}
        assert self._device.submit_event({"event": Event.CardRead, "data": data, **card})

    def _act(self) -> None:
        for _ in range(_STEPS):
            self._device.refresh()

    def _command(self, command: dict[str, Any]) -> tuple[int, None]:
        if "data" in command:
            self.keys.append(command["data"])
        return 0, None

    def read(self, max_bytes: int) -> bytes:
        try:
            return os.read(self._here, max_bytes)
        except BlockingIOError:
            return b""

    def write(self, buf: bytes) -> int:
        self.answers += 1
        os.write(self._here, self.mangle(buf))
        return len(buf)

    def flush(self) -> None:
        pass
