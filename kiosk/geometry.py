"""Rectangles on a panel, and a screen whose widgets have found theirs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from kiosk.widgets import Button, Choice, Field, Key, Screen, Target, Widget

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


@dataclass(frozen=True, slots=True)
class Placed:
    widget: Widget
    rect: Rect


@dataclass(frozen=True, slots=True)
class Laid:
    """A screen ready to paint. Targets come after what they lie on."""

    screen: Screen
    panel: Panel
    placed: tuple[Placed, ...]

    @property
    def targets(self) -> tuple[tuple[Target, Rect], ...]:
        """What can be pressed now, in the order in which keys walk it."""
        found = {
            p.widget.id: (p.widget, p.rect)
            for p in self.placed
            if isinstance(p.widget, Button | Choice | Field | Key) and p.widget.enabled
        }
        return tuple(found[name] for name in self.screen.focus if name in found)

    def at(self, x: float, y: float) -> str | None:
        """The id of what a touch presses."""
        hits = (target.id for target, rect in self.targets if rect.holds(x, y))
        return next(hits, self.screen.anywhere)


@dataclass(frozen=True, slots=True)
class Frame:
    """The bands of a screen; those that it does not use have no height."""

    progress: Rect
    title: Rect
    over: Rect
    lead: Rect
    notice: Rect
    body: Rect
    footer: Rect


def foot_parts(footer: Rect, panel: Panel) -> tuple[Rect, Rect, Rect]:
    """Back on the left, the total or the pager between, Next on the right."""
    side, gap = round(footer.w * 0.2), panel.gap
    wide = round(footer.w * 0.3)
    left = Rect(footer.x, footer.y, side, footer.h)
    right = Rect(footer.x + footer.w - wide, footer.y, wide, footer.h)
    x = left.x + side + gap
    return left, Rect(x, footer.y, right.x - gap - x, footer.h), right
