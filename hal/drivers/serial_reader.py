"""A scanner on a serial line or in USB-CDC ("virtual COM port") mode. Standard library only."""

from __future__ import annotations

import errno
import fcntl
import os
import termios
import tty
from dataclasses import dataclass
from pathlib import Path

from hal.drivers.code_splitter import CodeSplitter
from hal.drivers.descriptor_reader import DescriptorReader
from hal.registry import Devices

_CHUNK = 4096
_CFLAG, _ISPEED, _OSPEED = 2, 4, 5


class SerialReader(DescriptorReader):
    """Eight data bits, no parity, one stop bit. The port is ours alone while it is open."""

    @dataclass(frozen=True)
    class Options:
        """`port`: /dev/serial/by-id/… finds the scanner in whichever socket it is plugged.
        `prefix`, `suffix`: what the scanner is set to add to every code."""

        port: Path
        baud: int = 9600
        prefix: str = ""
        suffix: str = ""

        def __post_init__(self) -> None:
            if not hasattr(termios, f"B{self.baud}"):
                raise ValueError(f"baud {self.baud} is no speed of this machine; 9600 is usual")

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        super().__init__(name)
        self._options = options
        self._splitter = CodeSplitter(options.prefix, options.suffix)
        self._fd = -1

    def _open(self) -> int:
        fd = os.open(self._options.port, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            _take(fd, getattr(termios, f"B{self._options.baud}"))
        except termios.error as error:
            os.close(fd)
            raise OSError(errno.ENOTTY, "not a serial port") from error
        except BlockingIOError as error:
            os.close(fd)
            raise OSError(errno.EBUSY, "another program has it") from error
        self._splitter = CodeSplitter(self._options.prefix, self._options.suffix)
        self._fd = fd
        return fd

    def _read(self) -> list[str]:
        data = os.read(self._fd, _CHUNK)
        if not data:
            raise OSError(errno.ENODEV, "unplugged")
        return self._splitter.feed(data)

    def _close(self) -> None:
        os.close(self._fd)

    def _hint(self) -> str:
        return f"is the scanner plugged in at {self._options.port} and free for group dialout?"


def _take(fd: int, speed: int) -> None:
    """Raw mode, nobody else. flock(2) also keeps out root, whom TIOCEXCL lets through."""
    tty.setraw(fd, termios.TCSANOW)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.ioctl(fd, termios.TIOCEXCL)
    mode = termios.tcgetattr(fd)
    mode[_CFLAG] |= termios.CLOCAL | termios.CREAD
    mode[_ISPEED] = mode[_OSPEED] = speed
    termios.tcsetattr(fd, termios.TCSANOW, mode)
    termios.tcflush(fd, termios.TCIFLUSH)
