"""The database as a command uses it, beside central or without it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Engine

from central.store.database import Work, faults_of, make_engine
from central.store.revisions import newest, revision_of
from runtime.settings import BadSettings

T = TypeVar("T")


class Beside:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def read(self, work: Work[T]) -> T:
        with self._engine.begin() as connection:
            return work(connection)

    def write(self, work: Work[T]) -> T:
        """One transaction, on the disk when this returns."""
        with self._engine.execution_options(wicket_writes=True).begin() as connection:
            return work(connection)


@contextmanager
def beside(url: str) -> Iterator[Beside]:
    """The database that central has set up. Raises BadSettings if it is of another version, and
    DatabaseDown, in the block too."""
    engine = make_engine(url)
    try:
        with faults_of(engine):
            if revision_of(engine) != newest():
                raise BadSettings(["the database is of another version; start central first"])
            yield Beside(engine)
    finally:
        engine.dispose()
