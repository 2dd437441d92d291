"""Wall times: what the clocks of the venue show."""

from __future__ import annotations

import re
from datetime import timedelta

_WALL_TIME = re.compile(r"([0-4]\d):([0-5]\d)")


def parse_wall_time(text: str) -> timedelta:
    """ "14:30" as a time since midnight; hours from 24 on are those of the next day."""
    match = _WALL_TIME.fullmatch(text)
    if match is None or int(match[1]) > 48:
        raise ValueError(f'{text!r} is no wall time; write "09:30", or "25:00" for 1 a.m. next day')
    return timedelta(hours=int(match[1]), minutes=int(match[2]))


def parse_span(text: str) -> tuple[timedelta, timedelta]:
    """ "22:00-02:00" as from and until since midnight; an end before the start is next day's."""
    start, dash, end = text.partition("-")
    if not dash:
        raise ValueError(f'{text!r} is no span of wall times; write "10:00-12:00"')
    first, last = parse_wall_time(start), parse_wall_time(end)
    if last <= first:
        last += timedelta(days=1)
    return first, last
