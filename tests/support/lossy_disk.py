"""A disk for crash tests: a FUSE file system that keeps what is written in memory until fsync.

`lossy_disk` runs it as a process of its own. What is in its folder `platter` is what a power cut
leaves. The kernel's page cache above it is the real one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BLOCK = 4096
LONGEST_HANG_S = 30.0
"""Not for ever: the kernel lets nobody end who waits for this disk."""


class Disk:
    """Speaks to the file system: a line there, a line back."""

    def __init__(self, folder: Path) -> None:
        self.platter = folder / "platter"
        self.mount = folder / "mount"
        for part in (self.platter, self.mount):
            part.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(self.platter), str(self.mount)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._heard("mounted")

    def fail_next_flush(self) -> None:
        """One EIO; what was to be flushed is lost, and nobody will be told again."""
        self._tell("eio")

    def hang(self) -> None:
        """No flush returns until all is well again."""
        self._tell("hang")

    def fill(self) -> None:
        self._tell("full")

    def turn_read_only(self) -> None:
        self._tell("readonly")

    def be_well(self) -> None:
        if self._is_on:
            self._tell("well")

    def flushes_waiting(self) -> int:
        return int(self._tell("waiting"))

    def cut(self, seed: int | None = None) -> None:
        """Power off, for good. With a seed some blocks in memory had made it, in no order."""
        if seed is not None:
            self._tell(f"torn {seed}")
        self._process.kill()
        self._process.communicate()

    def remove(self) -> None:
        if self._is_on:
            self.cut()
        subprocess.run(["umount", "-l", self.mount], check=True)

    @property
    def _is_on(self) -> bool:
        return self._process.returncode is None

    def _tell(self, word: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        return self._heard("ok")

    def _heard(self, wanted: str) -> str:
        assert self._process.stdout is not None
        word, _, more = self._process.stdout.readline().strip().partition(" ")
        if word != wanted:
            raise RuntimeError("no FUSE here: these tests need root and /dev/fuse")
        return more


@contextlib.contextmanager
def lossy_disk(folder: Path) -> Iterator[Disk]:
    disk = Disk(folder)
    try:
        yield disk
    finally:
        disk.remove()


@dataclass
class _File:
    """A file on the platter with the blocks that are in memory only."""

    path: Path
    content: bytearray
    dirty: set[int] = field(default_factory=set)

    def write(self, data: bytes, offset: int) -> None:
        end = offset + len(data)
        self._resize(max(end, len(self.content)))
        self.content[offset:end] = data
        self.dirty.update(range(offset // BLOCK, (end - 1) // BLOCK + 1))

    def truncate(self, length: int) -> None:
        self._resize(length)
        self.dirty.add(max(0, length - 1) // BLOCK)

    def flush(self, blocks: set[int]) -> None:
        with self.path.open("rb+") as platter:
            for block in blocks:
                place = block * BLOCK
                platter.seek(place)
                platter.write(self.content[place : place + BLOCK])
            platter.truncate(len(self.content))
        self.dirty -= blocks

    def lose(self) -> None:
        """As when a flush fails under Linux: its cache has the pages, clean; nobody else has."""
        stored = self.path.read_bytes()[: len(self.content)]
        self.content[:] = stored.ljust(len(self.content), b"\0")
        self.dirty.clear()

    def _resize(self, length: int) -> None:
        del self.content[length:]
        self.content.extend(bytes(length - len(self.content)))


def _operations(platter: Path) -> Any:
    from mfusepy import FuseOSError, Operations

    class Lossy(Operations):  # type: ignore[misc]
        def __init__(self) -> None:
            self.use_ns = True
            self.files: dict[str, _File] = {}
            self.faults: set[str] = set()
            self.free = threading.Event()
            self.free.set()
            self.guard = threading.RLock()
            self.hanging = 0

        def obey(self, word: str) -> str:
            with self.guard:
                match word.split():
                    case ["torn", seed]:
                        self._tear(random.Random(int(seed)))
                    case ["hang"]:
                        self.free.clear()
                    case ["well"]:
                        self.faults.clear()
                        self.free.set()
                    case ["waiting"]:
                        return str(self.hanging)
                    case [fault]:
                        self.faults.add(fault)
            return ""

        def _tear(self, dice: random.Random) -> None:
            for file in self.files.values():
                file.flush({block for block in file.dirty if dice.random() < 0.5})

        def _writing(self) -> None:
            if "readonly" in self.faults:
                raise FuseOSError(errno.EROFS)

        def _file(self, path: str) -> _File:
            if path not in self.files:
                where = platter / path[1:]
                if not where.is_file():
                    raise FuseOSError(errno.ENOENT)
                self.files[path] = _File(where, bytearray(where.read_bytes()))
            return self.files[path]

        def init(self, path: str) -> None:
            print("mounted", flush=True)

        def access(self, path: str, amode: int) -> int:
            if amode & os.W_OK:
                self._writing()
            return 0

        def statfs(self, path: str) -> dict[str, int]:
            left = 0 if "full" in self.faults else 1 << 20
            return {"f_bsize": BLOCK, "f_frsize": BLOCK, "f_blocks": 1 << 20, "f_bavail": left}

        def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
            with self.guard:
                where = platter / path[1:]
                if not where.exists():
                    raise FuseOSError(errno.ENOENT)
                found = where.stat()
                size = found.st_size if where.is_dir() else len(self._file(path).content)
                return {"st_mode": found.st_mode, "st_nlink": 1, "st_size": size}

        def readdir(self, path: str, fh: int) -> list[str]:
            return [".", "..", *(entry.name for entry in (platter / path[1:]).iterdir())]

        def open(self, path: str, flags: int) -> int:
            if flags & (os.O_WRONLY | os.O_RDWR):
                self._writing()
            return 0

        def create(self, path: str, mode: int, fi: Any = None) -> int:
            self._writing()
            (platter / path[1:]).touch(mode)
            return 0

        def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
            with self.guard:
                return bytes(self._file(path).content[offset : offset + size])

        def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
            self._writing()
            with self.guard:
                file = self._file(path)
                if "full" in self.faults and offset + len(data) > len(file.content):
                    raise FuseOSError(errno.ENOSPC)
                file.write(data, offset)
            return len(data)

        def truncate(self, path: str, length: int, fh: int | None = None) -> int:
            self._writing()
            with self.guard:
                self._file(path).truncate(length)
            return 0

        def fsync(self, path: str, datasync: int, fh: int) -> int:
            with self.guard:
                self.hanging += 1
            self.free.wait(LONGEST_HANG_S)
            with self.guard:
                self.hanging -= 1
                file = self._file(path)
                if "eio" in self.faults:
                    self.faults.discard("eio")
                    file.lose()
                    raise FuseOSError(errno.EIO)
                file.flush(set(file.dirty))
            return 0

        def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
            return 0

        def unlink(self, path: str) -> int:
            self._writing()
            with self.guard:
                self.files.pop(path, None)
                (platter / path[1:]).unlink()
            return 0

        def rename(self, old: str, new: str) -> int:
            self._writing()
            with self.guard:
                (platter / old[1:]).rename(platter / new[1:])
                self.files.pop(new, None)
                if old in self.files:
                    self.files[new] = self.files.pop(old)
                    self.files[new].path = platter / new[1:]
            return 0

    return Lossy()


def main(platter: str, mount: str) -> None:
    from mfusepy import FUSE

    disk = _operations(Path(platter))

    def obey() -> None:
        for line in sys.stdin:
            print("ok", disk.obey(line.strip()), flush=True)
        os._exit(0)

    threading.Thread(target=obey, daemon=True).start()
    FUSE(disk, mount, foreground=True, kernel_cache=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
