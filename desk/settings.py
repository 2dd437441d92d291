"""desk.toml, as config/desk.toml explains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runtime.centre import CentreSettings

MAX_READERS = 8


@dataclass(frozen=True)
class DeskSettings:
    """`readers` and `printer` are device tables (hal/registry.py). `state` is the folder of what is
    being printed; `stage` a Unix socket on which simulated devices play."""

    state: Path = Path("/var/lib/wicket/desk")
    central: CentreSettings = field(default_factory=CentreSettings)
    readers: tuple[Mapping[str, Any], ...] = ()
    printer: Mapping[str, Any] | None = None
    stage: Path | None = None

    def __post_init__(self) -> None:
        if len(self.readers) > MAX_READERS:
            raise ValueError(f"readers: at most {MAX_READERS}")
        if not self.readers and self.printer is None:
            raise ValueError("a desk has [[readers]] or a [printer]; name what is plugged in")
