"""What was measured on: figures of two machines must not be compared by accident."""

from __future__ import annotations

import os
import platform
import sqlite3
from pathlib import Path

VOLATILE = {"tmpfs", "ramfs"}
_MODEL = Path("/proc/device-tree/model")
"""The board's name on a Raspberry Pi."""


def describe(folder: Path) -> str:
    """Processor, kernel, Python and the file system of `folder`, on two lines."""
    return (
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}\n"
        f"disk: {file_system(folder)} at {folder}"
    )


def file_system(folder: Path) -> str:
    """Its type: "ext4", "tmpfs" …"""
    mounts = dict(_mount(line) for line in Path("/proc/self/mountinfo").read_text().splitlines())
    place = folder.resolve()
    return next(mounts[str(p)] for p in (place, *place.parents) if str(p) in mounts)


def _mount(line: str) -> tuple[str, str]:
    """Mount point and type of one line of proc_pid_mountinfo(5)."""
    left, _, right = line.partition(" - ")
    point = left.split()[4].encode().decode("unicode_escape")
    return point, right.split()[0]


def _processor() -> str:
    if _MODEL.exists():
        return _MODEL.read_text().strip("\0")
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
