"""Settings of central (config/central.toml is the commented sample)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path

from admission.facts import CENTRAL
from central.delivery.settings import EmailSettings, SmsSettings
from runtime.mqtt import BusSettings

MIN_TOKEN = 16
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class Channel(Enum):
    """Through whom a visitor buys."""

    KIOSK = "kiosk"
    OFFICE = "office"
    WEB = "web"


class DeviceKind(Enum):
    KIOSK = "kiosk"
    GATE = "gate"
    OFFICE = "office"
    WEB = "web"
    DESK = "desk"


@dataclass(frozen=True)
class DeviceSettings:
    """One client of central. `token` is its secret, told in `Authorization: Bearer …`."""

    token: str
    kind: DeviceKind

    def __post_init__(self) -> None:
        if len(self.token) < MIN_TOKEN or not self.token.isascii():
            raise ValueError(
                f"a token needs at least {MIN_TOKEN} plain characters; "
                "`openssl rand -hex 16` makes a good one"
            )


@dataclass(frozen=True)
class Rate:
    """How often something may be done: `burst` times at once, `per_s` a second in the long run."""

    per_s: float = 50.0
    burst: int = 100

    def __post_init__(self) -> None:
        if not 0 < self.per_s <= 1_000_000 or not 1 <= self.burst <= 1_000_000:
            raise ValueError("rate: per_s above 0, burst at least 1, both at most 1000000")


@dataclass(frozen=True)
class HttpSettings:
    """Where central listens; `rate` is how often one client may write."""

    host: str = "127.0.0.1"
    port: int = 8080
    rate: Rate = field(default_factory=Rate)


@dataclass(frozen=True)
class ReservationMinutes:
    """How long places are held before they are paid, by channel."""

    kiosk: int = 4
    office: int = 25
    web: int = 20

    def __post_init__(self) -> None:
        if min(self.kiosk, self.office, self.web) < 1:
            raise ValueError("a reservation lasts at least one minute")

    def of(self, channel: Channel) -> timedelta:
        minutes = {
            Channel.KIOSK: self.kiosk,
            Channel.OFFICE: self.office,
            Channel.WEB: self.web,
        }
        return timedelta(minutes=minutes[channel])


@dataclass(frozen=True)
class PublicSettings:
    """Where visitors reach the pages of central: `url` goes into SMS and e-mails, so short is
    cheap. With `proxy` requests come through a web server on this computer, which tells the
    visitor's address in X-Forwarded-For. A link shows its tickets until `link_days` after the last
    day on which one of them is good."""

    url: str = "http://127.0.0.1:8080"
    proxy: bool = False
    link_days: int = 30

    def __post_init__(self) -> None:
        if not 0 <= self.link_days <= 3660:
            raise ValueError("link_days is 0 to 3660 days")
        if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", self.url):
            raise ValueError(f"url: {self.url!r} should be like 'https://tickets.museum.org'")


@dataclass(frozen=True)
class CentralSettings:
    """`state` is the folder of the database and the signing key; `database` an SQLAlchemy URL,
    by default SQLite in `state`; `devices` the clients by their id; `venue` the file with which
    an empty database begins. Who waits for places gets `waiting_offer_min` minutes to take them."""

    state: Path
    devices: Mapping[str, DeviceSettings]
    venue: Path | None = None
    site: str = "sample"
    http: HttpSettings = field(default_factory=HttpSettings)
    database: str | None = None
    mqtt: BusSettings = field(default_factory=BusSettings)
    reservation_min: ReservationMinutes = field(default_factory=ReservationMinutes)
    waiting_offer_min: int = 30
    public: PublicSettings = field(default_factory=PublicSettings)
    sms: SmsSettings | None = None
    email: EmailSettings | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.waiting_offer_min <= 10_080:
            raise ValueError("waiting_offer_min is 1 to 10080 minutes")
        for name in (self.site, *self.devices):
            if not _NAME.fullmatch(name) or name == CENTRAL:
                raise ValueError(
                    f"{name!r} cannot name a site or a device: write a-z, 0-9 and -, "
                    f"at most 40, and not {CENTRAL!r}"
                )
        tokens = [device.token for device in self.devices.values()]
        if len(set(tokens)) < len(tokens):
            raise ValueError("two devices have the same token; give each its own")

    @property
    def gates(self) -> frozenset[str]:
        return frozenset(n for n, one in self.devices.items() if one.kind is DeviceKind.GATE)

    @property
    def desks(self) -> frozenset[str]:
        return frozenset(n for n, one in self.devices.items() if one.kind is DeviceKind.DESK)

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.state.absolute() / 'central.sqlite'}"
