"""A disk whose every write is logged by the kernel (dm-log-writes), and the crashes it could have.

The log's format: https://docs.kernel.org/admin-guide/device-mapper/log-writes.html and
drivers/md/dm-log-writes.c. A flush makes all that was written before it durable; of later writes
any may be on the disk or not when the power goes, in any order, so each is drawn by lot.
"""

from __future__ import annotations

import fcntl
import os
import random
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SECTOR = 512
_MAGIC = 0x6A736677736872
_SUPER = struct.Struct("<QQQI")
_ENTRY = struct.Struct("<QQQQ")
_FLUSH, _FUA, _DISCARD, _MARK = 1, 2, 4, 8
_NAME = "logged"
_MESSAGE = 0xC138FD0E
"""DM_TARGET_MSG; <linux/dm-ioctl.h>. Starting dmsetup for each mark would be slow."""
_IOCTL_HEAD = struct.Struct("3I I I I i I I I Q 128s 129s 7s")


class LoggedDisk:
    """`data`, with every write to it logged on `log`. Leave it as it is: that is a power cut."""

    def __init__(self, data: Path, log: Path) -> None:
        sectors = _run("blockdev", "--getsz", data).strip()
        table = f"0 {sectors} log-writes {data} {log}"
        _run("dmsetup", "create", "--noudevsync", "--noudevrules", _NAME, "--table", table)
        self.device = Path("/dev/mapper") / _NAME
        if not self.device.exists():
            self.device = Path("/dev/dm-0")
        self._control = os.open("/dev/mapper/control", os.O_RDWR)

    def mount(self, folder: Path) -> None:
        lazy = "nodiscard,lazy_itable_init=0,lazy_journal_init=0"
        _run("mkfs.ext4", "-q", "-F", "-E", lazy, self.device)
        folder.mkdir(parents=True)
        _run("mount", "-t", "ext4", self.device, folder)

    def mark(self, text: str) -> None:
        """Put one word into the log, behind all that was written before this call."""
        message = struct.pack("Q", 0) + f"mark {text}".encode() + b"\0"
        size = _IOCTL_HEAD.size + len(message)
        name = _NAME.encode()
        head = _IOCTL_HEAD.pack(4, 0, 0, size, 312, 0, 0, 0, 0, 0, 0, name, b"", b"")
        fcntl.ioctl(self._control, _MESSAGE, bytearray(head + message))


def _run(*words: str | Path) -> str:
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout


@dataclass(frozen=True)
class Entry:
    """One write, or a mark."""

    offset: int
    flags: int
    data: bytes

    @property
    def mark(self) -> str | None:
        return self.data.rstrip(b"\0").decode() if self.flags & _MARK else None


def read_log(log: Path) -> list[Entry]:
    with log.open("rb") as file:
        magic, version, count, sector = _SUPER.unpack(file.read(_SUPER.size))
        assert (magic, version, sector) == (_MAGIC, 1, SECTOR)
        file.seek(SECTOR)
        return [_read_entry(file) for _ in range(count)]


def _read_entry(file) -> Entry:  # type: ignore[no-untyped-def]
    head = file.read(SECTOR)
    sector, sectors, flags, length = _ENTRY.unpack_from(head)
    if flags & _MARK:
        return Entry(0, flags, head[_ENTRY.size : _ENTRY.size + length])
    data = b"" if flags & _DISCARD else file.read(sectors * SECTOR)
    return Entry(sector * SECTOR, flags, data)


@dataclass(frozen=True)
class Crash:
    """The disk as it may be after a power cut; `marks` were logged before the cut.

    `disk` is good until the next crash is asked for.
    """

    at: int
    disk: bytearray
    marks: list[str]


def crashes(log: Path, size: int, first_mark: str, number: int) -> Iterator[Crash]:
    """`number` crashes of a disk of `size` bytes, all after `first_mark`, in order; fewer if the
    log is shorter than that."""
    entries = read_log(log)
    start = next(i for i, entry in enumerate(entries) if entry.mark == first_mark)
    lots = random.Random(7)
    durable, disk, done = bytearray(size), bytearray(size), 0
    moments = range(start + 1, len(entries))
    for at in sorted(lots.sample(moments, min(number, len(moments)))):
        flushed = max((i for i in range(done, at) if entries[i].flags & _FLUSH), default=done)
        for entry in entries[done:flushed]:
            _write(durable, entry)
        done = flushed
        disk[:] = durable
        for entry in entries[done:at]:
            if entry.flags & _FUA or lots.random() < 0.5:
                _write(disk, entry)
        marks = [entry.mark for entry in entries[start:at] if entry.mark is not None]
        yield Crash(at, disk, marks)


def _write(disk: bytearray, entry: Entry) -> None:
    if not entry.flags & _MARK:
        disk[entry.offset : entry.offset + len(entry.data)] = entry.data


@contextmanager
def after_power_came_back(crash: Crash, spare: Path, folder: Path) -> Iterator[Path]:
    """The file system of `crash`, on the disk `spare`, as the kernel mends it when mounting."""
    with spare.open("r+b") as disk:
        disk.write(crash.disk)
    folder.mkdir(parents=True, exist_ok=True)
    _run("mount", "-t", "ext4", spare, folder)
    try:
        yield folder
    finally:
        _run("umount", folder)
