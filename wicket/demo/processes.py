"""Processes that are started again when they end, as systemd would do it."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

log = logging.getLogger("wicket.demo")

AGAIN_S = 1.0
STOPPING_S = 10.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


@dataclass
class Kept:
    """One process: `run` keeps it alive until cancelled, then ends it by SIGTERM."""

    name: str
    command: list[str]
    log_file: Path
    changed: Callable[[], None] = lambda: None
    process: asyncio.subprocess.Process | None = field(default=None, init=False)
    wanted: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def __post_init__(self) -> None:
        self.wanted.set()

    @property
    def up(self) -> bool:
        return self.process is not None

    async def run(self) -> None:
        while True:
            await self.wanted.wait()
            await self._live()
            await asyncio.sleep(AGAIN_S)

    def kill(self) -> None:
        """kill -9: no goodbye, nothing flushed."""
        if self.process is not None:
            self.process.kill()

    async def _live(self) -> None:
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=_die_with_parent,
            )
        self.changed()
        try:
            code = await self.process.wait()
            log.info("%s ended (%d); starting it again", self.name, code)
        except asyncio.CancelledError:
            await self._stop(self.process)
            raise
        finally:
            self.process = None
            self.changed()

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(STOPPING_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


def _die_with_parent() -> None:
    """In the child: a demo that is killed leaves no orphans (prctl(2)); Ctrl-C is the parent's."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
