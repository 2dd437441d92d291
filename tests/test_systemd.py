"""The systemd units, judged by systemd's own tools."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parent.parent / "systemd"
DAEMONS = ("central", "gate", "kiosk", "desk")
MOST_EXPOSED = {"central": 1.6, "gate": 1.9, "kiosk": 1.6, "desk": 1.6}
"""As in `systemd-analyze security`: 0 is a sealed box, 10 is root without a sandbox. The gate may
ask adjtimex(2), which counts as if it could set the clock."""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units as on a machine that has /opt/wicket/bin/wicket."""
    units = tmp_path / "system"
    shutil.copytree(SYSTEMD / "system", units)
    for unit in units.glob("*.service"):
        unit.write_text(unit.read_text().replace("/opt/wicket/bin/wicket", sys.executable))
    return units


def analyze(*words: str | Path) -> str:
    run = subprocess.run(
        ["systemd-analyze", *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr + run.stdout[-2000:]
    return run.stderr


def test_systemd_finds_nothing_wrong(installed: Path) -> None:
    units = [unit for unit in installed.iterdir() if unit.is_file()]
    assert len(units) == len(DAEMONS) + 3
    assert analyze("verify", "--man=no", *units) == ""


def test_systemd_would_find_a_mistake(installed: Path) -> None:
    unit = installed / "wicket-gate.service"
    unit.write_text(unit.read_text().replace("DevicePolicy=", "DevicePolice="))
    with pytest.raises(AssertionError, match="DevicePolice"):
        assert analyze("verify", "--man=no", unit) == ""


@pytest.mark.parametrize("daemon", DAEMONS)
def test_the_sandbox_is_tight(installed: Path, daemon: str) -> None:
    threshold = f"--threshold={MOST_EXPOSED[daemon] * 10:.0f}"
    unit = installed / f"wicket-{daemon}.service"
    analyze("security", "--offline=true", "--no-pager", threshold, unit)


def test_the_gate_may_ask_the_kernel_for_its_clock_and_not_set_it(installed: Path) -> None:
    unit = installed / "wicket-gate.service"
    run = ["systemd-analyze", "security", "--offline=true", "--no-pager", unit]
    told = subprocess.run(run, capture_output=True, text=True, check=False, timeout=60).stdout
    assert "@clock is included (e.g. adjtimex is allowed)" in told
    assert re.search(r"✓ CapabilityBoundingSet=~CAP_SYS_TIME", told)


@pytest.mark.parametrize("daemon", DAEMONS)
def test_every_daemon_is_watched_and_runs_as_wicket(daemon: str) -> None:
    unit = settings(f"wicket-{daemon}.service") | settings("wicket-.service.d/common.conf")
    assert unit["Type"] == "notify"
    assert unit["User"] == "wicket"
    assert unit["ExecStart"] == (
        f"/opt/wicket/bin/wicket {daemon} --config /etc/wicket/{daemon}.toml"
    )
    assert unit["WatchdogSec"] == "30"
    assert unit["Restart"] == "on-failure"
    assert unit["RestartPreventExitStatus"] == "78"
    assert unit["ConfigurationDirectory"] == unit["StateDirectory"] == "wicket"


@pytest.mark.parametrize("daemon", DAEMONS)
def test_no_daemon_waits_for_the_network(daemon: str) -> None:
    unit = settings(f"wicket-{daemon}.service")
    waits_for = [unit.get(key, "") for key in ("After", "Wants", "Requires", "BindsTo")]
    assert "network" not in " ".join(waits_for)


def settings(name: str) -> dict[str, str]:
    lines = (SYSTEMD / "system" / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def test_every_group_exists_on_raspberry_pi_os() -> None:
    known = {"audio", "dialout", "gpio", "input", "lp", "render", "video"}
    for daemon in DAEMONS:
        groups = settings(f"wicket-{daemon}.service").get("SupplementaryGroups", "").split()
        assert set(groups) <= known


def test_udev_rules_are_comparisons_and_assignments() -> None:
    rule = re.compile(r'[A-Z_]+(\{\w+\})?(==|!=|=|\+=)"[^"]*"')
    rules = (SYSTEMD / "udev/60-wicket.rules").read_text().splitlines()
    for line in filter(None, (line.strip() for line in rules)):
        if re.match(r"#[A-Z]|[^#]", line) and "==" in line:
            parts = line.lstrip("#").split(", ")
            assert all(rule.fullmatch(part) for part in parts), line
