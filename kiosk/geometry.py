"""A screen whose widgets have found their rectangles."""

from __future__ import annotations

from dataclasses import dataclass

from hal.screen.geometry import Panel, Rect
from kiosk.widgets import Button, Choice, Field, Key, Screen, Target, Widget


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
