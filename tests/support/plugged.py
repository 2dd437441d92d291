"""The files that a kernel and udev make for what is plugged in, in a folder of the test's own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Usb:
    """`serial` empty: it has none, as most cheap devices."""

    maker: str = "Honeywell"
    model: str = "Voyager 1450g"
    serial: str = "SN0001"
    vendor: str = "0c2e"
    product: str = "0b61"

    @property
    def id(self) -> str:
        """The middle of the name that udev gives."""
        parts = (part[:60] for part in (self.maker, self.model, self.serial) if part)
        return "_".join(parts).replace(" ", "_")


@dataclass
class Machine:
    """`root` has a dev and a sys; sockets count from 1."""

    root: Path
    sockets: int = 0

    def scanner(self, usb: Usb = Usb()) -> str:
        """One that types. Its name by socket; by id it is the last one plugged in of its kind."""
        return self._plug(usb, "input", "event", "by-path/pci-usb-0:{socket}:1.0-event-kbd")

    def serial(self, usb: Usb = Usb()) -> str:
        return self._plug(usb, "tty", "ttyUSB", "by-path/pci-usb-0:{socket}:1.0-port0")

    def printer(self, usb: Usb) -> None:
        socket = self._device(usb)
        (self.root / "dev/usb").mkdir(parents=True, exist_ok=True)
        (self.root / "dev/usb/lp0").touch()
        self._class("usbmisc", "lp0", socket)

    def card_reader(self, usb: Usb) -> None:
        socket = self._device(usb, interface_class="0b")
        self._link(self.root / f"sys/bus/usb/devices/1-{self.sockets}:1.0", socket)

    def _plug(self, usb: Usb, kind: str, node: str, by_path: str) -> str:
        socket = self._device(usb)
        name = f"{node}{self.sockets}"
        folder = self.root / "dev" / ("input" if kind == "input" else "serial")
        place = folder / name if kind == "input" else self.root / "dev" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
        self._class(kind, name, socket)
        end = "-event-kbd" if kind == "input" else "-if00-port0"
        self._link(folder / f"by-id/usb-{usb.id}{end}", place)
        path = folder / by_path.format(socket=self.sockets)
        self._link(path, place)
        return f"/{path.relative_to(self.root)}"

    def _device(self, usb: Usb, interface_class: str = "03") -> Path:
        """The folder of its first interface in sysfs."""
        self.sockets += 1
        device = self.root / f"sys/devices/usb1/1-{self.sockets}"
        interface = device / f"1-{self.sockets}:1.0"
        interface.mkdir(parents=True)
        said = {
            "idVendor": usb.vendor,
            "idProduct": usb.product,
            "manufacturer": usb.maker,
            "product": usb.model,
            "serial": usb.serial,
        }
        for file, text in said.items():
            if text:
                (device / file).write_text(f"{text}\n")
        (interface / "bInterfaceNumber").write_text("00\n")
        (interface / "bInterfaceClass").write_text(f"{interface_class}\n")
        return interface

    def _class(self, kind: str, name: str, interface: Path) -> None:
        self._link(self.root / f"sys/class/{kind}/{name}/device", interface)

    def _link(self, link: Path, target: Path) -> None:
        """As udev: relative, and the last one of a name wins."""
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(target, link.parent))
