"""How far a job has been printed, on the disk before and after each slip."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from runtime.convert import Invalid, structure


@dataclass(frozen=True)
class Progress:
    """Of the job with this id so many slips are printed; `begun`: another one went to the printer,
    and nobody knows yet what came of it."""

    job: int = 0
    printed: int = 0
    begun: bool = False


class Journal:
    """One file, replaced as a whole: a desk prints one job at a time."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def read(self) -> Progress:
        """That of no job if there is no file, or none that makes sense. Raises OSError."""
        try:
            text = await asyncio.to_thread(self._file.read_text, "utf-8")
            return structure(json.loads(text), Progress)
        except (FileNotFoundError, ValueError, RecursionError, Invalid):
            return Progress()

    async def write(self, progress: Progress) -> None:
        """On the disk when this returns. Raises OSError."""
        await asyncio.to_thread(_replace, self._file, json.dumps(asdict(progress)))


def _replace(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(file.name + ".part")
    with unfinished.open("w", encoding="utf-8") as written:
        written.write(text)
        written.flush()
        os.fsync(written.fileno())
    unfinished.replace(file)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
