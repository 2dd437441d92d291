"""Is it now? A gate judges arrival windows by this clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from runtime.clocks import synchronised
from runtime.service import utc_now
from wicket.doctor.finding import Examined, Finding, ok, warning, wrong
from wicket.doctor.storage import newest_fact

SLACK = timedelta(seconds=5)
CURE = "timedatectl set-ntp true; is a time server reachable? A battery clock helps a Pi"


def clock(it: Examined) -> Iterator[Finding]:
    yield judge(utc_now(), newest_fact(it), synchronised=synchronised())


def judge(now: datetime, newest: datetime | None, *, synchronised: bool) -> Finding:
    """`newest`: the time of the last thing on record, which cannot be in the future."""
    said = f"it is {now:%Y-%m-%d %H:%M:%S} UTC"
    if newest is not None and now < newest - SLACK:
        return wrong(f"{said}, but something on record happened at {newest:%Y-%m-%d %H:%M}", CURE)
    if not synchronised:
        return warning(f"{said}, synchronised with no time server", CURE)
    return ok(f"{said}, synchronised")
