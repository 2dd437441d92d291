"""A real PostgreSQL of Debian, on a Unix socket in a folder of its own, as long as a block runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from signal import SIGINT
from typing import Any

from sqlalchemy import URL, create_engine

from central.database import make_engine, migrate

PROGRAMS = max(
    Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), default=None
)
HASTY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""Nobody pulls the plug of the computer that tests."""
SETTINGS = ("listen_addresses=", "max_connections=200", "shared_buffers=32MB", *HASTY)
_TEMPLATE = "migrated"


class Postgres:
    """One server; each test has databases of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count(1)
        self._engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")

    def url(self, name: str) -> str:
        """The SQLAlchemy URL of a database."""
        query = {"host": str(self.folder)}
        url = URL.create("postgresql+psycopg", username="wicket", database=name, query=query)
        return url.render_as_string()

    def fresh(self, template: str = _TEMPLATE) -> str:
        """The URL of a new database with empty tables; of an empty one with `template0`."""
        name = f"test_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows that a statement of the server's administrator gives, if any."""
        with self._engine.connect() as connection:
            result = connection.exec_driver_sql(statement)
            return [tuple(row) for row in result] if result.returns_rows else []

    def cut(self, url: str) -> int:
        """End every connection to the database, as a restart of the server would; how many."""
        name = url.partition("?")[0].rpartition("/")[2]
        gone = self.run(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        return len(gone)

    def prepare(self) -> None:
        self.run(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
        engine = make_engine(self.url(_TEMPLATE))
        migrate(engine)
        engine.dispose()

    def close(self) -> None:
        self._engine.dispose()


@contextmanager
def postgres() -> Iterator[Postgres]:
    """The server, started and stopped. PostgreSQL does not run as root, so it is Debian's
    `postgres` then, for whom pytest's own folders are closed."""
    assert PROGRAMS, "install Debian's postgresql"
    who: dict[str, Any] = {}
    folder = Path(tempfile.mkdtemp(prefix="wicket-pg-"))
    if os.geteuid() == 0:
        who = {"user": "postgres", "group": "postgres", "extra_groups": []}
        shutil.chown(folder, "postgres", "postgres")
    try:
        data = folder / "data"
        options = ["--auth=trust", "--username=wicket", "--encoding=UTF8", "--no-sync"]
        locale = ["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=de"]
        subprocess.run(
            [PROGRAMS / "initdb", "--pgdata", data, *options, *locale],
            **who, cwd=folder, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        with _running(PROGRAMS, data, who) as server:
            server.prepare()
            yield server
            server.close()
    finally:
        shutil.rmtree(folder)


@contextmanager
def _running(programs: Path, data: Path, who: dict[str, Any]) -> Iterator[Postgres]:
    folder = data.parent
    settings = [f"--{setting}" for setting in (*SETTINGS, f"unix_socket_directories={folder}")]
    # Not pg_ctl: the server shall not outlive a test run that is killed.
    command = ["setpriv", "--pdeathsig", "QUIT", "--", f"{programs}/postgres", "-D", str(data)]
    log = folder / "log"
    with log.open("wb") as told:
        process = subprocess.Popen([*command, *settings], **who, cwd=folder, stderr=told)
    try:
        ready = [f"{programs}/pg_isready", "--quiet", f"--host={folder}"]
        while subprocess.run(ready, check=False).returncode:
            assert process.poll() is None, log.read_text()
        yield Postgres(folder)
    finally:
        process.send_signal(SIGINT)  # a SIGTERM would wait until the last client has gone
        process.wait(timeout=30)
