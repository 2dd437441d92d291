"""The outbox on a disk that fails now and then: what it says is stored is, under that number."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st
from support.samples import NOON

from admission.facts import Admitted, Fact
from runtime import outbox
from runtime.database import Database, DiskFault
from runtime.outbox import Outbox

T = TypeVar("T")

DEVICE = "gate-1"


class Shaky(Database):
    """A disk whose flushes fail as `failing` says, one after the other; then no more."""

    failing: list[bool]

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def and_fail(connection: sqlite3.Connection) -> T:
            work(connection)
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error

        fails = bool(self.failing) and self.failing.pop(0)
        return super()._transact(and_fail if fails else work)


def admitted(ticket: int) -> Admitted:
    return Admitted(ticket, "museum", "North", 1)


BURSTS = st.lists(st.tuples(st.integers(1, 4), st.booleans(), st.booleans()), max_size=8)
"""How many come at once, whether one of them does not wait, whether the next burst does."""


@settings(max_examples=60, deadline=None)
@given(bursts=BURSTS, failing=st.lists(st.booleans(), max_size=8))
def test_what_is_told_is_stored_under_its_number_and_nothing_else_is(
    bursts: list[tuple[int, bool, bool]], failing: list[bool]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_tell_in_bursts(Path(folder) / "gate.db", bursts, list(failing)))


async def _tell_in_bursts(
    path: Path, bursts: list[tuple[int, bool, bool]], failing: list[bool]
) -> None:
    heard: list[Fact] = []
    telling: list[asyncio.Task[Fact]] = []
    async with Shaky(path, outbox.SCHEMA) as database:
        database.failing = failing
        box = Outbox(database, DEVICE, heard.append)
        for size, impatient, patient in bursts:
            burst = [
                asyncio.create_task(box.tell(admitted(len(telling) + n), NOON)) for n in range(size)
            ]
            telling += burst
            await asyncio.sleep(0)
            if impatient:
                burst[-1].cancel()
            if patient:
                await asyncio.wait(burst)
        outcomes = await asyncio.gather(*telling, return_exceptions=True)
        failing.clear()
        await database.write(lambda connection: None)  # what was under way has failed by now
        last = await box.tell(admitted(10_000), NOON)
        stored = box.after(0, 1000)
        assert [fact.number for fact in stored] == list(range(1, last.number + 1))
        assert [fact for fact in outcomes if isinstance(fact, Fact)] == [
            fact for fact in stored[:-1] if isinstance(outcomes[fact.ticket or 0], Fact)
        ]
        for ticket, outcome in enumerate(outcomes):
            if isinstance(outcome, DiskFault):
                assert ticket not in {fact.ticket for fact in stored}
                assert not box.pending(ticket)
        assert heard == stored
    async with Database(path, outbox.SCHEMA) as database:
        assert Outbox(database, DEVICE).after(0, 1000) == stored
