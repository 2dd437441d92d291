"""The benchmark prints what it says it prints; what it measures is no matter here."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
REAL_DISK = "/var/tmp"
KEYS = {"name", "value", "unit", "reference", "ratio", "aim", "rounds", "spread"}
AIMS = {
    "scan to release": 1.6,
    "cold start of a gate": 14.0,
    "MQTT QoS 1 round trip": 2.0,
    "sale over HTTP": None,
}


def test_quick_prints_every_figure_as_json() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--json", "--quick", "--folder", REAL_DISK],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert {figure["name"]: figure["aim"] for figure in figures} == AIMS
    for figure in figures:
        assert figure.keys() == KEYS
        assert figure["unit"] == "ms"
        assert figure["rounds"] >= 7
        measured = (figure["value"], figure["reference"], figure["ratio"])
        assert all(math.isfinite(number) and number > 0 for number in measured)
        assert math.isfinite(figure["spread"])
        assert figure["spread"] >= 0
