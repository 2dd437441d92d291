"""Connections to SQLite and to PostgreSQL, set up so that a commit is durable and nothing waits
for ever."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from runtime.settings import BadSettings

SETTING_UP, ON_DUTY = (int.from_bytes(b"wicket\0" + bytes([n])) for n in (1, 2))
"""Numbers of advisory locks, which a database's users choose freely."""
BUSY_TIMEOUT_MS = 5000
CONNECT_TIMEOUT_S = 5
SET_UP_SQLITE = (
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
)
SET_UP_POSTGRESQL = (
    f"SET lock_timeout={BUSY_TIMEOUT_MS}",
    # A worker that hangs, or whose machine is gone, gives its locks back.
    "SET idle_in_transaction_session_timeout=10000",
    "SET tcp_keepalives_idle=5",
    "SET tcp_keepalives_interval=2",
    "SET tcp_keepalives_count=3",
)
PATIENCE = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
"""Connection parameters of libpq; what the URL says counts more."""


class Json(str):
    """JSON as text: it goes into a JSON column as it is."""


def make_engine(url: str, connections: int = 5) -> Engine:
    """At most `connections` at a time are kept open to PostgreSQL. Raises BadSettings."""
    # Values of statements are people's names, secrets of links: nothing for a log.
    common: dict[str, Any] = {"json_serializer": _as_json, "hide_parameters": True}
    try:
        where = make_url(url)
        if where.get_backend_name() == "postgresql":
            missing = {key: value for key, value in PATIENCE.items() if key not in where.query}
            where = where.set(drivername="postgresql+psycopg")
            engine = create_engine(where, connect_args=missing, pool_size=connections, **common)
        else:
            engine = create_engine(where, **common)
    except (ArgumentError, ImportError) as error:
        raise BadSettings([f"database: {error}"]) from error
    match engine.dialect.name:
        case "sqlite":
            event.listen(engine, "connect", _set_up_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        case "postgresql":
            event.listen(engine, "connect", _set_up_postgresql)
        case other:
            raise BadSettings([f"database: {other} is neither sqlite nor postgresql"])
    return engine


def one_at_a_time(connection: Connection) -> None:
    """Until its transaction ends no other worker comes past here. On SQLite none writes anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({SETTING_UP})")


def _as_json(value: Any) -> str:
    return value if isinstance(value, Json) else json.dumps(value)


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver shall not begin transactions of its own
    for pragma in SET_UP_SQLITE:
        connection.execute(pragma)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("wicket_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _set_up_postgresql(connection: Any, _record: Any) -> None:
    connection.execute("; ".join(SET_UP_POSTGRESQL))
    connection.commit()
