"""How many persons each lane has let in today: looked up in what this gate told, bit by bit, so
that no scan waits for it."""

from __future__ import annotations

import json
import logging
from collections import Counter
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from runtime.database import Database
from runtime.disk import DiskFault

log = logging.getLogger("wicket.gate")

AT_ONCE = 500
"""So many take a few milliseconds."""
_AFTER = "SELECT number, body FROM fact WHERE device = ? AND number > ? ORDER BY number LIMIT ?"
_LAST = "SELECT coalesce(max(number), 0) FROM fact WHERE device = ?"


class Today:
    """Of the days of `timezone`; `at_once` facts are looked at in one go."""

    def __init__(
        self, database: Database, device: str, timezone: ZoneInfo, at_once: int = AT_ONCE
    ) -> None:
        self._database = database
        self._device = device
        self._timezone = timezone
        self._at_once = at_once
        self._day: date | None = None
        self._after = 0
        self._counts: Counter[str] = Counter()

    def admitted(self, now: datetime) -> dict[str, int]:
        """By lane, as far as it was counted until now."""
        try:
            self._look(now.astimezone(self._timezone).date())
        except DiskFault as fault:
            log.debug("not counted: %s", fault)
        return {lane: max(0, persons) for lane, persons in sorted(self._counts.items())}

    def _look(self, day: date) -> None:
        if day != self._day:
            self._after, self._counts = self._before(day), Counter()
            self._day = day
        for number, body in self._database.read(_AFTER, (self._device, self._after, self._at_once)):
            self._after = number
            self._count(json.loads(body))

    def _count(self, fact: dict[str, Any]) -> None:
        sign = {"admitted": 1, "lapsed": -1}.get(fact["kind"], 0)
        if sign and not fact.get("again", False):
            self._counts[fact["lane"]] += sign * fact["persons"]

    def _before(self, day: date) -> int:
        """The number of the last fact of an earlier day: facts follow each other in time."""
        [(high,)] = self._database.read(_LAST, (self._device,))
        low = 0
        while low < high:
            middle = (low + high + 1) // 2
            if self._day_at(middle) < day:
                low = middle
            else:
                high = middle - 1
        return low

    def _day_at(self, number: int) -> date:
        """Of that fact, or of the next one that is still here."""
        rows = self._database.read(_AFTER, (self._device, number - 1, 1))
        at = json.loads(rows[0][1]).get("at")
        return datetime.fromisoformat(at).astimezone(self._timezone).date() if at else date.min
