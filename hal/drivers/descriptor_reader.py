"""What the scanners on a file descriptor have in common: they wake up by `add_reader`."""

from __future__ import annotations

import asyncio
import errno
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import ClassVar, Protocol, Self

from hal.drivers.hotplug import plugged
from hal.drivers.mailbox import Mailbox
from hal.drivers.scan_text import ScanOptions, read_scan
from hal.ports import DeviceFault, Scan

log = logging.getLogger("wicket.hal.reader")


class Decoder(Protocol):
    half_codes: int


class DescriptorReader(ABC):
    """A CodeReader; the subclass opens the descriptor and makes codes of what it reads there."""

    subsystem: ClassVar[str]
    """As udev calls it."""
    group: ClassVar[str]
    """Who may open the device, by udev's rules."""
    _decoder: Decoder

    def __init__(self, name: str, path: Path, options: ScanOptions) -> None:
        self.name = name
        self._path = path
        self._scan_options = options
        self._box = Mailbox[Scan](name)
        self._watched: int | None = None
        self._half_codes = 0

    @abstractmethod
    def _open(self) -> tuple[int, Decoder]:
        """The open descriptor, not blocking, and what decodes it, new. Raises OSError and leaves
        nothing open then."""

    @abstractmethod
    def _read(self) -> Iterable[str]:
        """The codes complete now, as they came. Raises OSError when the device is lost."""

    @abstractmethod
    def _close(self) -> None: ...

    async def __aenter__(self) -> Self:
        self._box = Mailbox(self.name)
        self._half_codes = 0
        try:
            self._watched, self._decoder = self._open()
        except OSError as error:
            raise self._fault("cannot be opened", error) from error
        asyncio.get_running_loop().add_reader(self._watched, self._readable)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._unwatch()
        self._close()

    def scans(self) -> AsyncIterator[Scan]:
        return self._box.items()

    async def plugged(self) -> None:
        """Return when the device may be there again (see hotplug.plugged)."""
        await plugged(self._path, self.subsystem)

    def _readable(self) -> None:
        try:
            for raw in self._read():
                if text := read_scan(raw, self._scan_options):
                    self._box.put(Scan(text))
        except BlockingIOError:
            return
        except OSError as error:
            self._unwatch()
            self._box.fail(self._fault("is lost", error))
        self._tell_half_codes()

    def _tell_half_codes(self) -> None:
        if self._decoder.half_codes > self._half_codes:
            level = logging.DEBUG if self._half_codes else logging.WARNING
            self._half_codes = self._decoder.half_codes
            log.log(
                level,
                "%s: a code was begun and its end did not come, so it is dropped (%d so far); "
                "is the scanner set to end each with Enter or CR?",
                self.name,
                self._half_codes,
            )

    def _fault(self, what: str, error: OSError) -> DeviceFault:
        return DeviceFault(self.name, f"{what}: {error.strerror or error}", self._hint(error))

    def _hint(self, error: OSError) -> str:
        if error.errno == errno.EBUSY:
            return f"stop the other program that uses {self._path}; does a second gate run?"
        if error.errno == errno.EACCES:
            return f"put the user of this daemon into group {self.group}"
        return f"is the scanner plugged in at {self._path}?"

    def _unwatch(self) -> None:
        if self._watched is not None:
            asyncio.get_running_loop().remove_reader(self._watched)
        self._watched = None
