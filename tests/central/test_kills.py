"""kill -9 of central and of its database while buyers buy; `python -m bench.kills` does it hundreds
of times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.central_kills import EARLY, central_kills
from support.postgres import Postgres, postgres


@pytest.fixture
def durable_server() -> Iterator[Postgres]:
    """PostgreSQL as it is shipped: a commit is on the disk."""
    with postgres(settings=()) as server:
        yield server


async def test_nothing_that_was_told_is_lost_or_doubled_by_a_kill(tmp_path: Path) -> None:
    outcome = await central_kills(tmp_path, f"sqlite:///{tmp_path}/central.sqlite", 3)
    assert (outcome.verdict.findings, outcome.faults) == ([], [])
    assert outcome.told.answers > 50


async def test_with_two_workers_on_postgresql_the_database_may_crash_too(
    tmp_path: Path, durable_server: Postgres
) -> None:
    what = ("worker", "backend", "server")
    url = durable_server.fresh()
    outcome = await central_kills(tmp_path, url, len(what), server=durable_server, what=what)
    assert (outcome.verdict.findings, outcome.faults) == ([], [])
    assert outcome.told.answers > 50


async def test_a_central_that_answers_before_the_commit_is_caught(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/central.sqlite"
    outcome = await central_kills(tmp_path, url, 3, program=EARLY, what=("worker",))
    assert outcome.verdict.findings
