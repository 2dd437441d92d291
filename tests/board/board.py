"""A Linux board that is an ordinary process (User-Mode Linux): real kernel, root inside only.

Its / is the host's, read-only; /run is its own. It runs without any privilege: tests that are
root themselves start it as nobody, since root inside could make / writable with our rights.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
MEMORY_MB = 512
BOOT_AND_RUN_S = 400.0
NOBODY = 65534
NOT_NEEDED = (".git", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "playwright")
UP, STATUS = "board: up\n", "board: status "


@dataclass(frozen=True)
class Ran:
    """`status` is that of the command; None when the board died or took too long."""

    status: int | None
    output: str


@dataclass(frozen=True)
class Board:
    kernel: Path
    folder: Path
    """Its own folder on the host, which it may write to."""

    def disk(self, name: str, megabytes: int) -> Path:
        """An empty disk; keeps what a board wrote to it for the next one."""
        path = self.folder / name
        path.touch()
        os.truncate(path, megabytes << 20)
        path.chmod(0o666)
        return path

    def python(self, script: Path, *words: str, disks: Sequence[Path] = ()) -> Ran:
        """Run one of our scripts as root on a freshly booted board."""
        paths = f"PYTHONPATH={ROOT}:{ROOT / 'tests'}"
        return self.run("env", paths, sys.executable, str(script), *words, disks=disks)

    def run(
        self, *command: str, disks: Sequence[Path] = (), seconds: float = BOOT_AND_RUN_S
    ) -> Ran:
        """`disks` are /dev/ubda, /dev/ubdb … inside."""
        (self.folder / "command").write_text(shlex.join(command) + "\n")
        process = subprocess.Popen(
            [
                self.folder / "kernel",
                f"mem={MEMORY_MB}M",
                "root=/dev/root",
                "rootfstype=hostfs",
                "ro",
                "quiet",
                "con=null",
                "con0=null,fd:1",
                "dummy_hcd.num=4",
                f"init={self.folder / 'init'}",
                f"BOARD_JOB={self.folder}",
                *(f"ubd{letter}={disk}" for letter, disk in zip("abcd", disks, strict=False)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env={"HOME": str(self.folder), "TMPDIR": str(_memory_folder(self.folder))},
            start_new_session=True,
            **_ordinary_user(),
        )
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            output += f"\nboard: took more than {seconds:.0f} s\n".encode()
        return _read(output.decode(errors="replace").replace("\r", ""))


@contextmanager
def board(kernel: Path) -> Iterator[Board]:
    """A board that can be booted again and again."""
    # Not under TMPDIR or pytest's folder, which may be closed to others.
    folder = Path(tempfile.mkdtemp(prefix="board.", dir="/tmp"))
    try:
        folder.chmod(0o777)
        for source, name in ((kernel, "kernel"), (HERE / "init", "init")):
            shutil.copyfile(source, folder / name)
            (folder / name).chmod(0o755)
        covers = _copy_what_is_closed(folder / "copy")
        (folder / "covers").write_text("".join(f"{cover}\n" for cover in covers))
        yield Board(kernel, folder)
    finally:
        shutil.rmtree(folder)


def _read(output: str) -> Ran:
    _, up, told = output.rpartition(UP)
    told, ended, status = told.rpartition(STATUS)
    if not up or not ended:
        return Ran(None, output)
    return Ran(int(status.split()[0]), told)


def _ordinary_user() -> dict[str, Any]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}


def _memory_folder(folder: Path) -> Path:
    """Where the board's memory lives: a file that must be mapped executable."""
    shm = Path("/dev/shm")
    with suppress(OSError):
        room = os.statvfs(shm)
        if not room.f_flag & os.ST_NOEXEC and room.f_bavail * room.f_frsize > MEMORY_MB << 20:
            return shm
    return folder


def _copy_what_is_closed(copy: Path) -> list[Path]:
    """Copy what the board's user may not read of us; return what the copies have to cover."""
    copy.mkdir()
    library, base, prefix = Path(os.__file__).parent, Path(sys.base_prefix), Path(sys.prefix)
    looked_at = {ROOT: ROOT, library: base}
    if prefix != base:
        looked_at[prefix] = prefix
    closed = sorted({whole for part, whole in looked_at.items() if _is_closed(part)})
    if not closed:
        return []
    left_out = list(NOT_NEEDED)
    if base != prefix:
        left_out += [_inside_root(library / name) for name in ("test", "site-packages")]
    options = ["--mode=a+rX", *(f"--exclude={name}" for name in left_out)]
    pack = ["tar", "-C", "/", "-c", *options, *map(_inside_root, closed)]
    with subprocess.Popen(pack, stdout=subprocess.PIPE) as packing:
        subprocess.run(["tar", "-C", copy, "-x"], stdin=packing.stdout, check=True)
    assert packing.returncode == 0
    covers: list[Path] = []
    for path in map(_first_closed, closed):
        if not any(path.is_relative_to(cover) for cover in covers):
            covers.append(path)
    return covers


def _inside_root(path: Path) -> str:
    return str(path.relative_to("/"))


def _is_closed(folder: Path) -> bool:
    """The board's own user is asked, who may be we ourselves."""
    skipped = [word for name in NOT_NEEDED for word in ("-name", name, "-prune", "-o")]
    look = ["find", folder, *skipped, "!", "-type", "l", "!", "-readable", "-print", "-quit"]
    found = subprocess.run(look, check=False, capture_output=True, cwd="/", **_ordinary_user())
    return bool(found.returncode or found.stdout)


def _first_closed(path: Path) -> Path:
    """The highest folder above `path` that others may not enter, else `path` itself."""
    above = [folder for folder in reversed(path.parents) if not folder.stat().st_mode & 0o001]
    return above[0] if above else path
