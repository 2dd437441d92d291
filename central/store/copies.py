"""Copies of the database: made while central runs, put back while it does not.

Of SQLite a copy is one SQLite file; of PostgreSQL it is what pg_dump makes, in its custom format.
The signing key and the settings are files of their own; docs/centre.md says what else to keep.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine, MetaData, func, inspect, select

from central.store.database import DatabaseDown, faults_of
from central.store.duty import duty_of
from central.store.engine import make_engine
from central.store.revisions import EMPTY, check_known
from central.store.schema import epoch, ticket_request
from central.sync import epochs
from runtime.service import utc_now

TABLE = "alembic_version"
MODE = 0o600
"""The copy names customers."""


class CopyRefused(Exception):
    """Nothing was copied. The message says why and what to do."""


def backup(url: str, file: Path) -> None:
    """Copy the database to `file`, which then is whole and on the disk; an older one is replaced
    only then. Raises CopyRefused, DatabaseDown, OSError."""
    engine = make_engine(url)
    draft = file.with_name(file.name + ".part")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE))
    try:
        if engine.dialect.name == "sqlite":
            _copy_sqlite(_sqlite_file(engine, file), draft)
        else:
            _run("pg_dump", "--format=custom", "--file", draft, engine=engine)
        _sync(draft)
        draft.rename(file)
        _sync(file.parent)
    finally:
        draft.unlink(missing_ok=True)


def restore(url: str, file: Path, *, force: bool = False) -> None:
    """Make the database what it was when `file` was copied. With `force` one that is not empty is
    replaced: on SQLite in one transaction, on PostgreSQL emptied first and then filled in one.
    Raises CopyRefused, DatabaseDown, BadSettings, OSError."""
    engine = make_engine(url)
    check_known(_check(engine, file), str(file))
    with faults_of(engine), _nobody_works(engine):
        if not force:
            _check_empty(engine)
        if engine.dialect.name == "sqlite":
            _copy_sqlite(file, _sqlite_file(engine, file), journal="wal")
        else:
            _drop_all(engine)
            _run(
                "pg_restore", "--no-owner", "--single-transaction", "--exit-on-error", file,
                engine=engine,
            )  # fmt: skip
        _begin_epoch(engine, file)


def _begin_epoch(engine: Engine, file: Path) -> None:
    """Devices shall see that the feed has gone back. A copy that an older wicket made gets its
    epoch when it is migrated."""
    if inspect(engine).has_table(epoch.name):
        with engine.execution_options(wicket_writes=True).begin() as connection:
            epochs.begin(connection, f"{file.name} was put back", utc_now())


@contextmanager
def _nobody_works(engine: Engine) -> Iterator[None]:
    """Some worker is on duty whenever any runs, so we take its place."""
    with closing(duty_of(engine)) as duty:
        if not duty.take():
            raise CopyRefused("central is running; stop all its workers first")
        yield


def _check_empty(engine: Engine) -> None:
    tables = inspect(engine).get_table_names()
    if not tables:
        return
    requests = 0
    if ticket_request.name in tables:
        with engine.connect() as connection:
            requests = connection.scalar(select(func.count()).select_from(ticket_request)) or 0
    raise CopyRefused(
        f"database {engine.url!r} is not empty, it has {requests} ticket requests; "
        "with --force they are replaced"
    )


def _check(engine: Engine, file: Path) -> str:
    """The schema's revision in a copy. Raises CopyRefused if it is none, or damaged."""
    if not file.is_file():
        raise CopyRefused(f"{file}: no such file")
    found = _check_sqlite(file) if engine.dialect.name == "sqlite" else _check_dump(engine, file)
    if found == EMPTY:
        raise CopyRefused(f"{file}: no copy of central's {engine.dialect.name} database")
    return found


def _check_sqlite(file: Path) -> str:
    try:
        with closing(_open_read_only(file)) as copy:
            (said,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
            if said != "ok" or copy.execute("PRAGMA foreign_key_check").fetchone():
                raise CopyRefused(f"{file}: damaged: {said}; take another copy")
            names = {name for (name,) in copy.execute("SELECT name FROM sqlite_master")}
            revision = TABLE in names and copy.execute(f"SELECT * FROM {TABLE}").fetchone()  # noqa: S608
    except sqlite3.DatabaseError as error:
        raise CopyRefused(f"{file}: no SQLite file, or damaged: {error}") from error
    return str(revision[0]) if revision else EMPTY


def _check_dump(engine: Engine, file: Path) -> str:
    """Every block of the dump is read and unpacked, which finds one that is cut off."""
    _run("pg_restore", "--file=/dev/null", file, engine=engine, connect=False)
    only = ("--data-only", f"--table={TABLE}", "--file=-")
    script = _run("pg_restore", *only, file, engine=engine, connect=False)
    _, _, rows = script.partition(f"COPY public.{TABLE} (version_num) FROM stdin;\n")
    return rows.partition("\n")[0] or EMPTY


def _copy_sqlite(source: Path, target: Path, journal: str = "delete") -> None:
    """Whatever is written meanwhile; to the target in one transaction."""
    try:
        with closing(_open_read_only(source)) as old, closing(sqlite3.connect(target)) as new:
            new.execute("PRAGMA synchronous=FULL")
            old.backup(new)
            new.execute(f"PRAGMA journal_mode={journal}")
    except sqlite3.Error as error:
        raise DatabaseDown(f"{source} to {target}: {error}") from error


def _open_read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)


def _sqlite_file(engine: Engine, copy: Path) -> Path:
    database = Path(engine.url.database or "")
    if database.exists() and copy.exists() and database.samefile(copy):
        raise CopyRefused(f"{copy} is the database itself; name another file")
    return database


def _drop_all(engine: Engine) -> None:
    tables = MetaData()
    with engine.begin() as connection:
        tables.reflect(connection)
        tables.drop_all(connection)


def _run(program: str, *words: str | Path, engine: Engine, connect: bool = True) -> str:
    """What a program of PostgreSQL prints. The password is not seen in the list of processes."""
    found = shutil.which(program)
    if found is None:
        raise CopyRefused(f"{program} is missing; install Debian's postgresql-client")
    url = engine.url.set(drivername="postgresql", password=None).render_as_string()
    where = [f"--dbname={url}"] if connect else []
    secret = {"PGPASSWORD": str(engine.url.password)} if engine.url.password else {}
    done = subprocess.run(  # noqa: S603 - no shell, and the words are ours or the operator's
        [found, *where, *words],
        check=False, capture_output=True, text=True, env=os.environ | secret,
    )  # fmt: skip
    if done.returncode:
        raise CopyRefused(f"{program} failed: {done.stderr.strip()}")
    return done.stdout


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
