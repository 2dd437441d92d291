"""A machine for the doctor to look at: a folder of the test's own, with what it says of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runtime.mqtt import BusSettings
from wicket.doctor.finding import Examined, Finding, Level, User

NOBODY = User("nobody", 65534, frozenset({65534}))
ROOT = User("root", 0, frozenset({0}))
OK, WARNING, WRONG = Level.OK, Level.WARNING, Level.WRONG

Check = Callable[[Examined], Iterator[Finding]]


@dataclass(frozen=True)
class Central:
    url: str
    token: str = ""


@dataclass(frozen=True)
class Settings:
    """What the doctor needs of any daemon's settings."""

    state: Path
    devices: Mapping[str, Any] = field(default_factory=dict)
    mqtt: BusSettings = field(default_factory=BusSettings)
    central: Central = field(default_factory=lambda: Central("http://127.0.0.1:9"))
    device: str = "gate-1"


def machine(root: Path, user: User = ROOT, **settings: Any) -> Examined:
    """A gate whose `dev`, `sys` and so on lie in `root`, its state in `root`/state."""
    mountinfo = root / "proc/self/mountinfo"
    if not mountinfo.exists():
        write(mountinfo, "1 0 8:1 / / rw,noatime shared:1 - ext4 /dev/root rw\n")
    known = Settings(**{"state": root / "state"} | settings)
    return Examined(user, "gate", root / "gate.toml", known, root)


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def said(check: Check, it: Examined) -> list[tuple[Level, str]]:
    """Level and words of each finding; whatever is not ok says what to do."""
    findings = list(check(it))
    assert all(bool(finding.cure) == (finding.level is not OK) for finding in findings)
    return [(finding.level, finding.what) for finding in findings]


def levels(check: Check, it: Examined) -> list[Level]:
    return [level for level, _ in said(check, it)]
