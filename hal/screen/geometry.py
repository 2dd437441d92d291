"""Rectangles on a panel, and the measures that follow from its size."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import NamedTuple

TARGET_MM = 10
MM_PER_INCH = 25.4


class Rect(NamedTuple):
    """Pixels; `x`, `y` is the upper left corner."""

    x: int
    y: int
    w: int
    h: int

    def holds(self, x: float, y: float) -> bool:
        return self.x <= x < self.x + self.w and self.y <= y < self.y + self.h

    def rows(self, heights: list[int], gap: int) -> list[Rect]:
        """Stacked from the top."""
        rows, y = [], self.y
        for height in heights:
            rows.append(Rect(self.x, y, self.w, height))
            y += height + gap
        return rows

    def columns(self, count: int, gap: int) -> list[Rect]:
        """Side by side, equally wide."""
        edges = [self.x + round(i * (self.w + gap) / count) for i in range(count + 1)]
        return [Rect(left, self.y, right - gap - left, self.h) for left, right in pairwise(edges)]

    def inset(self, dx: int, dy: int) -> Rect:
        return Rect(self.x + dx, self.y + dy, self.w - 2 * dx, self.h - 2 * dy)


@dataclass(frozen=True, slots=True)
class Panel:
    """A screen's size and density, and the measures that follow from them."""

    width: int
    height: int
    dpi: int = 150

    @property
    def portrait(self) -> bool:
        return self.height > self.width

    @property
    def low(self) -> bool:
        """Too low for a line of its own for everything."""
        return self.height < 600

    @property
    def scale(self) -> float:
        if self.portrait:
            return min(self.width / 900, self.height / 1500)
        return min(self.width / 1280, self.height / 800)

    @property
    def target(self) -> int:
        """The least side of anything to touch: 10 mm."""
        return ceil(TARGET_MM * self.dpi / MM_PER_INCH)

    @property
    def gap(self) -> int:
        return 6 if self.low else self.px(16)

    @property
    def margin(self) -> int:
        return 12 if self.low else self.px(40)

    def px(self, length: float) -> int:
        """A length drawn for 1280x800, on this panel."""
        return round(length * self.scale)

    def touch(self, length: float) -> int:
        """The same, but never too small for a finger."""
        return max(self.target, self.px(length))
