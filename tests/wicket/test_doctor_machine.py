"""The doctor's checks of clock, power, heat, flash memory and unit."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.examined import OK, WARNING, WRONG, levels, machine, said, write

from runtime.clocks import synchronised
from wicket.doctor import UNIT_GROUPS
from wicket.doctor.clock import clock, judge
from wicket.doctor.finding import Level
from wicket.doctor.machine import (
    THROTTLED,
    judge_unit,
    power,
    temperature,
    unit,
    versions,
    wear,
)

SYSTEMD = Path(__file__).parent.parent.parent / "systemd/system"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RUNNING = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "UnitFileState": "enabled",
    "NRestarts": "0",
}


@pytest.mark.parametrize(
    ("newest", "synchronised", "level"),
    [
        (None, True, OK),
        (None, False, WARNING),
        (NOW - timedelta(days=1), True, OK),
        (NOW + timedelta(seconds=4), True, OK),
        (NOW + timedelta(seconds=6), True, WRONG),
        (NOW + timedelta(days=400), False, WRONG),
    ],
)
def test_a_clock_is_judged_by_time_servers_and_by_the_record(
    newest: datetime | None, synchronised: bool, level: Level
) -> None:
    assert judge(NOW, newest, synchronised=synchronised).level is level


def test_the_kernel_tells_of_its_clock(tmp_path: Path) -> None:
    assert synchronised() in (True, False)
    assert len(said(clock, machine(tmp_path))) == 1


@pytest.mark.parametrize(
    ("bits", "level"),
    [("0x0", OK), ("50005", WRONG), ("0x50000", WARNING), ("4", WARNING), ("0x80000", OK)],
)
def test_the_supply_voltage_is_watched(tmp_path: Path, bits: str, level: Level) -> None:
    write(tmp_path / THROTTLED, f"{bits}\n")
    assert levels(power, machine(tmp_path)) == [level]


@pytest.mark.parametrize(("told", "level"), [(45_000, OK), (71_500, WARNING), (80_000, WRONG)])
def test_heat_is_told(tmp_path: Path, told: int, level: Level) -> None:
    write(tmp_path / "sys/class/thermal/thermal_zone0/temp", f"{told}\n")
    expected = f"processor at {told / 1000:.0f} °C"
    assert said(temperature, machine(tmp_path)) == [(level, expected)]


@pytest.mark.parametrize(
    ("life", "expected"),
    [("0x01 0x02", [OK]), ("0x09 0x01", [WARNING]), ("0x0b 0x0b", [WRONG]), ("0x00 0x00", [])],
)
def test_worn_flash_is_told(tmp_path: Path, life: str, expected: list[Level]) -> None:
    write(tmp_path / "sys/block/mmcblk0/device/life_time", f"{life}\n")
    assert levels(wear, machine(tmp_path)) == expected


@pytest.mark.parametrize(
    ("changed", "level"),
    [
        ({}, OK),
        ({"LoadState": "not-found", "ActiveState": "inactive"}, WARNING),
        ({"ActiveState": "failed"}, WRONG),
        ({"ActiveState": "inactive"}, WARNING),
        ({"UnitFileState": "disabled"}, WARNING),
        ({"NRestarts": "12"}, WARNING),
        ({"NRestarts": ""}, OK),
    ],
)
def test_a_unit_is_judged_by_what_systemd_says(changed: dict[str, str], level: Level) -> None:
    finding = judge_unit("wicket-gate.service", RUNNING | changed)
    assert finding.level is level
    assert bool(finding.cure) == (level is not OK)


def test_nothing_is_said_of_what_this_computer_does_not_have(tmp_path: Path) -> None:
    it = machine(tmp_path)
    for check in (power, temperature, wear, unit):
        assert said(check, it) == []


def test_versions_name_the_board(tmp_path: Path) -> None:
    write(tmp_path / "proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0\0")
    ((_, what),) = said(versions, machine(tmp_path))
    assert what.startswith("wicket ")
    assert what.endswith(", Raspberry Pi 5 Model B Rev 1.0")


@pytest.mark.parametrize("daemon", UNIT_GROUPS)
def test_the_groups_are_those_of_the_unit(daemon: str) -> None:
    text = (SYSTEMD / f"wicket-{daemon}.service").read_text()
    found = re.findall(r"^SupplementaryGroups=(.*)$", text, re.MULTILINE)
    assert {group for line in found for group in line.split()} == set(UNIT_GROUPS[daemon])
