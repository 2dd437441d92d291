"""What `wicket central import-list` and `import-revoked` do, and how they end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from getpass import getuser
from pathlib import Path

from central.catalogue import venues
from central.catalogue.venue import Venue
from central.foreign import lists
from central.foreign.imports import Wanted, sorted_out
from central.foreign.list_file import Checked, Reading, checked, rows_of_csv, text_of
from central.foreign.lists import Counts
from central.foreign.revoked_file import codes_of
from central.sale.states import By, Refused
from central.settings import CentralSettings
from central.store.beside import Beside, beside
from central.store.database import DatabaseDown
from runtime.service import utc_now
from runtime.settings import BadSettings, load

Say = Callable[[str], None]
MOST_BYTES = 64 * 1024 * 1024
STANDARD_INPUT = Path("-")
TELL_EVERY = 10
"""Pieces of an import between two lines of progress."""


@dataclass(frozen=True)
class Asked:
    """A list in a `file`; `valid_from` and `valid_until` are of rows that tell none."""

    file: Path
    wanted: Wanted
    valid_from: str = ""
    valid_until: str = ""


def import_list(config: Path, asked: Asked, say: Say, *, dry_run: bool) -> int:
    """The exit code. Raises BadSettings."""

    def work(database: Beside) -> int:
        venue = database.read(venues.newest)
        if venue is None:
            raise BadSettings(["no venue yet: run `wicket central import-venue FILE` first"])
        found = _checked(database, venue.venue, asked)
        rows, wrong = found
        for one in wrong:
            say(f"line {one.place}: {one.what}")
        if wrong and not asked.wanted.skip_wrong:
            say(f"{len(wrong)} lines are wrong, nothing was imported")
            return 1
        if dry_run:
            say(f"{len(rows)} tickets are good, {len(wrong)} wrong; nothing was imported")
            return 0
        return _import(database, venue.venue, asked.wanted, found, say)

    return _on_database(config, work, say)


def import_revoked(config: Path, file: Path, say: Say) -> int:
    """The exit code. Raises BadSettings."""
    try:
        codes = codes_of(text_of(_bytes_of(file)))
    except ValueError as error:
        raise BadSettings([f"{file}: {error}"]) from error

    def work(database: Beside) -> int:
        new = 0
        for piece in lists.pieces(codes):
            new += database.write(partial(lists.revoke, codes=piece, by=_by()))
        say(f"{len(codes)} codes are revoked, {new} of them since now")
        return 0

    return _on_database(config, work, say)


def _checked(database: Beside, venue: Venue, asked: Asked) -> Checked:
    reading = Reading(venue.zone, asked.valid_from, asked.valid_until)
    try:
        found = checked(rows_of_csv(text_of(_bytes_of(asked.file))), reading)
    except ValueError as error:
        raise BadSettings([f"{asked.file}: {error}"]) from error
    return database.read(lambda c: sorted_out(c, asked.wanted, found))


def _import(database: Beside, venue: Venue, wanted: Wanted, found: Checked, say: Say) -> int:
    """In pieces, so that nobody who sells waits for it: a ticket is good from its piece on. When it
    is interrupted, the same again does the rest."""
    rows, wrong = found
    list_ = database.write(lambda c: lists.begin(c, venue, wanted.name, wanted.product, _by()))
    if isinstance(list_, Refused):
        say(list_.detail)
        return 1
    counts, done = Counts(), 0
    for number, piece in enumerate(lists.pieces(rows), 1):
        counts += database.write(partial(lists.take, list_=list_, rows=piece, by=_by()))
        done += len(piece)
        if number % TELL_EVERY == 0:
            say(f"{done} of {len(rows)}")
    gone = database.read(lambda c: lists.missing(c, list_, rows)) if wanted.complete else []
    for tickets in lists.pieces(gone):
        counts += database.write(partial(lists.cancel, tickets=tickets, by=_by()))
    database.write(lambda c: lists.finish(c, list_, _by()))
    told = f"{counts.new} new, {counts.changed} changed, {counts.same} as they were"
    say(f"{wanted.name}: {told}, {counts.cancelled} cancelled, {len(wrong)} skipped")
    return 0


def _bytes_of(file: Path) -> bytes:
    """At most MOST_BYTES. Raises BadSettings."""
    try:
        if file == STANDARD_INPUT:
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with file.open("rb") as opened:
                data = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadSettings([f"{file}: {error.strerror}"]) from error
    if len(data) > MOST_BYTES:
        raise BadSettings([f"{file}: more than {MOST_BYTES} bytes; cut it into several lists"])
    return data


def _on_database(config: Path, work: Callable[[Beside], int], say: Say) -> int:
    """The exit code of what is done with the database that central has set up."""
    try:
        with beside(load(config, CentralSettings).database_url) as database:
            return work(database)
    except (DatabaseDown, OSError) as error:
        say(str(error))
        return 1


def _by() -> By:
    return By(f"user {getuser()}"[:40], utc_now())
