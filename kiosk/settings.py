"""kiosk.toml, as config/kiosk.toml explains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from runtime.centre import CentreSettings
from runtime.mqtt import BusSettings

LANGUAGES = ("en", "de", "fr")
"""Languages that this kiosk speaks; kiosk/texts has one file each."""


class ScreenMode(Enum):
    FULLSCREEN = "fullscreen"
    WINDOW = "window"
    HEADLESS = "headless"


@dataclass(frozen=True)
class ScreenSettings:
    """`dpi` is the panel's real density: it keeps touch targets at 10 mm.

    Fullscreen takes the panel's own size; `width` and `height` (pixels) are for the other modes.
    `sdl_driver` ("x11", "wayland", "kmsdrm") overrides what SDL picks.
    """

    mode: ScreenMode = ScreenMode.FULLSCREEN
    width: int = 1280
    height: int = 800
    dpi: int = 150
    sdl_driver: str | None = None

    def __post_init__(self) -> None:
        if not (640 <= self.width <= 7680 and 480 <= self.height <= 7680):
            raise ValueError(f"a screen of {self.width}x{self.height} is not supported")
        if not 60 <= self.dpi <= 400:
            raise ValueError(f"dpi = {self.dpi} is no panel's density (60..400)")


@dataclass(frozen=True)
class OfflineSettings:
    """What the kiosk leases ahead to sell while it cannot reach central: `places` (0: it does not
    sell then) of each of the next `slots` time slots of every attraction, for `minutes`."""

    places: int = 0
    slots: int = 6
    minutes: int = 240

    def __post_init__(self) -> None:
        for name, least, most in (("places", 0, 1000), ("slots", 1, 50), ("minutes", 30, 10_080)):
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {least} to {most}")


@dataclass(frozen=True)
class KioskSettings:
    """`printer` and `terminal` are device tables (hal/registry.py). Times are in seconds."""

    device: str = "kiosk-1"
    site: str = "sample"
    state: Path = Path("/var/lib/wicket/kiosk")
    central: CentreSettings = field(default_factory=CentreSettings)
    mqtt: BusSettings = field(default_factory=BusSettings)
    screen: ScreenSettings = field(default_factory=ScreenSettings)
    printer: Mapping[str, Any] = field(default_factory=lambda: {"driver": "sim"})
    terminal: Mapping[str, Any] = field(default_factory=lambda: {"driver": "sim"})
    offline: OfflineSettings = field(default_factory=OfflineSettings)
    languages: tuple[str, ...] = LANGUAGES
    idle_s: int = 60
    idle_warning_s: int = 15
    thanks_s: int = 20
    payment_s: int = 90
    confirm_patience_s: int = 60
    stage: Path | None = None

    def __post_init__(self) -> None:
        unknown = [language for language in self.languages if language not in LANGUAGES]
        if unknown or not self.languages:
            raise ValueError(f"languages = {list(self.languages)}: known are {list(LANGUAGES)}")
        for name in ("idle_s", "idle_warning_s", "thanks_s", "payment_s", "confirm_patience_s"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
