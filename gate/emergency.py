"""Fire releases every lane at once, and holds them until reset."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from admission.facts import Evacuated, HeadCount
from gate.happenings import Fire
from gate.journal import Journal
from gate.lane import Lane
from gate.ledger import GateLedger
from hal.keeper import keep
from hal.ports import InputLine
from runtime.disk import DiskFault

log = logging.getLogger("wicket.gate")


class Emergency:
    """`input_` is active while there is fire; with a `reset` line the lanes stay open until that
    is active while there is none, without one until the fire is over."""

    def __init__(
        self,
        lanes: Iterable[Lane],
        ledger: GateLedger,
        journal: Journal,
        input_: InputLine,
        reset: InputLine | None = None,
    ) -> None:
        self._lanes = tuple(lanes)
        self._ledger = ledger
        self._journal = journal
        self._input = input_
        self._reset = reset
        self._burns = False
        self.on = False
        self.present: tuple[HeadCount, ...] = ()
        """Persons in each zone at the moment it began, for those who search the building."""

    async def run(self) -> None:
        self._go_on_after_restart()
        async with asyncio.TaskGroup() as group:
            group.create_task(keep(self._input, self._heed_fire), name=self._input.name)
            if self._reset is not None:
                group.create_task(keep(self._reset, self._heed_reset), name=self._reset.name)

    async def _heed_fire(self, line: InputLine) -> None:
        async for burns in line.changes():
            self._burns = burns
            if burns:
                self._set(True)
            elif self._reset is None:
                self._set(False)

    async def _heed_reset(self, line: InputLine) -> None:
        async for pressed in line.changes():
            if pressed and not self._burns:
                self._set(False)

    def _set(self, on: bool) -> None:
        if on == self.on:
            return
        self._tell_lanes(on)
        self.present = self._heads() if on else ()
        self._journal.note(Evacuated(on, self.present))
        if on:
            log.warning("FIRE: every lane is open; %s", self._inside())
        else:
            log.warning("fire is over: lanes are back in their modes")

    def _tell_lanes(self, on: bool) -> None:
        self.on = on
        for lane in self._lanes:
            lane.happen(Fire(on))

    def _go_on_after_restart(self) -> None:
        """Lanes that waited for a reset when the daemon ended still do."""
        last = self._ledger.last_evacuation() if self._reset is not None else None
        if last is not None and last.on:
            self._tell_lanes(True)
            self.present = last.present
            log.warning("FIRE before the restart: lanes stay open until reset; %s", self._inside())

    def _heads(self) -> tuple[HeadCount, ...]:
        try:
            counted = self._ledger.counted()
        except DiskFault as fault:
            log.error("heads are not counted: %s", fault)
            return ()
        return tuple(HeadCount(zone, persons) for zone, persons in counted.items())

    def _inside(self) -> str:
        inside = ", ".join(f"{one.persons} in {one.zone}" for one in self.present)
        return inside or "no zone is counted"
