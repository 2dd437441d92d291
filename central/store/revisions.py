"""The revision of the schema that a database has, and the way to the newest one (Alembic)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from central.store.engine import one_at_a_time
from runtime.settings import BadSettings

EMPTY = "(empty)"


def migrate(engine: Engine, to: str = "head") -> None:
    """Bring the schema to the newest revision, or up `to` one, all or nothing; of several workers
    that start at once one does it. Raises BadSettings when the database is that of a newer
    wicket."""
    config = _config()
    with (
        engine.execution_options(wicket_writes=True).connect() as connection,
        _rebuilding(connection),
        connection.begin(),
    ):
        one_at_a_time(connection)
        check_known(revision(connection), f"database {engine.url!r}")
        config.attributes["connection"] = connection
        command.upgrade(config, to)


def revision(connection: Connection) -> str:
    """That of the database; EMPTY when it has none."""
    return MigrationContext.configure(connection).get_current_revision() or EMPTY


def revision_of(engine: Engine) -> str:
    """The same; a database that is not there is not made by asking."""
    file = engine.url.database
    if engine.dialect.name == "sqlite" and not (file and Path(file).exists()):
        return EMPTY
    with engine.connect() as connection:
        found = revision(connection)
    check_known(found, f"database {engine.url!r}")
    return found


def newest() -> str:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def check_known(found: str, what: str) -> None:
    """Raise BadSettings if no revision of this wicket is called so."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    if found != EMPTY and found not in {script.revision for script in scripts}:
        raise BadSettings(
            [f"{what}: revision {found} is unknown here; install the newer wicket that made it"]
        )


@contextmanager
def _rebuilding(connection: Connection) -> Iterator[None]:
    """SQLite changes a column by making the table anew; rows that refer to it do not mind here."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _config() -> Config:
    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config
