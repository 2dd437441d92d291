"""A deed of several steps, of which a refusal leaves nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from central.sale.states import Refused

T = TypeVar("T")


def whole(connection: Connection, deed: Callable[[], T | Refused]) -> T | Refused:
    """What the deed answers; when that is a refusal, nothing of it was done."""
    with connection.begin_nested() as savepoint:
        done = deed()
        if isinstance(done, Refused):
            savepoint.rollback()
    return done
