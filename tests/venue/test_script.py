"""`wicket demo --script` as a newcomer runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_one_sale_and_four_scans(tmp_path: Path) -> None:
    played = subprocess.run(
        [sys.executable, "-m", "wicket", "demo", "--script", "--state", str(tmp_path / "demo")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    said = played.stdout
    assert "granted" in said
    assert re.search(r"already used at \d\d:\d\d at Museum 1", said)
    assert "not genuine" in said
    assert re.search(r"opens at (\d{4}-\d\d-\d\d )?\d\d:\d\d", said)
    assert "1 admitted, 1 passed, 3 refused" in said
