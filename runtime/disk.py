"""What can be wrong with a disk, said in words, and the thread that waits for one."""

from __future__ import annotations

import os
import sqlite3
import struct
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote

P = ParamSpec("P")
T = TypeVar("T")


class DiskFault(Exception):
    """The disk did not take or give what it should. `hint` tells the operator what to do."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(f"{problem}; {hint}")
        self.problem, self.hint = problem, hint


class DamagedFile(DiskFault):
    """What the file holds makes no sense. Only a new start helps, which sets it aside."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path} is damaged: {problem}", "it must be set aside; replace the card")


_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_REFUSED = {
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
}
_TAKEN = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_START_BYTES = 65536
_LOG_HEADER = struct.Struct(">8I")
_FRAME_HEADER = struct.Struct(">4I8x")
_INDEX_HEADER = struct.Struct("=16sI")
"""SQLite's write-ahead log (sqlite.org/walformat.html). The log's header: magic number, version,
page size, checkpoints, two salts, two checksums; a frame's: page, pages in the file after a commit
or 0, the salts again; the index's: the frames that were read, after 16 bytes."""
_LOG_MAGIC = {0x377F0682: "<6I", 0x377F0683: ">6I"}
"""The number that a log begins with: how its checksums read the header."""


def fault_of(error: sqlite3.Error | OSError, path: Path) -> DiskFault | None:
    """The fault behind an error of the database `path`; None when no disk is to blame."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _DAMAGED or "decode to UTF-8" in str(error):  # Python's own error, without a code
        return DamagedFile(path, str(error))
    if code in _TAKEN:
        return held(path)
    if code not in _REFUSED and not isinstance(error, OSError):
        return None
    if code == sqlite3.SQLITE_FULL or _is_full(path.parent):
        return DiskFault(f"{path}: the disk is full", "free space on it")
    if code == sqlite3.SQLITE_READONLY or not os.access(path.parent, os.W_OK):
        hint = "look who owns its folder; if the disk went read-only by itself, replace the card"
        return DiskFault(f"{path} cannot be written", hint)
    return DiskFault(f"{path}: {error}", "the disk fails: replace the card")


def held(path: Path) -> DiskFault:
    return DiskFault(f"{path} is held by another program", "end that program")


def sign_of_damage(path: Path) -> str | None:
    """What is wrong with the file or its log that SQLite would pass over in silence."""
    wal = beside(path, "-wal")
    if beside(path, "-damaged").exists():
        return "found while it was in use"
    if is_empty(wal):
        return None
    if is_empty(path):
        return "empty, but its log is not"
    with wal.open("rb") as file:
        start = file.read(_START_BYTES)
    return "its log begins with garbage" if any(start) and not _is_log_header(start) else None


def commits_behind_break(path: Path) -> int:
    """How many transactions stand in the log behind the place where SQLite stopped reading it: a
    power cut leaves one at most, for each is flushed before the next begins. Call it while the
    database is closed, after it was read: closing the file takes SQLite's locks away."""
    wal = beside(path, "-wal")
    with wal.open("rb") as file, beside(path, "-shm").open("rb") as index:
        _, _, page, _, *salts, _, _ = _LOG_HEADER.unpack(file.read(_LOG_HEADER.size))
        _, read = _INDEX_HEADER.unpack(index.read(_INDEX_HEADER.size))
        step = _FRAME_HEADER.size + page
        places = range(_LOG_HEADER.size + read * step, wal.stat().st_size - step + 1, step)
        heads = (os.pread(file.fileno(), _FRAME_HEADER.size, place) for place in places)
        frames = (_FRAME_HEADER.unpack(head) for head in heads)
        return sum(pages > 0 and [one, two] == salts for _, pages, one, two in frames)


def is_empty(file: Path) -> bool:
    """Or not there at all."""
    return not file.exists() or file.stat().st_size == 0


def beside(path: Path, suffix: str) -> Path:
    """A companion of the database: "-wal", "-shm" are SQLite's own."""
    return path.with_name(path.name + suffix)


def read_only(path: Path) -> sqlite3.Connection:
    """May be used and closed in any thread; leaves a log that it finds."""
    name = f"file:{quote(str(path.absolute()))}?mode=ro"
    return sqlite3.connect(name, uri=True, check_same_thread=False)


def forget_cached(fd: int) -> None:
    """Make the next read ask the disk. What is not written back yet stays in memory."""
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)


def flush(file: Path) -> None:
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())


def _is_log_header(start: bytes) -> bool:
    if len(start) < _LOG_HEADER.size:
        return False
    magic, *_, first, second = _LOG_HEADER.unpack_from(start)
    if magic not in _LOG_MAGIC:
        return False
    words = struct.unpack(_LOG_MAGIC[magic], start[:24])
    one = two = 0
    for left, right in zip(words[::2], words[1::2], strict=True):
        one = (one + left + two) & 0xFFFFFFFF
        two = (two + right + one) & 0xFFFFFFFF
    return (one, two) == (first, second)


def _is_full(folder: Path) -> bool:
    with suppress(OSError):
        return os.statvfs(folder).f_bavail == 0
    return False


class DiskThread(Executor):
    """One thread, one job after the other. Unlike the thread of a ThreadPoolExecutor it does not
    keep a process from ending while a disk hangs."""

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._ends = False
        Thread(target=self._work, name=name, daemon=True).start()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """A job that comes after `shutdown` is cancelled at once."""
        future: Future[T] = Future()
        if self._ends:
            future.cancel()
            return future
        self._jobs.put((future, partial(fn, *args, **kwargs)))
        return future

    def shutdown(self, wait: bool = False, *, cancel_futures: bool = False) -> None:
        """End after the jobs that are handed in. Never waits."""
        self._ends = True
        self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, call = job
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as error:
                    future.set_exception(error)
            del job, future, call
