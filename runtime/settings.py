"""Configuration: TOML files to validated frozen dataclasses, with every error at once."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from runtime.convert import Invalid, structure

T = TypeVar("T")


class BadSettings(Exception):
    """A configuration that cannot be used. One line a problem, each naming file and key."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(path: Path, kind: type[T]) -> T:
    """Read `path`, laid over by `<name>.d/*.toml` beside it in alphabetical order."""
    overlays = sorted(path.with_suffix(".d").glob("*.toml"))
    data: dict[str, Any] = {}
    for file in (path, *overlays):
        data = _overlay(data, _parsed(read_text(file), str(file)))
    return _structured(data, kind, " + ".join(str(file) for file in (path, *overlays)))


def parse(
    text: str,
    kind: type[T],
    source: str,
    called: Callable[[Mapping[str, Any], str], str] = lambda data, key: key,
) -> T:
    """The TOML `text`, which came from `source`, as `kind`; `called` (data, key) tells how to call
    a key that is wrong. Raises BadSettings."""
    return _structured(_parsed(text, source), kind, source, called)


def read_text(file: Path) -> str:
    """Raises BadSettings."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BadSettings([f"{file}: no such file; config/ has samples to start from"]) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings([f"{file}: cannot be read: {error}"]) from error


def _parsed(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadSettings([f"{source}: not TOML: {error}"]) from error


def _structured(
    data: Mapping[str, Any],
    kind: type[T],
    source: str,
    called: Callable[[Mapping[str, Any], str], str] = lambda data, key: key,
) -> T:
    try:
        return structure(data, kind)
    except Invalid as invalid:
        raise BadSettings(
            [
                f"{source}: {called(data, key)}: {what}" if key else f"{source}: {what}"
                for key, what in invalid.problems
            ]
        ) from invalid


def _overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both_tables = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _overlay(merged[key], value) if both_tables else value
    return merged
