"""Configuration: all errors at once, file and key named, with a guess at what was meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from admission.values import LaneMode
from runtime.settings import BadSettings, load


@dataclass(frozen=True)
class Inner:
    pin: int
    label: str = "x"


@dataclass(frozen=True)
class Sample:
    mode: LaneMode
    parts: tuple[Inner, ...]
    patience_s: float = 1.0
    extra: Mapping[str, Any] = field(default_factory=dict)


def write(folder: Path, text: str, name: str = "sample.toml") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(BadSettings) as bad:
        load(path, Sample)
    return bad.value.problems


def test_good_settings_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, 'mode = "closed"\nparts = [{pin = 3}]\nextra = {driver = "sim"}')
    assert load(path, Sample) == Sample(LaneMode.CLOSED, (Inner(3),), 1.0, {"driver": "sim"})


def test_every_error_is_told_at_once_with_file_and_key(tmp_path: Path) -> None:
    text = 'mood = "closed"\nmode = "closd"\nparts = [{pin = "3"}, {pim = 1}]\npatience_s = true'
    told = problems(write(tmp_path, text))
    assert all(str(tmp_path / "sample.toml") in problem for problem in told)
    expected = [
        "mood: no such key; did you mean 'mode'?",
        "mode: 'closd' is not one of controlled, free, closed, emergency; did you mean 'closed'?",
        "parts[0].pin: expected a whole number, got '3'",
        "parts[1].pin: missing",
        "parts[1].pim: no such key; did you mean 'pin'?",
        "patience_s: expected a number, got True",
    ]
    assert sorted(p.split(": ", 1)[1] for p in told) == sorted(expected)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mode = ", "not TOML"),
        ('mode = "closed"\nmode = "closed"', "not TOML"),
        ('mode = "closed"\nparts = 5', "parts"),
        ('mode = "closed"\nparts = "5"', "parts: expected a list, got '5'"),
        ('mode = "closed"\nparts = {pin = 1}', "parts: expected a list, got {'pin': 1}"),
        ('mode = "closed"\nparts = [5]', "parts[0]: expected a table, got 5"),
        ("", "mode: missing"),
    ],
)
def test_one_mistake_is_one_clear_line(tmp_path: Path, text: str, said: str) -> None:
    assert said in problems(write(tmp_path, text))[0]


def test_a_missing_file_says_where_to_find_a_sample(tmp_path: Path) -> None:
    assert "config/ has samples" in problems(tmp_path / "none.toml")[0]


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "sample.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in problems(path)[0]


def test_overlays_are_laid_over_in_order(tmp_path: Path) -> None:
    path = write(tmp_path, 'mode = "closed"\nparts = []\nextra = {a = 1, b = 1}')
    (tmp_path / "sample.d").mkdir()
    write(tmp_path / "sample.d", "extra = {b = 2, c = 2}", "10.toml")
    write(tmp_path / "sample.d", 'mode = "controlled"\nextra = {c = 3}', "20.toml")
    settings = load(path, Sample)
    assert settings.mode is LaneMode.CONTROLLED
    assert settings.extra == {"a": 1, "b": 2, "c": 3}
