"""What gate.toml may say. config/gate.toml is the commented sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from admission.presence import LONGEST_ZONE
from admission.request import Doubt, Policy
from admission.values import AntiPassback, Direction, LaneMode, Zone
from gate.modes import ScheduledMode, check_chosen
from gate.phrases import PHRASES
from runtime.image import Scope
from runtime.mqtt import BusSettings
from runtime.topics import check_name

MAX_PASS_S = 600
MAX_MIN = 365 * 24 * 60
MAX_DAYS = 3660


@dataclass(frozen=True)
class CentralSettings:
    """Where central is, and the token that central.toml gives this device. `horizon_days`: the
    gate keeps the tickets that are good within so many days."""

    url: str
    token: str
    horizon_days: int = 30

    def __post_init__(self) -> None:
        if not 1 <= self.horizon_days <= MAX_DAYS:
            raise ValueError(f"horizon_days: 1 to {MAX_DAYS} days")
        parts = urlsplit(self.url)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        if not whole or parts.path.strip("/"):
            raise ValueError(f"url: {self.url!r} should be like 'http://192.168.10.1:8080'")
        if not (self.token.isascii() and self.token.isprintable()):
            raise ValueError("token: only plain characters can be sent")


@dataclass(frozen=True)
class WaySettings:
    """One direction of a lane. `readers` and `displays` are device tables (hal/registry.py)."""

    readers: tuple[Mapping[str, Any], ...] = ()
    displays: tuple[Mapping[str, Any], ...] = ()
    mode: LaneMode = LaneMode.CONTROLLED
    schedule: tuple[ScheduledMode, ...] = ()

    def __post_init__(self) -> None:
        check_chosen(self.mode)


CLOSED = WaySettings(mode=LaneMode.CLOSED)


@dataclass(frozen=True)
class LaneSettings:
    """One turnstile. `name` is what visitors and staff read: "North 1".

    `zone` is where it leads, `behind` where visitors come from, by the names of [[zones]]; "" is
    outside. A grant lapses when nobody has walked for `pass_within_s` seconds. `release_button`
    and `lock_switch` are tables of input lines. At a `staffed` lane no doubt of the [policy] sends
    visitors away.
    """

    name: str
    attractions: tuple[str, ...]
    turnstile: Mapping[str, Any]
    entry: WaySettings = CLOSED
    exit: WaySettings = CLOSED
    zone: str = ""
    behind: str = ""
    pass_within_s: float = 8.0
    staffed: bool = False
    release_button: Mapping[str, Any] | None = None
    lock_switch: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("name: a lane needs one, for visitors and staff to read")
        if not self.attractions:
            raise ValueError("attractions: a lane needs at least one")
        if not 0 < self.pass_within_s <= MAX_PASS_S:
            raise ValueError(f"pass_within_s: must be more than 0 and at most {MAX_PASS_S} seconds")

    def way(self, direction: Direction) -> WaySettings:
        return self.entry if direction is Direction.IN else self.exit


@dataclass(frozen=True)
class ZoneSettings:
    """The area behind lanes. `capacity`: persons at most. A ticket's entry is forgotten by
    anti-passback after `reset_after_min` minutes."""

    name: str
    capacity: int | None = None
    anti_passback: AntiPassback = AntiPassback.OFF
    reset_after_min: float | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= LONGEST_ZONE:
            raise ValueError(f"name: a zone needs one of at most {LONGEST_ZONE} characters")
        if self.capacity is not None and self.capacity < 0:
            raise ValueError("capacity: cannot be less than 0 persons")
        _check_minutes("reset_after_min", self.reset_after_min)

    @property
    def value(self) -> Zone:
        reset = self.reset_after_min
        after = None if reset is None else timedelta(minutes=reset)
        return Zone(self.name, self.capacity, self.anti_passback, after)


@dataclass(frozen=True)
class PolicySettings:
    """See admission.request.Policy. `stale_after_min`: minutes; none means never."""

    unlisted: Doubt = Doubt.ADMIT
    untrusted_clock: Doubt = Doubt.STAFF_LANE
    stale_after_min: float | None = None
    stale: Doubt = Doubt.STAFF_LANE

    def __post_init__(self) -> None:
        _check_minutes("stale_after_min", self.stale_after_min)

    @property
    def value(self) -> Policy:
        minutes = self.stale_after_min
        after = None if minutes is None else timedelta(minutes=minutes)
        return Policy(self.unlisted, self.untrusted_clock, after, self.stale)


class Deed(Enum):
    """What showing a staff badge does at the lane."""

    OPEN = "open"
    TEST = "test"
    CONTROLLED = "controlled"
    FREE = "free"
    CLOSED = "closed"


@dataclass(frozen=True)
class Badge:
    """A code or card of staff. Everyone's badge may open once or test; a supervisor's also change
    the mode of the direction at which it is shown. `name` is what the journal keeps."""

    name: str
    code: str
    does: Deed = Deed.OPEN
    role: Literal["staff", "supervisor"] = "staff"

    def __post_init__(self) -> None:
        if len(self.code) < 6:
            raise ValueError("code: at least 6 characters, so that nobody guesses it")
        if self.role == "staff" and self.does not in (Deed.OPEN, Deed.TEST):
            raise ValueError('does: only a role = "supervisor" may change modes')


@dataclass(frozen=True)
class FireSettings:
    """`input` is a table of an input line, active while there is fire. With a `reset` line the
    lanes stay open until that is active once; without, until the input is inactive again."""

    input: Mapping[str, Any]
    reset: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class PageSettings:
    """The technician's page. Without a password it is for this computer only."""

    port: int = 8811
    host: str = "127.0.0.1"
    password: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.port <= 65535:
            raise ValueError("port: 1 to 65535")
        if self.host not in ("127.0.0.1", "::1", "localhost") and len(self.password) < 8:
            raise ValueError("password: at least 8 characters, if others are to reach the page")


