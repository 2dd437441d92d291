"""What time it is, for a computer whose own clock may be wrong: values and rules only.

A gate goes by a *fix*: it was that time when the computer had been up for so long. From then on
only the seconds since count, so a wall clock that is wrong or jumps changes nothing. Fixes come,
best first, from the wall clock while a time daemon disciplines it, from central's answers, and at
the start from a battery clock that agrees with the wall clock. Without a fix the time is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

RELEASED = datetime(2026, 11, 1, tzinfo=UTC)
"""No clock that is right shows a time before this program was made."""
BOUND_S = 120.0
"""How wrong a time may be, in seconds, and still be trusted."""
DRIFT = 1e-4
"""How much a computer's crystal is off at most: 100 ppm, 9 s in a day. Those of a Pi and of PCs
are specified within 20 to 50 ppm."""
NTP_S = 1.0
"""A clock that a time daemon disciplines is better than that."""
BATTERY_S = 60.0
"""A battery clock that was set in the last weeks is better than that."""
TICK_S = 2.0
"""Battery clock and wall clock agree if they are no further apart: the former tells seconds."""
APART_S = 5.0
"""Central's clock and a disciplined one are told to disagree if they are further apart."""
MISTAKEN = timedelta(days=1)
"""What is on record for later than this was told by a clock that was plainly wrong: nobody waits
for that time to come."""


class Source(Enum):
    NTP = "ntp"
    CENTRAL = "central"
    BATTERY = "battery"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Glance:
    """The computer's clocks at one moment. `synchronised`: a time daemon disciplines `wall`."""

    wall: datetime
    uptime: float
    synchronised: bool


@dataclass(frozen=True, slots=True)
class Fix:
    """It was `time`, `error_s` seconds more or less, at this `uptime`."""

    time: datetime
    uptime: float
    error_s: float
    source: Source

    def at(self, uptime: float) -> datetime:
        return self.time + timedelta(seconds=uptime - self.uptime)

    def error_at(self, uptime: float) -> float:
        return self.error_s + abs(uptime - self.uptime) * DRIFT

    def good_at(self, uptime: float) -> bool:
        return self.error_at(uptime) <= BOUND_S


@dataclass(frozen=True, slots=True)
class Reading:
    """The time as far as known, and whence. It is `trusted` if it is from anywhere."""

    time: datetime
    source: Source

    @property
    def trusted(self) -> bool:
        return self.source is not Source.NONE


def disciplined(fix: Fix | None, glance: Glance) -> Fix | None:
    """The fix to go by at this moment: the wall clock itself as long as it is right."""
    if glance.synchronised and glance.wall >= RELEASED:
        return Fix(glance.wall, glance.uptime, NTP_S, Source.NTP)
    return fix


def read(fix: Fix | None, glance: Glance, known: datetime | None) -> Reading:
    """`known`: the newest time on record. What cannot be trusted is at least not behind that."""
    fix = disciplined(fix, glance)
    if fix is not None and fix.good_at(glance.uptime):
        return Reading(fix.at(glance.uptime), fix.source)
    guess = glance.wall if fix is None else fix.at(glance.uptime)
    return Reading(max(guess, known) if known else guess, Source.NONE)


def measured(central: datetime, before: float, after: float, grain_s: float = 0.0) -> Fix | None:
    """Central's time, told in an answer that came between two uptimes, `grain_s` seconds rounded
    down. None if the answer took so long that nothing follows, or the time cannot be."""
    error_s = (after - before + grain_s) / 2
    if error_s > BOUND_S or central < RELEASED:
        return None
    told = central + timedelta(seconds=grain_s / 2)
    return Fix(told, (before + after) / 2, error_s, Source.CENTRAL)


def better(fix: Fix | None, told: Fix) -> Fix:
    """Which fix to go by when central has `told` its time: of two that agree the more exact one.
    Otherwise central has set its clock, or was wrong: a time daemon is believed more."""
    if fix is None or not fix.good_at(told.uptime) or fix.source is Source.BATTERY:
        return told
    if agree(fix, told):
        return fix if fix.error_at(told.uptime) <= told.error_s else told
    return fix if fix.source is Source.NTP else told


def by_battery(battery: datetime | None, glance: Glance, known: datetime | None) -> Fix | None:
    """At the start: the wall clock, if the clock with the battery bears it out."""
    if battery is None or glance.wall < RELEASED or is_behind(glance.wall, known):
        return None
    if abs((battery - glance.wall).total_seconds()) > TICK_S:
        return None
    return Fix(glance.wall, glance.uptime, BATTERY_S, Source.BATTERY)


def is_behind(time: datetime, known: datetime | None) -> bool:
    """Whether a clock says `time` though what is on record happened later."""
    return known is not None and timedelta(seconds=BOUND_S) < known - time < MISTAKEN


def agree(fix: Fix | None, told: Fix) -> bool:
    """Whether one time can be meant by both."""
    if fix is None or not fix.good_at(told.uptime):
        return False
    return abs(apart(fix, told)) <= fix.error_at(told.uptime) + told.error_s


def apart(fix: Fix, told: Fix) -> float:
    """How many seconds `fix` is ahead of `told`."""
    return (fix.at(told.uptime) - told.time).total_seconds()


def disagree(fix: Fix | None, told: Fix | None) -> bool:
    """Whether this clock is right by a time daemon and central's is another."""
    if fix is None or told is None or fix.source is not Source.NTP:
        return False
    return abs(apart(fix, told)) > APART_S + fix.error_at(told.uptime) + told.error_s


def following(time: datetime, last: datetime | None) -> datetime:
    """The time for a fact after one that was told at `last`: their order is that of their times,
    also when the clock was set back in between."""
    if last is None or time >= last or last - time >= MISTAKEN:
        return time
    return last + timedelta(microseconds=1)
