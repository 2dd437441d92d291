"""A card reader on two GPIO lines (Wiegand D0 and D1), timed by the kernel."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

import gpiod
from gpiod.line import Bias, Direction, Edge

from hal.drivers import gpio_chips
from hal.drivers.mailbox import Mailbox
from hal.drivers.wiegand_frames import GAP_S, WiegandFrames
from hal.ports import DeviceFault, Scan
from hal.registry import Devices

log = logging.getLogger("wicket.hal.reader")


class WiegandReader:
    """A card of 26 or 34 bits is the scan "CARD:26:2A31C0". The lines rest high and a pulse takes
    them low; a reader gives 5 V: shift it down to 3.3 V, or the Pi dies."""

    @dataclass(frozen=True)
    class Options:
        """`d0`, `d1`: numbers of the lines, on the header the BCM numbers. `chip`: the label of the
        GPIO chip, if it is not that of the header."""

        d0: int
        d1: int
        chip: str = ""

        def __post_init__(self) -> None:
            if self.d0 == self.d1:
                raise ValueError("d0 and d1 are two lines")

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        self._options = options
        self._box = Mailbox[Scan](name)
        self._frames = WiegandFrames()
        self._broken = 0
        self._ending: asyncio.TimerHandle | None = None
        self._request: gpiod.LineRequest

    async def __aenter__(self) -> Self:
        pulses = gpiod.LineSettings(
            direction=Direction.INPUT, edge_detection=Edge.FALLING, bias=Bias.PULL_UP
        )
        try:
            self._request = gpiod.request_lines(
                str(gpio_chips.find(self._options.chip)),
                consumer=f"wicket {self.name}"[:31],
                config={(self._options.d0, self._options.d1): pulses},
                event_buffer_size=256,
            )
        except (OSError, ValueError) as error:
            raise self._fault(error) from error
        self._box, self._frames, self._broken = Mailbox(self.name), WiegandFrames(), 0
        asyncio.get_running_loop().add_reader(self._request.fd, self._read)
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._ending:
            self._ending.cancel()
        asyncio.get_running_loop().remove_reader(self._request.fd)
        self._request.release()

    def scans(self) -> AsyncIterator[Scan]:
        return self._box.items()

    def _read(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            events = self._request.read_edge_events()
        except OSError as error:
            loop.remove_reader(self._request.fd)
            self._box.fail(self._fault(error))
            return
        for event in events:
            bit = int(event.line_offset == self._options.d1)
            self._tell(self._frames.pulse(bit, event.timestamp_ns / 1e9))
        if self._ending:
            self._ending.cancel()
        self._ending = loop.call_later(GAP_S, self._end)

    def _end(self) -> None:
        """The lines have been silent: whatever was begun is over."""
        due = self._frames.due
        if due is not None:
            self._tell(self._frames.look(due))

    def _tell(self, card: str | None) -> None:
        if card:
            self._box.put(Scan(card))
        if self._frames.broken > self._broken:
            level = logging.DEBUG if self._broken else logging.WARNING
            self._broken = self._frames.broken
            log.log(
                level,
                "%s: no whole card was read (%d times so far); are D0 and D1 shielded, is the card "
                "one of 26 or 34 bits?",
                self.name,
                self._broken,
            )

    def _fault(self, error: Exception) -> DeviceFault:
        return DeviceFault(
            self.name,
            f"GPIO {self._options.d0} and {self._options.d1} cannot be used: {error}",
            "is this a Raspberry Pi, is a pin used twice, is the user in group gpio?",
        )
