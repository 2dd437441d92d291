"""What the gate is sure of: the time, that it heard from central lately, and whom it is in touch
with. The rules are those of gate/clock.py and gate/peers.py; here is what they are asked with."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from gate import clock
from gate.clock import Fix, Glance, Reading
from gate.ledger import GateLedger
from gate.peers import Peers
from runtime.clocks import Clocks
from runtime.convert import structure, unstructure
from runtime.log import Repeats
from runtime.outbox import Outbox

log = logging.getLogger("wicket.gate")

NOTED_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Doubts:
    """Whether the clock is trusted, for how long central has been silent, and whether others hear
    this gate; see AdmissionRequest."""

    clock_trusted: bool = True
    heard_ago: timedelta = timedelta(0)
    cut_off: bool = False
    in_touch: frozenset[str] | None = None


class Trust:
    """Windows, schedules and what visitors read go by `now`, facts by `stamp`."""

    def __init__(
        self,
        ledger: GateLedger,
        outbox: Outbox,
        clocks: Clocks | None = None,
        peers: Peers | None = None,
    ) -> None:
        self._ledger = ledger
        self._outbox = outbox
        self._clocks = clocks or Clocks()
        self.peers = peers or Peers(outbox.device)
        self.heard_at = self._noted_at = ledger.heard_at
        """When central answered last; None: never."""
        self._heard_up: float | None = None
        self._noted_up: float | None = None
        self._told: Fix | None = None
        self._disagreed = False
        self._last = _last_told(outbox)
        self._fix = self._noted_fix() or clock.by_battery(
            self._clocks.battery(), self._glance(), self._known
        )
        self._behind = Repeats(log)

    @property
    def uptime(self) -> float:
        """The clock of `peers` and of what is measured."""
        return self._clocks.uptime()

    def reading(self) -> Reading:
        """What time it is, and why it should be."""
        glance = self._glance()
        self._fix = clock.disciplined(self._fix, glance)
        return clock.read(self._fix, glance, self._known)

    def now(self) -> datetime:
        return self.reading().time

    def stamp(self) -> datetime:
        """The time for a fact that is told now: never behind the one before."""
        self._last = clock.following(self.now(), self._last)
        return self._last

    @property
    def central_time(self) -> datetime | None:
        """What time it is by central's clock: as measured lately, else as far as this clock is
        trusted. None if nobody knows."""
        up = self.uptime
        if self._told is not None and self._told.good_at(up):
            return self._told.at(up)
        reading = self.reading()
        return reading.time if reading.trusted else None

    @property
    def offset_s(self) -> float | None:
        """How many seconds the computer's clock is ahead of central's; None if not measured."""
        if self._told is None:
            return None
        glance = self._glance()
        return (glance.wall - self._told.at(glance.uptime)).total_seconds()

    @property
    def disagrees(self) -> bool:
        """A time daemon keeps this clock right, and central's is another."""
        self.reading()
        return clock.disagree(self._fix, self._told)

    async def heard(self, central: datetime | None, asked_at: float) -> None:
        """Central has answered, just now, a question of that uptime; `central` is its time. Noted
        now and then, for the next start."""
        up = self.uptime
        if central is not None:
            self._take(clock.measured(central, asked_at, up))
        self.peers.caught_up(asked_at)
        reading = self.reading()
        self._heard_up, self.heard_at = up, reading.time
        due = self._noted_up is None or up - self._noted_up >= NOTED_EVERY_S
        if due and reading.trusted:
            await self._note(reading.time)
            self._noted_up, self._noted_at = up, reading.time

    def doubt(self) -> Doubts:
        """A Pi has no clock of its own: without a network it starts in the past."""
        reading, up = self.reading(), self.uptime
        ago = timedelta.max
        if self._heard_up is not None:
            ago = timedelta(seconds=up - self._heard_up)
        elif self.heard_at is not None:
            ago = max(timedelta(0), reading.time - self.heard_at)
        cut_off, in_touch = self.peers.cut_off(up), self.peers.in_touch(up)
        return Doubts(reading.trusted, ago, cut_off, in_touch)

    def _take(self, told: Fix | None) -> None:
        if told is None:
            return
        self.reading()
        self._told = told
        if clock.is_behind(told.time, self._ledger.newest) and not clock.agree(self._fix, told):
            self._behind.failed(
                "central's clock is behind what central has told: it is not believed;"
                " set it, or let a time server do so"
            )
        else:
            self._behind.healed("central's clock makes sense again")
            self._fix = clock.better(self._fix, told)
        self._tell_disagreement(told)

    def _tell_disagreement(self, told: Fix) -> None:
        disagree = clock.disagree(self._fix, told)
        if self._fix and disagree and not self._disagreed:
            apart = clock.apart(self._fix, told)
            log.warning(
                "clock disagreement: a time daemon keeps this clock right, and central's is %.0f s"
                " %s; this one is believed; does a time server keep central's?",
                abs(apart),
                "behind" if apart > 0 else "ahead",
            )
        elif self._disagreed and not disagree:
            log.info("this clock and central's agree again")
        self._disagreed = disagree

    def _glance(self) -> Glance:
        """Whether the wall clock is right is asked after it: setting it ends that."""
        wall = self._clocks.wall()
        return Glance(wall, self._clocks.uptime(), self._clocks.synchronised())

    @property
    def _known(self) -> datetime | None:
        """The newest time on record."""
        times = (self._ledger.newest, self._noted_at, self._last)
        return max((time for time in times if time is not None), default=None)

    async def _note(self, heard_at: datetime) -> None:
        await self._ledger.note_heard(heard_at)
        if (boot := self._clocks.boot()) and self._fix is not None:
            await self._outbox.put_note("clock", json.dumps([boot, unstructure(self._fix)]))

    def _noted_fix(self) -> Fix | None:
        """The one before the daemon was restarted, if the computer was not."""
        try:
            boot, fix = json.loads(self._outbox.note("clock"))
            return structure(fix, Fix) if boot and boot == self._clocks.boot() else None
        except (ValueError, TypeError):
            return None


def _last_told(outbox: Outbox) -> datetime | None:
    told = outbox.after(outbox.last - 1, 1)
    return told[0].at if told else None
