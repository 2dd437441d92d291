"""Statements that are made once and run often: SQLAlchemy takes longer to build a statement than
to run it.

Values come as parameters. `of_<column>` is what a column is compared with; an insert's or update's
new values have the columns' own names.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, Update, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite


def keyed(*columns: Column[Any]) -> list[ColumnElement[bool]]:
    """Conditions: each column is what the parameter `of_<column>` says."""
    return [column == bindparam(f"of_{column.name}", type_=column.type) for column in columns]


def setting(table: Table, *columns: str, by: str = "id") -> Update:
    """An update of these columns, in the row whose `by` is the parameter `of_<by>`."""
    return _set(update(table).where(*keyed(table.c[by])), table, columns)


def _set(statement: Update, table: Table, columns: tuple[str, ...]) -> Update:
    return statement.values({name: bindparam(name, type_=table.c[name].type) for name in columns})


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert the row; false if its key is there. A key that somebody else is just inserting is
    waited for."""
    made = connection.execute(_insert(table, connection.dialect.name), dict(row))
    return made.first() is not None


@cache
def _insert(table: Table, dialect: str) -> Any:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert(table).on_conflict_do_nothing().returning(*table.primary_key)
