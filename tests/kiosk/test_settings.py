"""The sample configuration says what the defaults are, and mistakes are named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.settings import KioskSettings
from runtime.centre import CentreSettings
from runtime.settings import BadSettings, load

SAMPLE = Path(__file__).parents[2] / "config" / "kiosk.toml"


def test_the_sample_is_valid_and_equals_the_defaults() -> None:
    read = load(SAMPLE, KioskSettings)
    assert read.central.token == "change-me"
    assert replace(read, central=CentreSettings()) == KioskSettings()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('langauges = ["en"]', "languages"),
        ('languages = ["en", "xx"]', "xx"),
        ("languages = []", "known are"),
        ("idle_s = 0", "idle_s must be at least 1"),
        ('[screen]\nmode = "big"', "fullscreen"),
        ("[screen]\nwidth = 10", "10x800"),
        ("[screen]\ndpi = 1", "dpi"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(text)
    with pytest.raises(BadSettings, match=problem):
        load(file, KioskSettings)
