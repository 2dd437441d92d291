"""What a check looks at and what it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any


class Level(Enum):
    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """`cure`: what to do about it, if it is not ok."""

    level: Level
    what: str
    cure: str = ""


def ok(what: str) -> Finding:
    return Finding(Level.OK, what)


def warning(what: str, cure: str) -> Finding:
    return Finding(Level.WARNING, what, cure)


def wrong(what: str, cure: str) -> Finding:
    return Finding(Level.WRONG, what, cure)


@dataclass(frozen=True)
class User:
    """Whose permissions count. `uid` 0 may everything."""

    name: str
    uid: int
    groups: frozenset[int]

    def may(self, path: Path, need: int) -> bool:
        """Whether the mode of `path` grants `need` (4 read, 2 write, 1 enter). Raises OSError."""
        stat = path.stat()
        if self.uid == 0:
            return True
        if stat.st_uid == self.uid:
            bits = stat.st_mode >> 6
        elif stat.st_gid in self.groups:
            bits = stat.st_mode >> 3
        else:
            bits = stat.st_mode
        return bits & need == need


@dataclass(frozen=True)
class Examined:
    """A machine, and the daemon of it that is asked about. `root`: where dev, proc, run, sys are.

    `settings` is None if no daemon was named or its configuration cannot be used.
    """

    user: User
    daemon: str = ""
    config: Path | None = None
    settings: Any = None
    root: Path = Path("/")

    def tables(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every device table in the settings, with its place: "lanes[0].reader"."""
        return _tables(self.settings, "")


def _tables(part: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if is_dataclass(part):
        for field in fields(part):
            yield from _tables(getattr(part, field.name), _join(path, field.name))
    elif isinstance(part, Mapping):
        if isinstance(part.get("driver"), str):
            yield path, part
        for key, value in part.items():
            yield from _tables(value, _join(path, str(key)))
    elif isinstance(part, list | tuple):
        for i, value in enumerate(part):
            yield from _tables(value, f"{path}[{i}]")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
