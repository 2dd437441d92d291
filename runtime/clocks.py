"""The clocks of this computer, and what the kernel says of them.

adjtimex(2) tells whether any time daemon (timesyncd, chrony, ntpd) disciplines the clock, and the
kernel takes that back as soon as somebody sets the clock by hand, or 16 s of error have gathered
(kernel/time/ntp.c). The file /run/systemd/timesync/synchronized says less: it is of one daemon,
and stays whatever happens afterwards.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from runtime.service import utc_now

STA_UNSYNC = 0x40
"""adjtimex(2): nobody disciplines the clock."""
_BATTERY = Path("/sys/class/rtc/rtc0/since_epoch")
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class _Timex(ctypes.Structure):
    """The beginning of struct timex of adjtimex(2), with room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def synchronised() -> bool:
    """Whether a time daemon keeps the wall clock right; no if the kernel does not say. Nothing is
    adjusted."""
    timex = _Timex()
    asked = _libc().adjtimex(ctypes.byref(timex))
    return asked >= 0 and not timex.status & STA_UNSYNC


def uptime() -> float:
    """Seconds since this computer was started, sleep included. Nobody can set it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def battery() -> datetime | None:
    """What the clock with the battery says, in whole seconds; None if there is none."""
    try:
        return datetime.fromtimestamp(int(_BATTERY.read_text()), UTC)
    except (OSError, ValueError, OverflowError):
        return None


def boot() -> str:
    """A name for this start of the computer; "" if the kernel does not say."""
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Where a program looks for the time. `wall` may jump and be wrong, `uptime` does neither."""

    wall: Callable[[], datetime] = utc_now
    uptime: Callable[[], float] = uptime
    synchronised: Callable[[], bool] = synchronised
    battery: Callable[[], datetime | None] = battery
    boot: Callable[[], str] = boot
