"""Is it now? A gate judges arrival windows by this clock."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from datetime import datetime, timedelta

from runtime.service import utc_now
from wicket.doctor.finding import Examined, Finding, ok, warning, wrong
from wicket.doctor.storage import newest_fact

STA_UNSYNC = 0x40
"""adjtimex(2): nobody disciplines the clock."""
SLACK = timedelta(seconds=5)
CURE = "timedatectl set-ntp true; is a time server reachable? A battery clock helps a Pi"


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


def kernel_status() -> int:
    """The STA_ bits; nothing is adjusted. Raises OSError."""
    timex = _Timex()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.adjtimex(ctypes.byref(timex)) < 0:
        raise OSError(ctypes.get_errno(), "the kernel does not say")
    return int(timex.status)


def clock(it: Examined) -> Iterator[Finding]:
    try:
        synchronised = not kernel_status() & STA_UNSYNC
    except OSError:
        synchronised = False
    yield judge(utc_now(), newest_fact(it), synchronised=synchronised)


def judge(now: datetime, newest: datetime | None, *, synchronised: bool) -> Finding:
    """`newest`: the time of the last thing on record, which cannot be in the future."""
    said = f"it is {now:%Y-%m-%d %H:%M:%S} UTC"
    if newest is not None and now < newest - SLACK:
        return wrong(f"{said}, but something on record happened at {newest:%Y-%m-%d %H:%M}", CURE)
    if not synchronised:
        return warning(f"{said}, synchronised with no time server", CURE)
    return ok(f"{said}, synchronised")
