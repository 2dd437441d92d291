"""Printing, at least once: a ticket too many is harmless, for it opens a gate once; one too few
leaves a visitor outside.

Each slip is noted before and after it is printed. So after a power cut the next start goes on with
the slip that nobody knows of, which then says that there may be another one of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from desk.centre import Centre, Refused
from desk.jobs import Job, Unreadable, marked
from desk.journal import Journal, Progress
from hal.ports import DeviceFault, TicketPrinter
from runtime.centre import CentreFault
from runtime.log import Repeats

log = logging.getLogger("wicket.desk")

T = TypeVar("T")

AGAIN_S = 1.0


class Press:
    """Prints what central wants, with a printer that its owner opens again after each fault."""

    def __init__(self, centre: Centre, journal: Journal) -> None:
        self._centre = centre
        self._journal = journal
        self._progress: Progress | None = None
        self._repeats = Repeats(log)

    async def run(self, printer: TicketPrinter) -> None:
        """Never returns. Raises DeviceFault; the job is gone on with when it is called again."""
        while True:
            for job in await self._until_told(self._centre.jobs):
                if isinstance(job, Unreadable):
                    log.error("job %d cannot be printed: %s", job.id, job.why)
                    await self._end(job.id, f"the desk cannot print that: {job.why}")
                else:
                    await self._print(printer, job)

    async def turn_down(self, why: str) -> None:
        """Prints nothing: staff are told why, instead of waiting. Never returns."""
        while True:
            for job in await self._until_told(self._centre.jobs):
                await self._end(job.id, why)

    async def _print(self, printer: TicketPrinter, job: Job) -> None:
        now = await self._standing()
        if now.job != job.id:
            now = Progress(job.id)
        for number, slip in enumerate(job.slips):
            if number < now.printed:
                continue
            again = now.begun and number == now.printed
            await self._note(Progress(job.id, number, begun=True))
            try:
                await printer.print(marked(slip, job.again) if again else slip)
            except DeviceFault:
                await self._note(Progress(job.id, number, begun=again))
                raise
            now = Progress(job.id, number + 1)
            await self._note(now)
        log.info("job %d is printed, slips: %d", job.id, len(job.slips))
        await self._end(job.id, "")
        await self._note(Progress())

    async def _end(self, job: int, fault: str) -> None:
        try:
            await self._until_told(lambda: self._centre.ended(job, fault))
        except Refused as refused:
            log.warning("central did not wait for job %d any more: %s", job, refused)

    async def _until_told(self, ask: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                answer = await ask()
            except CentreFault as fault:
                self._repeats.failed(str(fault))
                await asyncio.sleep(AGAIN_S)
            else:
                self._repeats.healed("central is there again")
                return answer

    async def _standing(self) -> Progress:
        if self._progress is None:
            try:
                self._progress = await self._journal.read()
            except OSError as error:
                self._no_journal(error)
                self._progress = Progress()
        return self._progress

    async def _note(self, progress: Progress) -> None:
        """A disk that cannot be written to keeps no visitor waiting: what is lost is only to know,
        after a power cut, how far it was."""
        self._progress = progress
        try:
            await self._journal.write(progress)
        except OSError as error:
            self._no_journal(error)

    def _no_journal(self, error: OSError) -> None:
        self._repeats.failed(
            f"what is printed is not noted: {error}; is the disk full or read-only? A power cut"
            " now may print a ticket twice"
        )
