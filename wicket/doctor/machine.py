"""The computer itself: power, heat, flash memory, the unit, versions."""

from __future__ import annotations

import platform
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from runtime.service import version
from wicket.doctor.finding import Examined, Finding, ok, warning, wrong

THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
UNDERVOLTAGE_NOW, THROTTLED_NOW, UNDERVOLTAGE_WAS = 1 << 0, 1 << 2, 1 << 16
"""Bits of get_throttled (Raspberry Pi documentation, vcgencmd)."""
HOT_C, TOO_HOT_C = 70, 80
"""A Pi slows itself down from 80 °C."""
WORN, WORN_OUT = 9, 11
"""DEVICE_LIFE_TIME_EST of eMMC 5.0 (JESD84-B50): in tenths of its life, 11 is past it."""
UNIT_WORDS = ("LoadState", "ActiveState", "UnitFileState", "NRestarts")


def power(it: Examined) -> Iterator[Finding]:
    said = _read(it.root / THROTTLED)
    if not said:
        return
    bits = int(said, 16)
    cure = "use the original power supply and a short cable; count what USB devices draw"
    if bits & UNDERVOLTAGE_NOW:
        yield wrong("the supply voltage is too low", cure)
    elif bits & UNDERVOLTAGE_WAS:
        yield warning("the supply voltage has been too low since the start", cure)
    elif bits & THROTTLED_NOW:
        yield warning("the processor is slowed down", "see the temperature; is the fan running?")
    else:
        yield ok("supply voltage")


def temperature(it: Examined) -> Iterator[Finding]:
    said = _read(it.root / "sys/class/thermal/thermal_zone0/temp")
    if not said:
        return
    degrees = int(said) / 1000
    text, cure = f"processor at {degrees:.0f} °C", "give it air, a heat sink or a fan"
    if degrees >= TOO_HOT_C:
        yield wrong(text, cure)
    elif degrees >= HOT_C:
        yield warning(text, cure)
    else:
        yield ok(text)


def wear(it: Examined) -> Iterator[Finding]:
    """Of eMMC; SD cards do not tell."""
    for path in sorted((it.root / "sys/block").glob("mmcblk*/device/life_time")):
        disk = path.parent.parent.name
        tenths = max((int(word, 16) for word in _read(path).split()), default=0)
        text = f"{disk} has used up to {tenths * 10} % of its life"
        if tenths >= WORN_OUT:
            yield wrong(f"{disk} is worn out", "replace it now")
        elif tenths >= WORN:
            yield warning(text, "plan its replacement")
        elif tenths:
            yield ok(text)


def unit(it: Examined) -> Iterator[Finding]:
    """Only where systemd runs."""
    systemctl = shutil.which("systemctl")
    if not it.daemon or not systemctl or not (it.root / "run/systemd/system").is_dir():
        return
    name = f"wicket-{it.daemon}.service"
    asked = subprocess.run(
        [systemctl, "show", name, f"--property={','.join(UNIT_WORDS)}"],
        check=False,
        capture_output=True,
        text=True,
        timeout=10,
    )
    told = dict(line.split("=", 1) for line in asked.stdout.splitlines() if "=" in line)
    yield judge_unit(name, told)


def judge_unit(name: str, told: Mapping[str, str]) -> Finding:
    """By what `systemctl show` says."""
    state = told.get("ActiveState", "unknown")
    restarts = int(told.get("NRestarts") or 0)
    if told.get("LoadState") == "not-found":
        return warning(f"{name} is not installed", "see Install in the handbook")
    if state == "failed":
        return wrong(f"{name} has failed", f"journalctl -u {name} -n 50 says why")
    if state != "active":
        return warning(f"{name} is {state}", f"systemctl start {name}")
    if told.get("UnitFileState") != "enabled":
        return warning(f"{name} runs but does not start by itself", f"systemctl enable {name}")
    if restarts:
        return warning(
            f"{name} runs, after {restarts} restarts", f"journalctl -u {name} says why it ended"
        )
    return ok(f"{name} runs")


def versions(it: Examined) -> Iterator[Finding]:
    model = _read(it.root / "proc/device-tree/model").rstrip("\0")
    parts = [
        f"wicket {version()}",
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        f"{platform.system()} {platform.release()} {platform.machine()}",
        model,
    ]
    yield ok(", ".join(part for part in parts if part))


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
