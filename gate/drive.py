"""What a lane's flow wants done at the turnstile, done in order."""

from __future__ import annotations

import asyncio
import logging

from gate.happenings import Evacuate, Lock, Open, Release
from hal.ports import DeviceFault, Turnstile

log = logging.getLogger("wicket.gate")

Move = Release | Open | Lock | Evacuate


class Drive:
    def __init__(self) -> None:
        self._wanted: asyncio.Queue[Move] = asyncio.Queue()

    def want(self, move: Move) -> None:
        """To be done next; an evacuation at once, and nothing that was wanted before it."""
        if isinstance(move, Evacuate):
            self.forget()
        self._wanted.put_nowait(move)

    def forget(self) -> None:
        while not self._wanted.empty():
            self._wanted.get_nowait()

    async def run(self, turnstile: Turnstile) -> None:
        """For ever. Raises DeviceFault."""
        while True:
            match await self._wanted.get():
                case Release(way):
                    await turnstile.release(way)
                case Open(way):
                    await turnstile.open(way)
                case Lock(way):
                    await turnstile.lock(way)
                case Evacuate():
                    await _evacuate(turnstile)


async def _evacuate(turnstile: Turnstile) -> None:
    """What could be opened stays open: to close the turnstile for the rest would lock it."""
    try:
        await turnstile.evacuate()
    except DeviceFault as fault:
        log.error("%s; not every way is open, open it by hand", fault)
