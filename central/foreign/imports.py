"""One import of a list, as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from central.catalogue.venue import Venue
from central.foreign import lists
from central.foreign.list_file import Checked, Wrong
from central.foreign.lists import Counts
from central.sale.states import By, Refused

MOST_WRONG = 100
"""So many wrong rows are told one by one."""


@dataclass(frozen=True)
class Wanted:
    """`complete`: the rows are the whole list, so tickets without one are cancelled.
    `skip_wrong`: import the others all the same."""

    name: str
    product: int
    complete: bool = False
    skip_wrong: bool = False


@dataclass(frozen=True)
class Done:
    counts: Counts
    wrong: tuple[Wrong, ...]


def in_one(
    connection: Connection,
    venue: Venue,
    wanted: Wanted,
    found: Checked,
    by: By,
) -> Done | Refused:
    """Import the good rows; nothing if any is wrong, unless that is wanted."""
    good, bad = sorted_out(connection, wanted, found)
    if bad and not wanted.skip_wrong:
        return refusal(bad)
    list_ = lists.begin(connection, venue, wanted.name, wanted.product, by)
    if isinstance(list_, Refused):
        return list_
    counts = Counts()
    for piece in lists.pieces(good):
        counts += lists.take(connection, list_, piece, by)
    for gone in lists.pieces(lists.missing(connection, list_, good) if wanted.complete else ()):
        counts += lists.cancel(connection, gone, by)
    lists.finish(connection, list_, by)
    return Done(counts, tuple(bad))


def sorted_out(connection: Connection, wanted: Wanted, found: Checked) -> Checked:
    """By what central knows of other lists, too."""
    rows, wrong = found
    also = lists.elsewhere(connection, wanted.name, rows)
    places = {one.place for one in also}
    bad = sorted([*wrong, *also], key=lambda one: one.place)
    return [row for row in rows if row.place not in places], bad


def refusal(wrong: Sequence[Wrong]) -> Refused:
    shown = wrong[:MOST_WRONG]
    said = f"{len(wrong)} wrong, nothing was imported; the first at {wrong[0].place}"
    told = [{"place": one.place, "what": one.what} for one in shown]
    return Refused("list_invalid", f"{said}: {wrong[0].what}", {"wrong": told})
