"""The last scans of a gate, with why each was answered as it was."""

from __future__ import annotations

import asyncio
from collections import deque

from gate.surroundings import Attempt

KEPT = 200


class Recent:
    def __init__(self) -> None:
        self.attempts: deque[Attempt] = deque(maxlen=KEPT)
        """The newest last."""
        self.total = 0
        """How many there were since the start."""
        self.changed = asyncio.Event()

    def add(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)
        self.total += 1
        self.changed.set()
        self.changed = asyncio.Event()
