"""udev on the board, and to wait for what it makes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

_PATIENCE_S = 60.0


def start_udev() -> None:
    """Debian's own, with its own rules."""
    subprocess.run(["/lib/systemd/systemd-udevd", "--daemon"], check=True)
    wait_for(Path("/run/udev/control"))


def wait_for(path: Path) -> Path:
    wait_until(path.exists, f"{path} is there")
    return path


def wait_until(so: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + _PATIENCE_S
    while not so():
        if time.monotonic() > until:
            raise TimeoutError(f"it did not become true that {what}")
        time.sleep(0.01)
