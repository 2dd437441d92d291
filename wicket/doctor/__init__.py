"""`wicket doctor`: looks a machine over as a technician would. Changes nothing."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Callable, Iterator
from pathlib import Path

from runtime.settings import BadSettings
from wicket.daemons import DAEMONS
from wicket.doctor.clock import clock
from wicket.doctor.devices import device_nodes, gpio, pcscd
from wicket.doctor.finding import Examined, Finding, Level, User, ok, warning, wrong
from wicket.doctor.machine import power, temperature, unit, versions, wear
from wicket.doctor.network import broker, central
from wicket.doctor.storage import database, flush_time, outbox, room, state_folder

SERVICE_USER = "wicket"
UNIT_GROUPS = {
    "gate": ("gpio", "input", "dialout"),
    "kiosk": ("input", "dialout", "video", "render", "audio", "lp"),
    "desk": ("input", "dialout", "lp"),
    "central": (),
}
"""SupplementaryGroups of the units in systemd/."""

CHECKS: dict[str, Callable[[Examined], Iterator[Finding]]] = {
    "devices": device_nodes,
    "gpio": gpio,
    "cards": pcscd,
    "state": state_folder,
    "room": room,
    "flush": flush_time,
    "database": database,
    "outbox": outbox,
    "clock": clock,
    "broker": broker,
    "central": central,
    "power": power,
    "heat": temperature,
    "flash": wear,
    "unit": unit,
    "versions": versions,
}
"""Each says nothing where there is nothing to say."""


def examine(
    daemon: str, config: Path | None, root: Path = Path("/")
) -> Iterator[tuple[str, Finding]]:
    """(check, finding), as they are found. Without a daemon only the machine is looked at."""
    settings = None
    if config is not None:
        try:
            settings = DAEMONS[daemon].load(config)
        except BadSettings as bad:
            for problem in bad.problems:
                yield "configuration", wrong(problem, f"mend {config}")
        else:
            yield "configuration", _configuration(config)
    it = Examined(_user(daemon), daemon, config, settings, root)
    for name, check in CHECKS.items():
        for finding in check(it):
            yield name, finding


def _configuration(config: Path) -> Finding:
    if config.stat().st_mode & 0o004:
        return warning(f"{config} is good, but everybody may read the token", f"chmod 640 {config}")
    return ok(f"{config} is good")


def _user(daemon: str) -> User:
    """Whoever runs this; for root the user of the unit, if there is one, for root may all."""
    uid = os.geteuid()
    try:
        me = pwd.getpwnam(SERVICE_USER) if uid == 0 and daemon else pwd.getpwuid(uid)
    except KeyError:
        return User(str(uid), uid, frozenset({os.getegid(), *os.getgroups()}))
    if me.pw_uid == uid:
        return User(me.pw_name, uid, frozenset({os.getegid(), *os.getgroups()}))
    ours = {group.gr_gid for group in grp.getgrall() if group.gr_name in UNIT_GROUPS[daemon]}
    return User(me.pw_name, me.pw_uid, frozenset({*os.getgrouplist(me.pw_name, me.pw_gid), *ours}))


def line(name: str, finding: Finding) -> str:
    """`warning  clock  … -> what to do`"""
    cure = f" -> {finding.cure}" if finding.cure else ""
    return f"{finding.level.value:8} {name:14} {finding.what}{cure}"


__all__ = ["CHECKS", "Level", "examine", "line"]
