"""Numbers that a device used twice: its new disk goes on after what central has, and the old one
may have told more, which only fellow gates heard. They let go of that when the feed tells what
central has under these numbers; else they would differ from it for ever."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from admission.facts import Fact
from gate import counts
from runtime.wire import fact_from_data, fact_to_data

_HEARD = "SELECT body FROM fact WHERE device = ? AND number = ?"


def let_go(connection: sqlite3.Connection, facts: Iterable[Fact], *, but: str) -> None:
    """Forget what was heard under the numbers of these facts and is another fact, and that it was
    counted; but of the device that knows best itself."""
    for fact in facts:
        heard = connection.execute(_HEARD, (fact.device, fact.number)).fetchone()
        same = heard is None or heard[0] == json.dumps(fact_to_data(fact))
        if not same and fact.device != but:
            _forget(connection, fact_from_data(json.loads(heard[0])), fact)


def _forget(connection: sqlite3.Connection, heard: Fact, fact: Fact) -> None:
    if heard == fact:  # as an older program wrote it
        return
    counts.fold(connection, heard, -1)
    for table in ("fact", "open_entry"):
        sql = f"DELETE FROM {table} WHERE device = ? AND number = ?"  # noqa: S608 - names of ours
        connection.execute(sql, (fact.device, fact.number))
