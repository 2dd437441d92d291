"""A plain text display on a serial line, such as a customer display of two rows of 20."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hal.drivers.display_text import rows_of
from hal.drivers.serial_port import check_baud, open_port
from hal.ports import DeviceFault, Notice
from hal.registry import Devices

_ASCII = bytes(range(0x20, 0x7F))

PATIENCE_S = 2.0
"""Seconds in which a display takes a notice that its line has no room for at first."""


class TextDisplay:
    """Sends `clear`, the rows, each filled up with blanks unless there is a `new_row`, and nothing
    else that is not printable. It cannot know whether the display is there or shows anything."""

    @dataclass(frozen=True)
    class Options:
        """`encoding`: the code page that the display is set to, by Python's name.
        `start`, `clear`, `new_row`: what it wants to be sent when opened, to clear it and go to
        its first place, and between rows; control characters as `\\u001b`.
        """

        port: Path
        baud: int = 9600
        columns: int = 20
        rows: int = 2
        encoding: str = "cp437"
        start: str = ""
        clear: str = "\f"
        new_row: str = ""

        def __post_init__(self) -> None:
            check_baud(self.baud)
            if self.columns < 1 or self.rows < 1:
                raise ValueError("columns and rows must be at least 1")
            try:
                usable = _ASCII.decode("ascii").encode(self.encoding) == _ASCII
            except (LookupError, UnicodeError, ValueError) as error:
                raise ValueError(f"no such encoding: {self.encoding!r}; try cp437") from error
            if not usable:
                raise ValueError(f"{self.encoding!r} is no code page that contains ASCII")
            for sequence in (self.start, self.clear, self.new_row):
                try:
                    sequence.encode("latin-1")
                except UnicodeError as error:
                    raise ValueError(f"{sequence!r} has characters above \\u00ff") from error

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        self._options = options
        self._fd = -1

    async def __aenter__(self) -> Self:
        options = self._options
        try:
            self._fd = open_port(options.port, options.baud, os.O_WRONLY)
        except OSError as error:
            raise self._fault("cannot be opened", error) from error
        try:
            await self._send(options.start.encode("latin-1"))
        except BaseException:
            os.close(self._fd)
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        os.close(self._fd)

    async def show(self, notice: Notice) -> None:
        options = self._options
        rows = rows_of(notice, options.encoding, options.columns, options.rows)
        clear, new_row = options.clear.encode("latin-1"), options.new_row.encode("latin-1")
        if not new_row:
            rows = [row.ljust(options.columns) for row in rows[:-1]] + rows[-1:]
        await self._send(clear + new_row.join(rows))

    async def _send(self, data: bytes) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while data:
                    try:
                        data = data[os.write(self._fd, data) :]
                    except BlockingIOError:
                        await self._room()
        except TimeoutError as error:
            raise self._fault("takes no text", error) from error
        except OSError as error:
            raise self._fault("is lost", error) from error

    async def _room(self) -> None:
        loop = asyncio.get_running_loop()
        room = asyncio.Event()
        loop.add_writer(self._fd, room.set)
        try:
            await room.wait()
        finally:
            loop.remove_writer(self._fd)

    def _fault(self, what: str, error: OSError) -> DeviceFault:
        why = f": {error.strerror}" if error.strerror else ""
        hint = f"is the display plugged in at {self._options.port} and free for group dialout?"
        return DeviceFault(self.name, what + why, hint)
