"""A scanner that types like a keyboard, through Linux' event devices (evdev)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from evdev import InputDevice, ecodes

from hal.drivers.descriptor_reader import DescriptorReader
from hal.drivers.keyboard_decoder import LAYOUTS, KeyboardDecoder
from hal.registry import Devices


class EvdevReader(DescriptorReader):
    """Grabs the device, so that the screen does not get the keys too."""

    @dataclass(frozen=True)
    class Options:
        """`device`: /dev/input/by-id/…, or by-path when two scanners share an id.
        `layout`: the keyboard that the scanner is set to imitate."""

        device: Path
        layout: Literal["us", "de"] = "us"

    def __init__(self, name: str, options: Options, devices: Devices) -> None:
        super().__init__(name)
        self._options = options
        self._decoder = KeyboardDecoder(LAYOUTS[options.layout])
        self._device: InputDevice[str] | None = None

    def _open(self) -> int:
        device = InputDevice(str(self._options.device))
        try:
            device.grab()
        except OSError:
            device.close()
            raise
        self._decoder = KeyboardDecoder(LAYOUTS[self._options.layout])
        self._device = device
        return device.fd

    def _read(self) -> Iterator[str]:
        assert self._device is not None
        for event in self._device.read():
            if event.type == ecodes.EV_SYN and event.code == ecodes.SYN_DROPPED:
                self._decoder.forget()
            elif event.type == ecodes.EV_KEY and (
                code := self._decoder.feed(event.code, event.value)
            ):
                yield code

    def _close(self) -> None:
        if self._device is not None:
            self._device.close()
        self._device = None

    def _hint(self) -> str:
        return f"is the scanner plugged in at {self._options.device} and free for group input?"
