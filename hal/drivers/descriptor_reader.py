"""What the code readers on a file descriptor have in common: they wake up by `add_reader`."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable
from typing import Self

from hal.drivers.mailbox import Mailbox
from hal.ports import DeviceFault, Scan


class DescriptorReader(ABC):
    """A CodeReader; the subclass opens the descriptor and makes codes of what it reads there."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._box = Mailbox[Scan](name)
        self._watched: int | None = None

    @abstractmethod
    def _open(self) -> int:
        """The open descriptor, not blocking. Raises OSError and leaves nothing open then."""

    @abstractmethod
    def _read(self) -> Iterable[str]:
        """The codes complete now. Raises OSError when the device is lost."""

    @abstractmethod
    def _close(self) -> None: ...

    @abstractmethod
    def _hint(self) -> str:
        """What the operator should look at when the device is lost."""

    async def __aenter__(self) -> Self:
        self._box = Mailbox(self.name)
        try:
            self._watched = self._open()
        except OSError as error:
            raise DeviceFault(
                self.name, f"cannot be opened: {error.strerror or error}", self._hint()
            ) from error
        asyncio.get_running_loop().add_reader(self._watched, self._readable)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._unwatch()
        self._close()

    def scans(self) -> AsyncIterator[Scan]:
        return self._box.items()

    def _readable(self) -> None:
        try:
            for code in self._read():
                self._box.put(Scan(code))
        except BlockingIOError:
            return
        except OSError as error:
            self._unwatch()
            problem = f"is lost: {error.strerror or error}"
            self._box.fail(DeviceFault(self.name, problem, self._hint()))

    def _unwatch(self) -> None:
        if self._watched is not None:
            asyncio.get_running_loop().remove_reader(self._watched)
        self._watched = None
