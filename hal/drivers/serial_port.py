"""A serial port, or a USB device that plays one: ours alone while it is open."""

from __future__ import annotations

import errno
import fcntl
import os
import termios
import tty
from pathlib import Path

_IFLAG, _CFLAG, _ISPEED, _OSPEED = 0, 2, 4, 5


def check_baud(baud: int) -> None:
    """Raises ValueError if this machine has no such speed."""
    if not hasattr(termios, f"B{baud}"):
        raise ValueError(f"baud {baud} is no speed of this machine; 9600 is usual")


def open_port(path: Path, baud: int, mode: int) -> int:
    """A descriptor, not blocking; raw, eight data bits, no parity, one stop bit, no flow control.
    `mode`: os.O_RDONLY, os.O_WRONLY or os.O_RDWR. Raises OSError and leaves nothing open then."""
    fd = os.open(path, mode | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        _take(fd, getattr(termios, f"B{baud}"))
    except termios.error as error:
        os.close(fd)
        raise OSError(errno.ENOTTY, "not a serial port") from error
    except BlockingIOError as error:
        os.close(fd)
        raise OSError(errno.EBUSY, "another program has it") from error
    except OSError:
        os.close(fd)
        raise
    return fd


def _take(fd: int, speed: int) -> None:
    """Raw mode, nobody else. flock(2) also keeps out root, whom TIOCEXCL lets through."""
    tty.setraw(fd, termios.TCSANOW)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.ioctl(fd, termios.TIOCEXCL)
    mode = termios.tcgetattr(fd)
    mode[_IFLAG] &= ~(termios.IXON | termios.IXOFF)
    mode[_CFLAG] &= ~(termios.CSTOPB | termios.CRTSCTS)
    mode[_CFLAG] |= termios.CLOCAL | termios.CREAD
    mode[_ISPEED] = mode[_OSPEED] = speed
    termios.tcsetattr(fd, termios.TCSANOW, mode)
    flush_input(fd)


def flush_input(fd: int) -> None:
    """Drop what has come and was not read. Raises OSError."""
    try:
        termios.tcflush(fd, termios.TCIFLUSH)
    except termios.error as error:
        raise OSError(*error.args) from error
