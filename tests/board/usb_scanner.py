"""Scanners on the board's USB: gadgets of its own kernel, plugged into its own host ports.

Needs root, configfs on /sys/kernel/config and dummy_hcd (kernel: Documentation/usb/gadget_configfs,
gadget_hid; the boot keyboard's report of USB HID 1.11, appendix B). Every name must be new.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from udev import wait_for, wait_until

_GADGETS = Path("/sys/kernel/config/usb_gadget")
_SOCKETS = Path("/sys/class/udc")
_KEYBOARD = bytes.fromhex(
    "05010906a101050719e029e71500250175019508810295017508810395057501"
    "050819012905910295017503910395067508150025650507190029658100c0"
)
"""Report descriptor: a byte of modifiers, a spare one, five lamps, six keys."""
_SHIFT = 0x02
KEY_S = 0.02
_LETTERS = {chr(ord("a") + n): 4 + n for n in range(26)}
_DIGITS = {str((n + 1) % 10): 30 + n for n in range(10)}
_USAGES = _LETTERS | _DIGITS | {"\n": 40, "-": 45}


class _Gadget:
    def __init__(self, name: str, function: str, product: str, serial: str) -> None:
        self._root = _GADGETS / name
        self.function = self._root / "functions" / f"{function}.{name}"
        self.function.mkdir(parents=True)
        texts = self._root / "strings/0x409"
        texts.mkdir()
        for place, value in (
            (self._root / "idVendor", "0x1d6b"),
            (self._root / "idProduct", "0x0104"),
            (texts / "manufacturer", "Maker"),
            (texts / "product", product),
            (texts / "serialnumber", serial),
        ):
            place.write_text(value)
        self._configuration = self._root / "configs/c.1"
        self._configuration.mkdir()

    def ready(self) -> None:
        """The function is set up."""
        (self._configuration / self.function.name).symlink_to(self.function)

    def plug(self, socket: int) -> None:
        """Return when the host talks to it."""
        (self._root / "UDC").write_text(f"dummy_udc.{socket}")
        state = _SOCKETS / f"dummy_udc.{socket}/state"
        wait_until(lambda: state.read_text() == "configured\n", f"socket {socket} is used")

    def unplug(self) -> None:
        (self._root / "UDC").write_text("\n")


class KeyboardScanner:
    """Types; `socket` is the number of the host port, each holds one scanner."""

    def __init__(self, name: str, socket: int, product: str = "Scanner", serial: str = "") -> None:
        self._gadget = _Gadget(name, "hid", product, serial)
        self._socket = socket
        for file, value in (("protocol", "1"), ("subclass", "1"), ("report_length", "8")):
            (self._gadget.function / file).write_text(value)
        (self._gadget.function / "report_desc").write_bytes(_KEYBOARD)
        self._gadget.ready()
        minor = (self._gadget.function / "dev").read_text().strip().partition(":")[2]
        self._node = Path(f"/dev/hidg{minor}")
        self._fd = -1

    def plug(self) -> None:
        self._gadget.plug(self._socket)
        wait_for(self._node)
        self._fd = os.open(self._node, os.O_RDWR)

    def unplug(self) -> None:
        os.close(self._fd)
        self._gadget.unplug()

    def scan(self, text: str) -> None:
        """As fast as a scanner that is polled every 10 ms types."""
        for char in text:
            self.type(char)
            time.sleep(KEY_S)

    def type(self, text: str) -> None:
        """Blocks until the host has polled every key; capital letters with Shift. Much faster than
        any scanner: who does not read at once loses keys, for the kernel keeps some ten."""
        for char in text:
            modifiers = _SHIFT if char.isupper() else 0
            os.write(self._fd, bytes((modifiers, 0, _USAGES[char.lower()], 0, 0, 0, 0, 0)))
            os.write(self._fd, bytes(8))


class SerialScanner:
    """A virtual COM port."""

    def __init__(self, name: str, socket: int, product: str = "Scanner", serial: str = "") -> None:
        self._gadget = _Gadget(name, "acm", product, serial)
        self._socket = socket
        self._gadget.ready()
        number = (self._gadget.function / "port_num").read_text().strip()
        self._node = Path(f"/dev/ttyGS{number}")
        self._fd = -1

    def plug(self) -> None:
        self._gadget.plug(self._socket)
        wait_for(self._node)
        self._fd = os.open(self._node, os.O_RDWR | os.O_NOCTTY)

    def unplug(self) -> None:
        os.close(self._fd)
        self._gadget.unplug()

    def send(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._fd, data) :]
