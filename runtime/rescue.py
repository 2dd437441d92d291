"""A damaged database: it is set aside, and the facts in it that can be read go into a new file.

Two ways find them: SQL from either end of the table up to the damage, and a look for JSON that is
a fact anywhere in the bytes of the file and its log. A fact of a write that failed may be among
them: better a fact too many than one too few.
"""

from __future__ import annotations

import asyncio
import json
import logging
import mmap
import os
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager, suppress
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Self

from admission.facts import Fact
from runtime.convert import Invalid
from runtime.database import DamagedFile, Database, DiskFault
from runtime.disk import beside, fault_of, is_empty, read_only
from runtime.outbox import Fold, insert
from runtime.stand_in import StandIn
from runtime.wire import decode, fact_from_data

log = logging.getLogger("wicket.database")

OPEN_WITHIN_S = 10.0
KEPT = 3
"""How many damaged files are kept, the newest: they must not fill the card."""
LONGEST_BODY = 8192
_BODY = re.compile(rb'\{"device": "')
"""How every body begins that runtime/outbox.py stores."""
_COMPANIONS = ("-wal", "-shm", "-damaged")


@asynccontextmanager
async def opened(
    path: Path, schema: str, fold: Fold = lambda connection, fact: None
) -> AsyncIterator[Database]:
    """The database at `path`. Is it damaged, then a new one: with the facts that could be rescued,
    in order, and what `fold` makes of them; all else is empty. Where the disk lets no file be
    opened: a StandIn."""
    async with AsyncExitStack() as stack:
        try:
            database = await _open(stack, path, schema, fold)
        except DiskFault as fault:
            database = await stack.enter_async_context(StandIn(path, schema, fault))
        yield database


async def _open(stack: AsyncExitStack, path: Path, schema: str, fold: Fold) -> Database:
    try:
        await asyncio.to_thread(_finish, path)
        return await stack.enter_async_context(_InTime(path, schema))
    except DamagedFile as damage:
        await asyncio.to_thread(_replace, path, schema, fold, damage)
        return await stack.enter_async_context(_InTime(path, schema))


class _InTime(Database):
    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(OPEN_WITHIN_S):
                return await super().__aenter__()
        except TimeoutError as error:
            raise DiskFault(f"{self.path}: no answer from the disk", "replace the card") from error


def _replace(path: Path, schema: str, fold: Fold, damage: DamagedFile) -> None:
    new = beside(path, "-rescued")
    with _faults(path):
        for left in (new, beside(new, "-journal")):
            left.unlink(missing_ok=True)
        rescued = _rescue(path, new, schema, fold)
        _flush_folder(path)
        aside = _set_aside(path)
    _finish(path)
    log.error(
        "%s; set aside as %s; %d facts rescued from it, the rest comes from central",
        damage.problem,
        aside.name,
        rescued,
    )


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise fault_of(error, path) or error from error


def _set_aside(path: Path) -> Path:
    """The file first: as long as it stands in its place the rescue is not complete."""
    aside = beside(path, f".corrupt-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    if path.exists():
        path.replace(aside)
    for suffix in _COMPANIONS:
        with suppress(FileNotFoundError):
            beside(path, suffix).replace(beside(aside, suffix))
    olds = sorted(path.parent.glob(f"{path.name}.corrupt-*Z"), reverse=True)
    for old in olds[KEPT:]:
        for file in (old, *(beside(old, suffix) for suffix in _COMPANIONS)):
            file.unlink(missing_ok=True)
    return aside


def _finish(path: Path) -> None:
    """Put the complete rescued file into its place, also after a power cut just before."""
    new = beside(path, "-rescued")
    with _faults(path):
        if new.exists() and not path.exists():
            _set_aside(path)
            new.replace(path)
            _flush_folder(path)


def _rescue(damaged: Path, new: Path, schema: str, fold: Fold) -> int:
    """Fill `new`; the number of facts in it."""
    with closing(sqlite3.connect(new, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(schema)
        connection.execute("BEGIN")
        insert(connection, _readable_facts(damaged))
        bodies = connection.execute("SELECT body FROM fact ORDER BY device, number").fetchall()
        for (body,) in bodies:
            fold(connection, fact_from_data(json.loads(body)))
        connection.execute("COMMIT")
        return len(bodies)


def _readable_facts(damaged: Path) -> Iterator[Fact]:
    carved = chain(_carve(damaged), _carve(beside(damaged, "-wal")))
    for data in chain(_select(damaged), carved):
        with suppress(Invalid):
            yield fact_from_data(data)


def _select(damaged: Path) -> Iterator[Any]:
    """The stored facts from either end of the table, up to what cannot be read."""
    if is_empty(damaged):  # SQLite would throw its log away, even when it may only read
        return
    for order in ("ASC", "DESC"):
        with (
            suppress(sqlite3.Error),
            closing(read_only(damaged)) as connection,
        ):
            connection.text_factory = bytes
            sql = f"SELECT body FROM fact ORDER BY device {order}, number {order}"  # noqa: S608
            for (body,) in connection.execute(sql):
                if not isinstance(body, bytes):
                    continue
                with suppress(Invalid):
                    yield decode(body)
            return


def _carve(file: Path) -> Iterator[Any]:
    """Every JSON object in the bytes of a file that begins like a fact."""
    if is_empty(file):
        return
    with (
        file.open("rb") as opened_file,
        mmap.mmap(opened_file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        decoder = json.JSONDecoder()
        for found in _BODY.finditer(content):
            text = content[found.start() : found.start() + LONGEST_BODY].decode("ascii", "replace")
            with suppress(ValueError, RecursionError):
                yield decoder.raw_decode(text)[0]


def _flush_folder(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
