"""What clients may send about tickets of others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from central.foreign.imports import Wanted
from central.foreign.list_file import ListRow, Reading, Told, rows_of_csv
from central.http.bodies_offers import MAX_PRODUCT
from runtime.convert import Invalid

MAX_NAME = 80
MOST_ROWS = 10_000
MOST_CODES = 5_000
MAX_CODE = 400
"""Signed codes are longer than those of lists."""


@dataclass(frozen=True)
class NewRow:
    code: str
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    persons: int = 1
    reference: str = ""

    @property
    def row(self) -> ListRow:
        start, end = _text(self.valid_from), _text(self.valid_until)
        return ListRow(self.code, start, end, self.persons, self.reference)


@dataclass(frozen=True)
class NewList:
    """Its tickets as `rows` or as the text of a `csv`. `valid_from` and `valid_until` are of rows
    that tell none."""

    name: str
    product: int
    rows: tuple[NewRow, ...] = ()
    csv: str = ""
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    complete: bool = False
    skip_wrong: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= MAX_NAME:
            raise ValueError(f"name: 1 to {MAX_NAME} characters")
        if not 1 <= self.product <= MAX_PRODUCT:
            raise ValueError(f"product: an id from 1 to {MAX_PRODUCT}")
        if bool(self.rows) == bool(self.csv):
            raise ValueError("write either rows or csv")
        if max(len(self.rows), self.csv.count("\n")) > MOST_ROWS:
            raise ValueError(f"at most {MOST_ROWS} rows; send more of them under the same name")
        if self.complete and self.skip_wrong:
            raise ValueError("write either complete or skip_wrong")

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.name, self.product, self.complete, self.skip_wrong)

    def reading(self, zone: ZoneInfo) -> Reading:
        return Reading(zone, _text(self.valid_from), _text(self.valid_until))

    def told(self) -> Iterator[Told]:
        """(place, row). Raises Invalid if the CSV is none."""
        if self.rows:
            yield from ((place, one.row) for place, one in enumerate(self.rows, 1))
            return
        try:
            yield from rows_of_csv(self.csv)
        except ValueError as error:
            raise Invalid([("csv", str(error))]) from error


@dataclass(frozen=True)
class NewRevoked:
    codes: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.codes) <= MOST_CODES:
            raise ValueError(f"codes: 1 to {MOST_CODES} of them")
        if not all(1 <= len(code) <= MAX_CODE for code in self.codes):
            raise ValueError(f"codes: of 1 to {MAX_CODE} characters")


def _text(time: datetime | None) -> str:
    return time.isoformat() if time else ""
