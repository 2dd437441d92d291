"""In the place of a database whose disk cannot be used at the start: the daemon lives without."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from runtime.database import DamagedFile, Database, DiskFault

T = TypeVar("T")

log = logging.getLogger("wicket.database")

AGAIN_S = 10.0
"""Between two looks whether the disk is back."""


class StandIn(Database):
    """Empty; takes nothing: every write is the `fault`. `watch` ends the daemon when the disk is
    back, so that it starts anew with what it knows."""

    def __init__(self, path: Path, schema: str, fault: DiskFault) -> None:
        super().__init__(path, schema)
        self.fault = fault

    async def __aenter__(self) -> Self:
        log.error("going on without a memory: %s", self.fault)
        self._reader = sqlite3.connect(":memory:")
        self._reader.executescript(self._schema)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._reader.close()

    def begin(self, work: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        refused: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        refused.set_exception(self.fault)
        return refused

    async def watch(self, check_after_s: float = AGAIN_S) -> None:
        while not await self._is_back():  # noqa: ASYNC110 - a disk tells nobody
            await asyncio.sleep(AGAIN_S)
        raise DiskFault(f"{self.path} can be opened again", "starting anew with it")

    async def check(self) -> None:
        """There is nothing to look through."""

    async def grow_log(self) -> None:
        """There is no log."""

    async def _is_back(self) -> bool:
        try:
            async with asyncio.timeout(AGAIN_S), Database(self.path, self._schema):
                return True
        except DamagedFile:  # a start sets it aside; not again and again
            return not isinstance(self.fault, DamagedFile)
        except (DiskFault, TimeoutError):
            return False
