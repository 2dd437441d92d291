"""The venue in the database: revisions of one text (venue.toml), of which the newest counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Connection, func, insert, select, update

from central.catalogue.venue import Venue, read_venue
from central.sale.states import By
from central.store.engine import one_at_a_time
from central.store.schema import venue_revision
from runtime.settings import BadSettings, read_text


@dataclass(frozen=True)
class Revision:
    """One import: `text` is the whole file, `venue` what it says. The first has the number 1."""

    number: int
    at: datetime
    who: str
    text: str
    venue: Venue


class Current:
    """The revision with which this worker answers. It follows the database by a second."""

    def __init__(self, revision: Revision) -> None:
        self.revision = revision

    def look(self, connection: Connection) -> Revision | None:
        """A newer one, if there is any. Raises BadSettings when this version cannot read it."""
        if newest_number(connection) == self.revision.number:
            return None
        return newest(connection)


def newest_number(connection: Connection) -> int:
    """0 when no venue was imported yet."""
    return connection.scalar(select(func.max(venue_revision.c.number))) or 0


def newest(connection: Connection) -> Revision | None:
    """Raises BadSettings when this version cannot read it, as one that a newer one imported."""
    order = venue_revision.c.number.desc()
    row = connection.execute(select(venue_revision).order_by(order).limit(1)).one_or_none()
    if row is None:
        return None
    source = f"venue in the database, revision {row.number}"
    return Revision(row.number, row.at, row.who, row.text, read_venue(row.text, source))


def listed(connection: Connection, limit: int) -> list[tuple[int, datetime, str]]:
    """(number, when, by whom) of the newest imports."""
    table = venue_revision.c
    query = select(table.number, table.at, table.who).order_by(table.number.desc()).limit(limit)
    return [(number, at, who) for number, at, who in connection.execute(query)]


def text_of(connection: Connection, number: int) -> str | None:
    """As it was imported."""
    query = select(venue_revision.c.text).where(venue_revision.c.number == number)
    return connection.scalar(query)


def is_planned(connection: Connection, number: int, day: date) -> bool:
    """Whether that day's time slots are those of this revision."""
    table = venue_revision
    return connection.scalar(select(table.c.planned).where(table.c.number == number)) == day


def note_planned(connection: Connection, number: int | None, day: date) -> None:
    """The time slots are those of this revision and day; None: of no revision."""
    table = venue_revision
    connection.execute(update(table).values(planned=None))
    if number is not None:
        connection.execute(update(table).where(table.c.number == number).values(planned=day))


def keep(connection: Connection, text: str, venue: Venue, by: By) -> Revision:
    """The next revision. The caller holds `one_at_a_time`."""
    number = newest_number(connection) + 1
    connection.execute(
        insert(venue_revision).values(number=number, at=by.at, who=by.who, text=text)
    )
    return Revision(number, by.at, by.who, text, venue)


def begin(connection: Connection, file: Path | None, by: By) -> Revision:
    """The venue of the database, or of the file when the database has none yet. Raises
    BadSettings."""
    one_at_a_time(connection)
    if known := newest(connection):
        return known
    if file is None:
        raise BadSettings(["no venue yet: write one and run `wicket central import-venue FILE`"])
    text = read_text(file)
    return keep(connection, text, read_venue(text, str(file)), by)