@dataclass(frozen=True)
class GateSettings:
    """`device` is this gate's name on the bus, `state` the folder it may write to.

    `open_unrecorded`: when the disk does not take an entry within `record_within_s`, let the
    visitor in (and write it later) instead of refusing. `give_back`: entries that a power cut
    interrupted before anybody was seen walking are given back at the next start. `language` is
    what lanes speak to nobody in particular, and to holders of tickets without one.
    """

    device: str
    site: str
    timezone: str
    state: Path
    central: CentralSettings
    lanes: tuple[LaneSettings, ...]
    language: str = "en"
    zones: tuple[ZoneSettings, ...] = ()
    badges: tuple[Badge, ...] = ()
    policy: PolicySettings = field(default_factory=PolicySettings)
    fire: FireSettings | None = None
    page: PageSettings | None = None
    mqtt: BusSettings = field(default_factory=BusSettings)
    open_unrecorded: bool = False
    record_within_s: float = 0.25
    give_back: bool = True
    stage: Path | None = None

    def __post_init__(self) -> None:
        check_name(self.device)
        check_name(self.site)
        _no_twins("lanes", (lane.name for lane in self.lanes))
        _no_twins("zones", (zone.name for zone in self.zones))
        _no_twins("badges", (badge.code for badge in self.badges))
        if self.language not in PHRASES:
            raise ValueError(f"language: {self.language!r} is none of {', '.join(PHRASES)}")
        if not self.lanes:
            raise ValueError("lanes: a gate needs at least one")
        known = {"", *(zone.name for zone in self.zones)}
        for lane in self.lanes:
            for zone in (lane.zone, lane.behind):
                if zone not in known:
                    raise ValueError(
                        f"lanes: {lane.name!r} leads to {zone!r}, no name of [[zones]]"
                    )
        if not 0 < self.record_within_s <= 60:
            raise ValueError("record_within_s: must be more than 0 and at most 60 seconds")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"timezone: {self.timezone!r} is unknown (Europe/Berlin?)") from error

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def scope(self) -> Scope:
        """The tickets that this gate needs."""
        opened = {attraction for lane in self.lanes for attraction in lane.attractions}
        return Scope(tuple(sorted(opened)), self.central.horizon_days)

    def zone(self, name: str) -> Zone:
        """The zone of that name; the zone without a name for ""."""
        return next((zone.value for zone in self.zones if zone.name == name), Zone())


def _check_minutes(key: str, minutes: float | None) -> None:
    if minutes is not None and not 0 < minutes <= MAX_MIN:
        raise ValueError(f"{key}: more than 0 minutes and at most {MAX_MIN}, a year")


def _no_twins(key: str, names: Iterable[str]) -> None:
    twice = [name for name, n in Counter(names).items() if n > 1]
    if twice:
        raise ValueError(f"{key}: {twice[0]!r} is given twice")
