"""A Python program of its own, to be killed or to be looked at from outside."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def run_python(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `script` where our packages can be imported; return when it has ended."""
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
