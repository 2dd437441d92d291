"""QR codes as they are drawn: rows of dark modules, or SVG."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import segno

QUIET = 4
"""Modules of white that a QR code needs on every side (ISO/IEC 18004)."""


@lru_cache(maxsize=128)
def runs(data: str) -> tuple[int, tuple[tuple[int, int, int], ...]]:
    """Modules on a side, and the dark stretches as (row, column, length). ValueError for what is
    too long."""
    rows = [list(row) for row in segno.make_qr(data, error="m").matrix]
    return len(rows), tuple((y, *run) for y, row in enumerate(rows) for run in _dark(row))


def svg(data: str, says: str) -> str:
    """For the inside of a page: scales to any size, with its quiet zone, black on white; `says` is
    told to who cannot see it."""
    whole, path = _drawn(data)
    return (
        f'<svg class="qr" role="img" aria-label="{_escaped(says)}" viewBox="0 0 {whole} {whole}"'
        ' shape-rendering="crispEdges" xmlns="http://www.w3.org/2000/svg">'
        f'<path fill="#fff" d="M0 0h{whole}v{whole}h-{whole}z"/><path d="{path}"/></svg>'
    )


@lru_cache(maxsize=4096)
def _drawn(data: str) -> tuple[int, str]:
    """The modules on a side with the quiet zone, and the path: 6 KB, so that those of many phones
    which look again and again are kept."""
    side, dark = runs(data)
    path = "".join(f"M{x + QUIET} {y + QUIET}h{length}v1h-{length}z" for y, x, length in dark)
    return side + 2 * QUIET, path


def _dark(row: list[int]) -> Iterator[tuple[int, int]]:
    start = None
    for x, module in enumerate([*row, 0]):
        if module and start is None:
            start = x
        elif not module and start is not None:
            yield start, x - start
            start = None


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
