"""The state folder: writable, lasting, roomy, quick; the databases in it: whole."""

from __future__ import annotations

import os
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from runtime.convert import parse_time
from runtime.wire import decode
from wicket.doctor.finding import Examined, Finding, ok, warning, wrong

WRITE_AND_ENTER = 3
FLEETING = ("tmpfs", "ramfs", "overlay", "squashfs")
"""File systems that forget at a restart."""
SCARCE_BYTES, TOO_FEW_BYTES = 500_000_000, 50_000_000
FLUSHES = 5
SLOW_FLUSH_S = 0.020
"""A visitor waits for one flush; longer than this is felt at the barrier."""
MANY_WAITING = 1000

CURES = {
    "gate": "restart the gate: it sets the file aside and rescues what can be read; new card",
    "kiosk": "stop the kiosk and copy the folder; compare the terminal's receipts; new card",
    "central": "stop central, copy the folder, put the last backup back; new disk",
}
FILES = {"gate": "gate.db", "kiosk": "kiosk.db", "central": "central.sqlite"}
_WAITING = """
SELECT coalesce((SELECT max(number) FROM fact WHERE device = ?), 0)
     - coalesce((SELECT number FROM mark WHERE name = 'acknowledged'), 0)"""
_NEWEST = """
SELECT body FROM fact JOIN (SELECT device, max(number) AS number FROM fact GROUP BY device)
USING (device, number)"""
_NEWEST_AT_CENTRAL = "SELECT max(received_at) FROM feed"


@dataclass(frozen=True, slots=True)
class Mount:
    point: Path
    kind: str
    read_only: bool


def mount_of(path: Path, mountinfo: str) -> Mount:
    """The mount below which `path` lies, by the text of /proc/self/mountinfo."""
    best = Mount(Path("/"), "unknown", read_only=False)
    for line in mountinfo.splitlines():
        fields, _, rest = line.partition(" - ")
        words = fields.split()
        point = Path(words[4].encode().decode("unicode_escape"))
        if path.is_relative_to(point) and len(point.parts) >= len(best.point.parts):
            best = Mount(point, rest.split()[0], "ro" in words[5].split(","))
    return best


def state_folder(it: Examined) -> Iterator[Finding]:
    if it.settings is None:
        return
    folder = it.settings.state
    mount = mount_of(folder.resolve(), (it.root / "proc/self/mountinfo").read_text())
    if mount.read_only:
        yield wrong(f"{mount.point} is mounted read-only", "see dmesg: is the card dying?")
        return
    if not folder.is_dir():
        yield _missing(it, folder)
        return
    if not it.user.may(folder, WRITE_AND_ENTER):
        cure = f"sudo chown -R {it.user.name}: {folder}"
        yield wrong(f"{it.user.name} may not write into {folder}", cure)
    elif mount.kind in FLEETING:
        yield wrong(
            f"{folder} lies on {mount.kind}, which forgets everything at a restart",
            "set `state` to a folder on a real disk; switch the overlay file system off for it",
        )
    else:
        yield ok(f"{folder} on {mount.kind} at {mount.point}")


def _missing(it: Examined, folder: Path) -> Finding:
    above = next(parent for parent in folder.parents if parent.is_dir())
    if it.user.may(above, WRITE_AND_ENTER):
        return ok(f"{folder} is not there yet; it is made at the first start")
    cure = f"sudo install -d -o {it.user.name} -m 750 {folder}"
    return wrong(f"{folder} is not there and {it.user.name} may not make it", cure)


def room(it: Examined) -> Iterator[Finding]:
    if it.settings is None or not it.settings.state.is_dir():
        return
    yield judge_room(shutil.disk_usage(it.settings.state).free)


def judge_room(free: int) -> Finding:
    """`free`: bytes."""
    said = f"{free / 1e6:,.0f} MB free"
    cure = "delete what is not needed: journalctl --vacuum-size=100M, apt clean"
    if free < TOO_FEW_BYTES:
        return wrong(said, cure)
    return warning(said, cure) if free < SCARCE_BYTES else ok(said)


def flush_time(it: Examined) -> Iterator[Finding]:
    """Of a file without a name, which nobody sees and which is gone afterwards."""
    if it.settings is None or not it.settings.state.is_dir():
        return
    try:
        took = _flush(it.settings.state)
    except OSError as error:
        yield wrong(
            f"nothing can be written to {it.settings.state}: {error.strerror}",
            "run this as the daemon's user; else see dmesg: disk full, read-only or dying?",
        )
        return
    yield judge_flush(took)


def judge_flush(took: float) -> Finding:
    """`took`: seconds."""
    said = f"a flush takes {took * 1000:.1f} ms (median of {FLUSHES})"
    if took > SLOW_FLUSH_S:
        return warning(said, "visitors wait so long; use a card of class A2, an SSD or eMMC")
    return ok(said)


def _flush(folder: Path) -> float:
    """Seconds."""
    times = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(FLUSHES):
            file.write(bytes(4096))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def _database(it: Examined) -> Path | None:
    own = getattr(it.settings, "database", None)
    if it.settings is None or own or it.daemon not in FILES:
        return None
    path: Path = it.settings.state / FILES[it.daemon]
    return path if path.exists() else None


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)


def database(it: Examined) -> Iterator[Finding]:
    path = _database(it)
    if path is None:
        return
    try:
        with closing(_open(path)) as file:
            said = [row[0] for row in file.execute("PRAGMA quick_check(3)")]
    except sqlite3.Error as error:
        said = [str(error)]
    if said == ["ok"]:
        yield ok(f"{path} is whole ({path.stat().st_size / 1e6:,.1f} MB)")
    else:
        yield wrong(f"{path}: {'; '.join(said)}", CURES[it.daemon])
    if aside := sorted(path.parent.glob(f"{path.name}.corrupt-*Z")):
        cure = "replace the card; delete it when central has all its facts"
        yield warning(f"a damaged database was set aside as {aside[-1].name}", cure)


def outbox(it: Examined) -> Iterator[Finding]:
    """Facts that central has not acknowledged."""
    path = _database(it)
    if path is None or it.daemon == "central":
        return
    try:
        with closing(_open(path)) as file:
            waiting = file.execute(_WAITING, (it.settings.device,)).fetchone()[0]
    except sqlite3.Error:
        return  # the check of the database says what is wrong
    said = f"{waiting} facts wait for central"
    if waiting > MANY_WAITING:
        yield warning(said, "nothing is lost, but is the broker reachable, does central run?")
    else:
        yield ok(said)


def newest_fact(it: Examined) -> datetime | None:
    """The time of the last thing that is on record."""
    path = _database(it)
    if path is None:
        return None
    try:
        with closing(_open(path)) as file:
            if it.daemon == "central":
                told = file.execute(_NEWEST_AT_CENTRAL).fetchone()[0]
                return datetime.fromisoformat(told).replace(tzinfo=UTC) if told else None
            bodies = [decode(body.encode()) for (body,) in file.execute(_NEWEST)]
        return max((parse_time(body["at"]) for body in bodies), default=None)
    except (sqlite3.Error, ValueError, KeyError, TypeError):
        return None  # the check of the database says what is wrong
