"""Tables as CSV (RFC 4180) that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TypeAlias

Cell: TypeAlias = str | int | Decimal | None

_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""With these a spreadsheet begins a formula (OWASP, CSV injection)."""


def as_csv(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A text that would be a formula gets an apostrophe before it; amounts stay numbers."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([_shown(cell) for cell in row] for row in rows)
    return text.getvalue()


def _shown(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case str():
            text = cell.replace("\0", "")
            return f"'{text}" if text.lstrip(" ").startswith(_RUNS) else text
        case Decimal():
            return f"{cell:f}"
    return str(cell)
