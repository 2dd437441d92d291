"""What gate.toml may say. config/gate.toml is the commented sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from admission.values import LaneMode
from runtime.mqtt import BusSettings
from runtime.topics import check_name

MAX_PASS_S = 600


@dataclass(frozen=True)
class CentralSettings:
    """Where central is, and the token that central.toml gives this device."""

    url: str
    token: str

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        if not whole or parts.path.strip("/"):
            raise ValueError(f"url: {self.url!r} should be like 'http://192.168.10.1:8080'")
        if not (self.token.isascii() and self.token.isprintable()):
            raise ValueError("token: only plain characters can be sent")


@dataclass(frozen=True)
class LaneSettings:
    """One turnstile. `name` is what visitors and staff read: "North 1".

    `reader`, `turnstile` and `display` are device tables (hal/registry.py); a grant lapses
    when nobody has walked for `pass_within_s` seconds.
    """

    name: str
    attractions: tuple[str, ...]
    reader: Mapping[str, Any]
    turnstile: Mapping[str, Any]
    display: Mapping[str, Any] = field(default_factory=lambda: {"driver": "log"})
    pass_within_s: float = 8.0
    mode: LaneMode = LaneMode.CONTROLLED

    def __post_init__(self) -> None:
        if not self.attractions:
            raise ValueError("attractions: a lane needs at least one")
        if not 0 < self.pass_within_s <= MAX_PASS_S:
            raise ValueError(f"pass_within_s: must be more than 0 and at most {MAX_PASS_S} seconds")


@dataclass(frozen=True)
class GateSettings:
    """`device` is this gate's name on the bus, `state` the folder it may write to."""

    device: str
    site: str
    timezone: str
    state: Path
    central: CentralSettings
    lanes: tuple[LaneSettings, ...]
    mqtt: BusSettings = field(default_factory=BusSettings)
    stage: Path | None = None

    def __post_init__(self) -> None:
        check_name(self.device)
        check_name(self.site)
        twice = [name for name, n in Counter(lane.name for lane in self.lanes).items() if n > 1]
        if twice:
            raise ValueError(f"lanes: the name {twice[0]!r} is given twice")
        if not self.lanes:
            raise ValueError("lanes: a gate needs at least one")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"timezone: {self.timezone!r} is unknown (Europe/Berlin?)") from error

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)
