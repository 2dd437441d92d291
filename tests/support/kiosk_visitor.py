"""Visitors who buy a ticket for the tour, each in their own way."""

from __future__ import annotations

from collections.abc import Mapping

from kiosk.widgets import Screen, Steppers

PATH = {
    "start": "start",
    "attraction": "attraction:tour",
    "date": "date:2026-11-21",
    "slot": "slot:tour-20261121T1000Z",
    "holder": "skip",
    "review": "pay",
}


class Buyer:
    """Tries to pay once. `instead` maps screen names to other presses (None: wait there)."""

    def __init__(self, **instead: str | None) -> None:
        self._path: Mapping[str, str | None] = PATH | instead
        self._began = self._reviewed = False

    def __call__(self, screen: Screen) -> str | None:
        if screen.name == "start":
            began, self._began = self._began, True
            return None if began else self._path["start"]
        self._reviewed |= screen.name == "review"
        if screen.name == "quantity":
            assert isinstance(screen.body, Steppers)
            if self._reviewed:
                return "over"
            return "next" if screen.body.rows[0].count else "plus:1"
        return self._path.get(screen.name)


def nobody(screen: Screen) -> None:
    """An empty foyer."""
