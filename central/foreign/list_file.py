"""Lists of foreign tickets as they come: CSV of any spreadsheet, or rows of JSON."""

from __future__ import annotations

import csv
import io
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from zoneinfo import ZoneInfo

from admission.codes import read_code
from admission.foreign import LONGEST, SHORTEST, OpaqueCode, foreign_ticket_id, hint
from admission.pretix import PretixCode
from admission.values import Window
from central.catalogue.texts import hidden
from central.foreign.times import read_window

MOST_PERSONS = 255
MAX_REFERENCE = 100
_ROUNDED = re.compile(r"\d([.,]\d+)?E\+\d+")
"""What a spreadsheet makes of a long number."""


@dataclass(frozen=True)
class ListRow:
    """One ticket of a list as it is told; "" for times that are those of the whole list."""

    code: str
    valid_from: str = ""
    valid_until: str = ""
    persons: int = 1
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One ticket of a list as it is. `place` tells where it stood: a line, or the n-th row."""

    place: int
    ticket: int
    window: Window
    persons: int
    reference: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong at a `place` of a list. No code is ever told as a whole."""

    place: int
    what: str


@dataclass(frozen=True)
class Reading:
    """How to read a list: whose clock it means, and the times of rows that tell none."""

    zone: ZoneInfo
    valid_from: str = ""
    valid_until: str = ""


Told = tuple[int, ListRow | Wrong]
Checked = tuple[list[Listed], list[Wrong]]
COLUMNS = tuple(field.name for field in fields(ListRow))


def text_of(data: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 with its mark. Raises ValueError."""
    marked = data.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError('not in UTF-8; save it as "CSV UTF-8"') from error


def rows_of_csv(text: str) -> Iterator[Told]:
    """(line, row) of a table whose first line names its columns, with ";", "," or tabs between
    them. Raises ValueError if it is no such table."""
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    between = max(";,\t", key=first.count)
    table = csv.reader(io.StringIO(text), delimiter=between, strict=True)
    try:
        header = [name.strip().lower() for name in next(table, [])]
        _check_header(header)
        for cells in table:
            if any(cell.strip() for cell in cells):
                yield table.line_num, _row(table.line_num, header, cells)
    except csv.Error as error:
        raise ValueError(f"line {table.line_num}: no CSV: {error}") from error


def checked(told: Iterable[Told], reading: Reading) -> Checked:
    """The rows that are good, and all that is wrong with the others."""
    good: dict[int, Listed] = {}
    wrong: list[Wrong] = []
    for place, row in told:
        try:
            one = row if isinstance(row, Wrong) else _listed(place, row, reading)
        except ValueError as error:
            one = Wrong(place, str(error))
        if isinstance(one, Listed) and one.ticket in good:
            one = Wrong(place, f"the same code as at {good[one.ticket].place}")
        if isinstance(one, Wrong):
            wrong.append(one)
        else:
            good[one.ticket] = one
    return list(good.values()), wrong


def may_be_foreign(code: str) -> bool:
    """Whether a code can be one of others."""
    return isinstance(read_code(code), OpaqueCode | PretixCode)


def _listed(place: int, row: ListRow, reading: Reading) -> Listed:
    code = row.code.strip()
    if not may_be_foreign(code):
        raise ValueError(f"{hint(code)!r}: no foreign code of {SHORTEST} to {LONGEST} characters")
    if _ROUNDED.fullmatch(code):
        raise ValueError(f"{hint(code)!r}: a number that the spreadsheet cut; format it as text")
    if not 1 <= row.persons <= MOST_PERSONS:
        raise ValueError(f"persons: 1 to {MOST_PERSONS}")
    if len(row.reference) > MAX_REFERENCE:
        raise ValueError(f"reference: at most {MAX_REFERENCE} characters")
    if hidden(row.reference):
        raise ValueError("reference: no control characters")
    start, end = row.valid_from or reading.valid_from, row.valid_until or reading.valid_until
    if not start or not end:
        raise ValueError("valid_from and valid_until: missing here, and for the whole list")
    window = read_window(start, end, reading.zone)
    return Listed(place, foreign_ticket_id(code), window, row.persons, row.reference)


def _check_header(header: list[str]) -> None:
    unknown = sorted({name for name in header if name not in COLUMNS or header.count(name) > 1})
    if "code" not in header or unknown:
        told = f", not {', '.join(ascii(name[:40]) for name in unknown[:5])}" if unknown else ""
        raise ValueError(f"the first line names the columns: {', '.join(COLUMNS)}{told}")


def _row(line: int, header: list[str], cells: list[str]) -> ListRow | Wrong:
    if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
        return Wrong(line, f"{len(cells)} columns, where the first line names {len(header)}")
    told: Mapping[str, str] = dict(zip(header, map(str.strip, cells), strict=False))
    persons = told.get("persons") or "1"
    if not (persons.isascii() and persons.isdigit() and len(persons) < 10):
        return Wrong(line, f"persons: a whole number, not {persons[:20]!r}")
    texts = {name: text for name, text in told.items() if name != "persons"}
    if "code" not in texts:
        return Wrong(line, "no code")
    return ListRow(**texts, persons=int(persons))
