"""The benchmark prints what it says it prints; what it measures is no matter here."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
REAL_DISK = "/var/tmp"
KEYS = {
    "name",
    "value",
    "unit",
    "reference",
    "ratio",
    "aim",
    "rounds",
    "spread",
    "against",
    "besides",
}
EXPECTED = {
    "scan to release": ("ms", 1.0),
    "scan to release, p99": ("ms", 1.25),
    "scan to release, by tickets": ("ms", 1.1),
    "CPU of a scan": ("us", 1.0),
    "refusal, unknown": ("us", 1.2),
    "refusal, used": ("us", 1.2),
    "refusal, forged": ("us", 1.2),
    "refusal, garbage": ("us", 1.2),
    "wrong signature, 20 keys": ("us", 1.1),
    "admission, 16 lanes": ("ms", 0.2),
    "slowest lane of 16": ("ms", 2.0),
    "rules and journal": ("us", 1.0),
    "a queued scan": ("us", None),
    "memory for many tickets": ("MB", 1.0),
    "idle gate, 8 lanes": ("%", 1.0),
    "bytes of an admission": ("kB", None),
    "cold start of a gate": ("ms", 14.0),
    "cold start of a gate, by tickets": ("ms", 1.1),
    "MQTT QoS 1 round trip": ("ms", 2.0),
    "MQTT QoS 1 round trip, TLS": ("ms", 2.0),
    "used here, refused there": ("ms", 1.3),
    "one sale at 200 gates": ("ms", 1.0),
    "a fact stored after an outage": ("us", 1 / 0.7),
    "a live fact's ack meanwhile, p99": ("ms", 1.5),
    "a ticket in a snapshot": ("B", 1.0),
    "making a snapshot": ("s", None),
    "a snapshot put into use": ("ms", 1.0),
    "look-up while it is swapped, p99": ("ms", 2.0),
    "a cold look-up": ("us", None),
    "a call of a sale, 1 at once": ("ms", 1 / 0.85),
    "a call of a sale, 8 at once": ("ms", 1 / 0.85),
    "a call of a sale, 64 at once": ("ms", 1 / 0.85),
    "a sale, PostgreSQL": ("ms", 1 / 0.9),
    "flash sale, SQLite": ("s", None),
    "flash sale, PostgreSQL": ("s", None),
    "90 days of slots, SQLite": ("ms", None),
    "one day of slots, SQLite": ("ms", None),
    "dates, SQLite": ("ms", None),
    "90 days of slots, PostgreSQL": ("ms", None),
    "one day of slots, PostgreSQL": ("ms", None),
    "dates, PostgreSQL": ("ms", None),
}
"""Name → unit, aim; in this order."""
MAY_BE_NOTHING = {"memory for many tickets", "idle gate, 8 lanes"}
FEW_ROUNDS = {
    "after an outage": 3,
    "a live fact": 3,
    "a ticket in": 1,
    "making a": 2,
    "memory for many tickets": 1,
    "flash sale": 1,
    "of slots": 5,
    "dates": 5,
}
"""Part of the name → how many rounds there are at least, where a round takes long."""
DATABASES = (", SQLite", ", PostgreSQL")


def test_quick_prints_every_figure_as_json() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--json", "--quick", "--folder", REAL_DISK],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    told = [(figure["name"], (figure["unit"], figure["aim"])) for figure in figures]
    assert told == list(EXPECTED.items())
    for figure in figures:
        assert figure.keys() == KEYS
        assert figure["against"]
        least = [count for part, count in FEW_ROUNDS.items() if part in figure["name"]]
        assert figure["rounds"] >= min(least, default=7)
        measured = [figure["value"], figure["reference"], figure["ratio"], figure["spread"]]
        assert all(math.isfinite(number) and number >= 0 for number in measured)
        assert figure["reference"] > 0
        assert (figure["value"] > 0 and figure["ratio"] > 0) or figure["name"] in MAY_BE_NOTHING


def test_every_figure_is_explained() -> None:
    page = (ROOT / "docs" / "figures.md").read_text()
    names = {name.removesuffix(DATABASES[0]).removesuffix(DATABASES[1]) for name in EXPECTED}
    assert [name for name in sorted(names) if f"| {name} |" not in page] == []
