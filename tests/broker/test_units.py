"""The shipped units under a real systemd of its own, in namespaces of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from support.access import CONFIG, authority, now
from support.broker import free_port
from support.bus import running
from support.listening import until

from runtime.mqtt import Bus, BusSettings
from runtime.tls import TlsSettings
from wicket.authority import Authority

SYSTEMD = Path(__file__).parents[2] / "systemd"
NAMESPACES = ("--pid", "--fork", "--mount", "--ipc", "--uts", "--kill-child")
CUT_WITHIN_S = 60
START = """
set -e
mkdir "$1/upper"
mount -t tmpfs tmpfs "$1/upper"
mkdir "$1/upper/layer" "$1/upper/work" "$1/root"
mount -t overlay overlay "$1/root" -o "lowerdir=/,upperdir=$1/upper/layer,workdir=$1/upper/work"
cd "$1/root"
rm -rf etc/systemd/system var/lib/mosquitto/*
cp -r "$1/units" etc/systemd/system
cp -r "$1/etc/." etc/mosquitto
chown -R mosquitto etc/mosquitto/wicket*
mkdir -p mnt
mount -t proc proc proc
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount --rbind /dev dev
mount --rbind /sys sys
pivot_root . mnt
exec env -i container=test /usr/sbin/chroot . /lib/systemd/systemd --system \\
    --unit=test.target --log-target=console --show-status=no
"""
"""$1: a folder with units/ and etc/, the latter for /etc/mosquitto."""


class Machine:
    """The broker's computer. `root`: its files, seen from outside."""

    def __init__(self, root: Path, settings: dict[str, BusSettings]) -> None:
        self.root = root
        self.of = settings

    @property
    def broker(self) -> int:
        """The process number, seen from outside."""
        systemd = int(self.root.parent.name)
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                own, _, rest = status.read_text().rpartition(") ")  # names may have blanks
            except OSError:
                continue
            number, _, name = own.partition(" (")
            if (name, int(rest.split()[1])) == ("mosquitto", systemd):
                return int(number)
        raise AssertionError("no broker")


@asynccontextmanager
async def machine(folder: Path, issuer: Authority) -> AsyncIterator[Machine]:
    port = free_port()
    lay_out(folder, issuer, port)
    log = (folder / "log").open("wb")
    process = await asyncio.create_subprocess_exec(
        "unshare", *NAMESPACES, "sh", "-c", START, "sh", str(folder), stdout=log, stderr=log
    )
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        await until(lambda: children.read_text() != "")
        root = Path(f"/proc/{children.read_text().strip()}/root")
        settings = {}
        for name in ("gate-1", "gate-2"):
            own = issuer.folder / name
            tls = TlsSettings(own / "ca.pem", own / "certificate.pem", own / "key.pem")
            settings[name] = BusSettings(port=port, tls=tls)
        yield Machine(root, settings)
    finally:
        process.kill()
        await process.wait()
        log.close()


def lay_out(folder: Path, issuer: Authority, port: int) -> None:
    """As the handbook says, on ports of the test's own."""
    shutil.copytree(SYSTEMD / "system", folder / "units")
    wants = "[Unit]\nWants=mosquitto.service mosquitto-crl.path\n"
    (folder / "units/test.target").write_text(wants)
    etc = folder / "etc"
    shutil.copytree(issuer.folder / "broker", etc / "wicket")
    shutil.copy(issuer.folder / "crl.pem", etc / "wicket")
    shutil.copy(CONFIG / "acl", etc / "wicket.acl")
    (etc / "wicket.passwd").touch()
    for name, mine, here in (
        ("mosquitto.conf", "listener 1883 127.0.0.1", f"listener {free_port()} 127.0.0.1"),
        ("mosquitto-tls.conf", "\nlistener 8883\n", f"\nlistener {port} 127.0.0.1\n"),
    ):
        (etc / "conf.d").mkdir(exist_ok=True)
        (etc / "conf.d" / name).write_text((CONFIG / name).read_text().replace(mine, here))


async def test_systemd_cuts_a_revoked_device_and_brings_a_spoiled_broker_back(
    tmp_path: Path,
) -> None:
    issuer = authority(tmp_path / "ca", "gate-1", "gate-2")
    async with machine(tmp_path, issuer) as computer:
        stolen, other = (Bus(computer.of[name], name) for name in ("gate-1", "gate-2"))
        async with running(stolen.run(), other.run()):
            await until(lambda: stolen.online and other.online)
            before = computer.broker
            issuer.revoke("gate-1", now())
            crl = computer.root / "etc/mosquitto/wicket/crl.pem"
            async with asyncio.timeout(CUT_WITHIN_S):
                crl.write_bytes((issuer.folder / "crl.pem").read_bytes())
                await until(lambda: not stolen.online and not other.online)
                await until(lambda: other.online)
            assert computer.broker != before

            database = computer.root / "var/lib/mosquitto/mosquitto.db"
            database.write_bytes(bytes(5000))
            os.kill(computer.broker, signal.SIGKILL)
            await until(lambda: not other.online)
            await until(lambda: other.online)
            assert database.with_suffix(".db.unreadable").stat().st_size == 5000
            assert not stolen.online
