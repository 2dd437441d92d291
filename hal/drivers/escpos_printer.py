"""A receipt printer that speaks ESC/POS: on the network, at a device node, or into a file."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from hal.drivers.escpos_bytes import Paper, render
from hal.drivers.escpos_wire import Wire, open_device, open_tcp
from hal.ports import DeviceFault, Slip
from hal.registry import Devices

_WHY_S = 1.0
"""How long a printer that got stuck may take to say why."""


class EscposPrinter:
    """A slip that is begun is sent to its end even if `print` is cancelled: a printer left in the
    middle of a picture takes the next slip for the rest of it."""

    @dataclass(frozen=True)
    class Options:
        """`target` "device": `path` is /dev/usb/lp0; "tcp": `host` and `port`; "file": the bytes
        are appended to `path` and on the disk when `print` returns. `status` false is for printers
        that cannot answer. `timeout_s` is for one slip."""

        target: Literal["file", "device", "tcp"]
        path: Path | None = None
        host: str | None = None
        port: int = 9100
        dots: int = 576
        columns: int = 48
        cut: bool = True
        status: bool = True
        timeout_s: float = 10.0

        def __post_init__(self) -> None:
            missing = "host" if self.target == "tcp" else "path"
            if getattr(self, missing) is None:
                raise ValueError(f"target {self.target!r} needs {missing!r}")
            self.paper  # noqa: B018 - says what is wrong with dots and columns

        @property
        def paper(self) -> Paper:
            return Paper(self.dots, self.columns, self.cut)

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        self.name = name
        self._options = options
        self._writing = threading.Lock()

    async def __aenter__(self) -> Self:
        """Find out whether the printer is there and has paper."""
        await asyncio.to_thread(self._deliver, b"")
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def print(self, slip: Slip) -> None:
        await asyncio.to_thread(self._render_and_deliver, slip)

    def _render_and_deliver(self, slip: Slip) -> None:
        self._deliver(render(slip, self._options.paper))

    def _deliver(self, data: bytes) -> None:
        with self._writing:
            try:
                if self._options.target == "file":
                    self._append(data)
                else:
                    self._converse(data)
            except TimeoutError as error:
                raise DeviceFault(
                    self.name,
                    f"did not finish within {self._options.timeout_s:g} s",
                    f"{self._look()}; if it cannot answer at all, set status = false",
                ) from error
            except OSError as error:
                problem = f"cannot be reached: {error.strerror or error}"
                raise DeviceFault(self.name, problem, self._look()) from error

    def _look(self) -> str:
        options = self._options
        place = f"{options.host}:{options.port}" if options.target == "tcp" else options.path
        return f"is it switched on, connected at {place}, with paper, its cover closed?"

    def _append(self, data: bytes) -> None:
        assert self._options.path is not None
        with self._options.path.open("ab") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def _converse(self, data: bytes) -> None:
        with self._connect() as wire:
            if self._options.status:
                wire.check()
            if not data:
                return
            try:
                wire.send(data)
                if self._options.status:
                    wire.finish()
            except TimeoutError:
                if self._options.status:
                    wire.deadline = time.monotonic() + _WHY_S
                    wire.check()
                raise

    def _connect(self) -> Wire:
        options = self._options
        if options.target == "tcp":
            assert options.host is not None
            return open_tcp(self.name, options.host, options.port, options.timeout_s)
        assert options.path is not None
        return open_device(self.name, options.path, options.timeout_s, answers=options.status)
