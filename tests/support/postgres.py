"""A real PostgreSQL of Debian, on a Unix socket in a folder of its own, as long as a block runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from signal import SIGINT, SIGKILL, Signals
from typing import Any

from sqlalchemy import URL, create_engine
from sqlalchemy.exc import OperationalError
from support.listening import PATIENCE_S

from central.store.database import make_engine, migrate

PROGRAMS = max(
    Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), default=None
)
HASTY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""Nobody pulls the plug of the computer that tests."""
SETTINGS = ("listen_addresses=", "max_connections=200", "shared_buffers=32MB")
_TEMPLATE = "migrated"


class Postgres:
    """One server, its data in `folder`/data; each test has databases of its own. `who` are the
    arguments of Popen that tell whose process it is."""

    def __init__(self, folder: Path, who: dict[str, Any], settings: Sequence[str]) -> None:
        self.folder = folder
        self._who = who
        self._settings = (*settings, f"unix_socket_directories={folder}")
        self._numbers = count(1)
        self._engine = create_engine(
            self.url("postgres"), isolation_level="AUTOCOMMIT", pool_pre_ping=True
        )

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

    def start(self) -> None:
        """Return when it answers."""
        self.launch()
        self.await_ready()

    def launch(self) -> None:
        # Not pg_ctl: the server shall not outlive a test run that is killed.
        dies = ["setpriv", "--pdeathsig", "QUIT", "--"]
        command = [*dies, f"{PROGRAMS}/postgres", "-D", f"{self.folder}/data"]
        settings = [f"--{setting}" for setting in self._settings]
        with (self.folder / "log").open("ab") as told:
            self._process = subprocess.Popen(
                [*command, *settings], **self._who, cwd=self.folder, stderr=told
            )

    def await_ready(self) -> None:
        ready = [f"{PROGRAMS}/pg_isready", "--quiet", f"--host={self.folder}"]
        while subprocess.run(ready, check=False).returncode:
            assert self._process.poll() is None, (self.folder / "log").read_text()

    def kill_backend(self, url: str) -> None:
        """kill -9 of a process that serves a connection to the database, any. The server then ends
        all the others too, and recovers; return when it has."""
        name = url.partition("?")[0].rpartition("/")[2]
        pids = (
            f"SELECT pid FROM pg_stat_activity WHERE datname = '{name}' ORDER BY random() LIMIT 1"
        )
        with self._engine.connect() as connection:
            while not (pid := connection.exec_driver_sql(pids).scalar()):
                pass
            os.kill(pid, SIGKILL)
            with suppress(OperationalError):
                connection.exec_driver_sql("SELECT pg_sleep(30)")
        self.await_ready()

    def stop(self, how: Signals = SIGINT) -> None:
        """SIGINT ends it in order (a SIGTERM would wait until the last client has gone), SIGQUIT
        is `pg_ctl stop -m immediate`: as if the power had failed."""
        self._process.send_signal(how)
        self._process.wait(timeout=PATIENCE_S)

    def prepare(self) -> None:
        self.run(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
        engine = make_engine(self.url(_TEMPLATE))
        migrate(engine)
        engine.dispose()

    def close(self) -> None:
        self._engine.dispose()


@contextmanager
def postgres(settings: Sequence[str] = HASTY) -> Iterator[Postgres]:
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
        server = Postgres(folder, who, (*SETTINGS, *settings))
        try:
            server.start()
            server.prepare()
            yield server
        finally:
            server.close()
            server.stop()
    finally:
        shutil.rmtree(folder)
