"""A database of another program, which may be at work: only to be read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from runtime.database import Database
from runtime.disk import DiskFault


class DatabaseBeside(Database):
    """Nothing is written, not even the mark that a damaged file gets. Entering it raises DiskFault
    if there is none."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "")

    def _open(self) -> None:
        if not self.path.exists():
            raise DiskFault(f"{self.path}: no such file", "was its daemon ever started?")
        with self._faults():
            address = f"file:{quote(str(self.path.absolute()))}?mode=ro"
            reader = sqlite3.connect(address, uri=True, check_same_thread=False)
            self._reader = self._parts.enter_context(closing(reader))
            self._reader.execute("SELECT * FROM sqlite_master").fetchall()

    def _close(self) -> None:
        self._parts.close()

    def _note(self, fault: BaseException | None) -> None:
        pass
