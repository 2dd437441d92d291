"""A scanner on a serial line or in USB-CDC ("virtual COM port") mode. Standard library only."""

from __future__ import annotations

import asyncio
import errno
import os
from dataclasses import dataclass
from pathlib import Path

from hal.drivers.code_splitter import CodeSplitter
from hal.drivers.descriptor_reader import DescriptorReader
from hal.drivers.scan_text import ScanOptions
from hal.drivers.serial_port import check_baud, open_port
from hal.registry import Devices

_CHUNK = 4096


class SerialReader(DescriptorReader):
    """Eight data bits, no parity, one stop bit, no flow control. The port is ours alone while it
    is open."""

    subsystem, group = "tty", "dialout"

    @dataclass(frozen=True, kw_only=True)
    class Options(ScanOptions):
        """`port`: /dev/serial/by-id/… finds the scanner in whichever socket it is plugged."""

        port: Path
        baud: int = 9600

        def __post_init__(self) -> None:
            super().__post_init__()
            check_baud(self.baud)

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        super().__init__(name, options.port, options)
        self._options = options
        self._splitter = CodeSplitter(options.gap_s)
        self._fd = -1

    def _open(self) -> tuple[int, CodeSplitter]:
        self._fd = open_port(self._options.port, self._options.baud, os.O_RDONLY)
        self._splitter = CodeSplitter(self._options.gap_s)
        return self._fd, self._splitter

    def _read(self) -> list[str]:
        data = os.read(self._fd, _CHUNK)
        if not data:
            raise OSError(errno.ENODEV, "unplugged")
        return self._splitter.feed(data, asyncio.get_running_loop().time())

    def _close(self) -> None:
        os.close(self._fd)
