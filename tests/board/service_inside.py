"""systemd on the board runs the shipped unit of the gate, in its sandbox and under its watchdog."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

from gate_rig import CONFIG, GateRig, fill, until
from support.samples import ticket

from admission.codes import human_code

ROOT = Path(__file__).parent.parent.parent
INNER = Path("/run/inner")
"""The root of systemd's own world: the host's, with a layer to write to."""
STATE = INNER / "var/lib/wicket/gate"
LOG = Path("/run/gate.log")
PROCESSES = Path("/sys/fs/cgroup/system.slice/wicket-gate.service/cgroup.procs")
USER, GPIO = 990, 991
DROP_IN = """
[Service]
# Sooner than shipped, for the test waits for it.
WatchdogSec=6
TimeoutAbortSec=2
StandardError=append:/gate.log
Environment=PYTHONPATH=/opt/wicket/code:/opt/wicket/packages
BindReadOnlyPaths=/cpuinfo:/proc/cpuinfo
"""
NAMESPACES = ("--pid", "--fork", "--mount", "--ipc", "--kill-child")
START = f"""
set -e
cd {INNER}
mount -t proc proc proc
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount --rbind /dev dev
mount --rbind /sys sys
mkdir run/udev
mount --bind /run/udev run/udev
mount --bind {LOG} gate.log
pivot_root . mnt
exec env -i container=board /usr/sbin/chroot . /lib/systemd/systemd --system \\
    --unit=wicket-gate.service --log-target=console --show-status=no
"""


def mount(*words: str | Path) -> None:
    subprocess.run(["mount", *words], check=True)


def lay_out() -> None:
    """As after an installation; the program is the one under test."""
    for name in ("layer", "work", "inner"):
        (Path("/run") / name).mkdir()
    options = "lowerdir=/,upperdir=/run/layer,workdir=/run/work"
    mount("-t", "overlay", "overlay", INNER, "-o", options)
    (INNER / "gate.log").touch()
    shutil.copyfile("/proc/cpuinfo", INNER / "cpuinfo")
    units = INNER / "etc/systemd/system"
    shutil.rmtree(units)
    shutil.copytree(ROOT / "systemd/system", units)
    (units / "wicket-gate.service.d").mkdir(exist_ok=True)
    (units / "wicket-gate.service.d/test.conf").write_text(DROP_IN)
    with (INNER / "etc/passwd").open("a") as file:
        file.write(f"wicket:x:{USER}:{USER}::/var/lib/wicket:/usr/sbin/nologin\n")
    with (INNER / "etc/group").open("a") as file:
        file.write(f"wicket:x:{USER}:\ngpio:x:{GPIO}:\n")
    settings = INNER / "etc/wicket/gate.toml"
    settings.parent.mkdir(mode=0o750)
    settings.write_text(CONFIG % "/var/lib/wicket/gate")
    os.chown(settings.parent, 0, USER)


def install_program() -> None:
    """Where the sandbox lets it be seen: it hides /root, /home and /tmp."""
    opt = INNER / "opt/wicket"
    python, libraries = Path(sys.executable).resolve(), ""
    parts = {"code": ROOT, "packages": Path(sysconfig.get_path("purelib"))}
    base = Path(sys.base_prefix)
    if base != Path("/usr"):
        parts["python"] = base
        python = Path("/opt/wicket/python") / python.relative_to(base)
        libraries = "LD_LIBRARY_PATH=/opt/wicket/python/lib "
    for name, source in parts.items():
        (opt / name).mkdir(parents=True)
        mount("--bind", source, opt / name)
    program = opt / "bin/wicket"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n{libraries}exec {python} -P -m wicket "$@"\n')
    program.chmod(0o755)


def hand_over(state: Path, chip: Path) -> None:
    """To the user and group that the unit names."""
    for path in (state.parent, state, *state.iterdir()):
        os.chown(path, USER, USER)
    os.chown(chip, 0, GPIO)
    chip.chmod(0o660)


def gate_process() -> int:
    """Its number while there is one."""
    until(lambda: PROCESSES.exists() and PROCESSES.read_text() != "", "no gate runs")
    return int(PROCESSES.read_text().split()[0])


def main() -> None:
    lay_out()
    install_program()
    fill(STATE, ticket(1), ticket(2))
    rig = GateRig(STATE, LOG)
    hand_over(STATE, rig.gpio.chip)
    systemd = subprocess.Popen(["unshare", *NAMESPACES, "sh", "-c", START])
    rig.until_started()

    rig.type(human_code(1))
    rig.until_latch(on=True)
    hung = gate_process()
    os.kill(hung, signal.SIGSTOP)
    rig.forget_log()
    rig.until_latch(on=False)
    until(lambda: not Path(f"/proc/{hung}").exists(), "the watchdog leaves a hung gate alone")
    rig.until_started()
    rig.type(human_code(1))
    rig.until_latch(on=True)
    rig.rotate()
    rig.until_latch(on=False)
    rig.agrees()

    rig.forget_log()
    os.kill(gate_process(), signal.SIGKILL)
    rig.until_started()
    rig.type(human_code(2))
    rig.until_latch(on=True)
    rig.rotate()
    rig.until_latch(on=False)
    rig.agrees()
    systemd.kill()


main()
