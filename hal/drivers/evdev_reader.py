"""A scanner that types like a keyboard, through Linux' event devices (evdev)."""

from __future__ import annotations

import errno
import fcntl
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evdev import InputDevice

from hal.drivers.descriptor_reader import DescriptorReader
from hal.drivers.keyboard_decoder import KeyboardDecoder
from hal.drivers.keyboard_layout import load_layout
from hal.drivers.scan_text import ScanOptions
from hal.registry import Devices

_EVIOCSCLOCKID = 0x400445A0
"""linux/input.h: which clock stamps the events."""


class EvdevReader(DescriptorReader):
    """Grabs the device, so that the screen does not get the keys too."""

    subsystem, group = "input", "input"

    @dataclass(frozen=True, kw_only=True)
    class Options(ScanOptions):
        """`device`: /dev/input/by-id/…, or by-path when two scanners share an id.
        `layout`: the keyboard that the scanner is set to imitate, by its XKB name."""

        device: Path
        layout: str = "us"

        def __post_init__(self) -> None:
            super().__post_init__()
            load_layout(self.layout)

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        super().__init__(name, options.device, options)
        self._layout = load_layout(options.layout)
        self._gap_s = options.gap_s
        self._keys = KeyboardDecoder(self._layout, self._gap_s)
        self._device: InputDevice[str] | None = None

    def _open(self) -> tuple[int, KeyboardDecoder]:
        device = InputDevice(str(self._path))
        try:
            device.grab()
            fcntl.ioctl(device.fd, _EVIOCSCLOCKID, struct.pack("i", time.CLOCK_MONOTONIC))
        except OSError as error:
            device.close()
            if error.errno == errno.EBUSY:
                raise OSError(errno.EBUSY, "another program has grabbed it") from error
            raise
        self._device = device
        self._keys = KeyboardDecoder(self._layout, self._gap_s)
        return device.fd, self._keys

    def _read(self) -> Iterator[str]:
        assert self._device is not None
        for event in self._device.read():
            code = self._keys.feed(event.type, event.code, event.value, event.timestamp())
            if code:
                yield code

    def _close(self) -> None:
        if self._device is not None:
            self._device.close()
        self._device = None
