"""A gate as a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.sample import Scanner, fill_ledger, lay_out_gate, scanner

ROOT = Path(__file__).parent.parent
PATIENCE_S = 20
FREE, RELEASED = b"[idle]", b"[welcome]"
"""What a lane's "log" display says; it greets the moment after the latch is on."""


@dataclass
class Daemon:
    """A gate that runs; its lanes ask for tickets."""

    process: Process
    scanners: list[Scanner]

    @property
    def pid(self) -> int:
        return self.process.pid

    async def admit(self, code: str) -> None:
        """Show it at the first lane; back when that greets."""
        async with asyncio.timeout(PATIENCE_S):
            self.scanners[0].scan(code)
            await self.said(RELEASED)

    async def said(self, word: bytes) -> None:
        """Return when the next line with `word` comes."""
        assert self.process.stderr is not None
        seen = []
        async for line in self.process.stderr:
            seen.append(line)
            if word in line:
                return
        raise RuntimeError(f"the gate has ended: {b''.join(seen).decode()}")


@asynccontextmanager
async def running(folder: Path, *, lanes: int = 1, tickets: int = 0) -> AsyncIterator[Daemon]:
    """Until the block ends. Fills a ledger if there is none."""
    with ExitStack() as stack:
        scanners = [stack.enter_context(scanner()) for _ in range(lanes)]
        config = lay_out_gate(folder, [held.port for held in scanners], display="log")
        if not (folder / "gate").exists():
            await fill_ledger(config, tickets)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "wicket", "gate", "--config", str(config)),
            cwd=ROOT,
            env=as_installed(folder.parent),
            stderr=PIPE,
        )
        try:
            daemon = Daemon(process, scanners)
            async with asyncio.timeout(PATIENCE_S):
                for _ in range(lanes):
                    await daemon.said(FREE)
            yield daemon
        finally:
            process.terminate()
            await process.communicate()


def as_installed(folder: Path) -> dict[str, str]:
    """The environment in which Python loads compiled modules, as after an installation; the
    uncounted first start compiles them into `folder`, outside the source tree."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment
