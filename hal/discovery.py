"""What is plugged into this computer, and the device tables that would use it.

Read from the names that udev gives and from sysfs; nothing is opened that another program may
want for itself. `root` is / except on another system's file tree.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

from hal.ports import CodeReader, OutputLine, TicketPrinter

CH340 = "1a86"
"""USB vendor (WCH) of the serial chip on cheap relay boards; scanners do not use it."""
CARD_INTERFACE = "0b"
"""USB interface class of smart card readers (CCID)."""
SHOWN = 80
"""A name that a device gives itself is cut after so many characters."""


@dataclass(frozen=True, slots=True)
class Found:
    """A device; `table` is what to write into the configuration for it, if a driver fits."""

    what: str
    port: type[Any] | None = None
    table: Mapping[str, Any] | None = None
    remarks: tuple[str, ...] = ()


class CannotLook(Exception):
    """Whether there are such devices cannot be told; says why and what to do."""


@dataclass(frozen=True, slots=True)
class Family:
    """`places`: what is looked at; `group`: whoever opens such a device must be in it."""

    name: str
    places: str
    group: str
    find: Callable[[Path], list[Found]]


@dataclass(frozen=True, slots=True)
class _Usb:
    """What a USB device says of itself, and which of its interfaces is meant."""

    vendor: str
    product: str
    maker: str
    model: str
    serial: str
    interface: str

    def __str__(self) -> str:
        model = self.model or f"USB device {self.vendor}:{self.product}"
        name = model if model.startswith(self.maker) else f"{self.maker} {model}"
        return f"{name}, serial number {self.serial}" if self.serial else name


@dataclass(frozen=True, slots=True)
class _Node:
    """A device node: `name` is how to call it so that it is found again."""

    path: Path
    name: Path
    usb: _Usb | None
    remarks: tuple[str, ...]

    @property
    def what(self) -> str:
        return str(self.usb) if self.usb else self.name.name


def typing_scanners(root: Path) -> list[Found]:
    """Whatever types: a scanner in keyboard mode cannot be told from a keyboard."""
    nodes = _nodes(root, "dev/input", "*-event-kbd", "sys/class/input")
    return [
        Found(
            f"{node.what} (types like a keyboard)",
            CodeReader,
            {"driver": "evdev", "device": _written(node.name, root)},
            node.remarks,
        )
        for node in nodes
    ]


def serial_devices(root: Path) -> list[Found]:
    """Scanners, relay boards and RS-485 adapters on USB serial lines."""
    return [
        _relay_board(node, root) if node.usb and node.usb.vendor == CH340 else _reader(node, root)
        for node in _nodes(root, "dev/serial", "*", "sys/class/tty")
    ]


def _reader(node: _Node, root: Path) -> Found:
    table = {"driver": "serial", "port": _written(node.name, root)}
    return Found(f"{node.what} (serial)", CodeReader, table, node.remarks)


def _relay_board(node: _Node, root: Path) -> Found:
    table = {"driver": "serial_relay", "port": _written(node.name, root), "relay": 1}
    remark = "chip CH340, as on USB relay boards: one table for each relay, counted from 1"
    return Found(f"{node.what} (serial)", OutputLine, table, (*node.remarks, remark))


def card_readers(root: Path) -> list[Found]:
    """Those that pcscd has; it must run."""
    plugged = [usb for usb in _usb_interfaces(root) if _is_card_reader(usb)]
    if not pcscd_socket(root).exists():
        if plugged:
            names = ", ".join(str(_usb_of(folder)) for folder in plugged)
            raise CannotLook(f"{names} is plugged in, but pcscd does not run; apt install pcscd")
        return []
    try:
        names = _vendor("hal.drivers.pcsc_readers", "names", "nfc")()
    except OSError as error:
        raise CannotLook(str(error)) from error
    return [
        Found(f"{_plain(name)} (cards)", CodeReader, {"driver": "nfc", "reader": name})
        for name in names
    ]


def pcscd_socket(root: Path) -> Path:
    """Where pcscd listens, by its own variable as libpcsclite reads it, or as it comes."""
    return Path(os.environ.get("PCSCLITE_CSOCK_NAME") or root / "run/pcscd/pcscd.comm")


def gpio_chips(root: Path) -> list[Found]:
    """By label, with the lines that nobody uses."""
    nodes = sorted((root / "dev").glob("gpiochip*"))
    if not nodes:
        return []
    look = _vendor("hal.drivers.gpio_chips", "look", "gpio")
    found = []
    for node in nodes:
        try:
            chip = look(node)
        except OSError as error:
            found.append(Found(f"{node.name}: {error.strerror}", remarks=_closed_to_us(node)))
            continue
        what = f"GPIO chip {chip.label} ({_written(node, root)}), {chip.size} lines"
        used = ", ".join(f"{line} ({_plain(who)})" for line, who in chip.used)
        remarks = (f"lines to choose from: {_ranges(chip.usable)}", f"in use: {used or 'none'}")
        table = None
        if chip.usable:
            table = {"driver": "gpiod", "chip": chip.label, "pin": chip.usable[0]}
        found.append(Found(what, OutputLine if table else None, table, remarks))
    return found


def gpio_labels(root: Path) -> list[str]:
    """The chips that this user may open. Raises CannotLook."""
    nodes = sorted((root / "dev").glob("gpiochip*"))
    if not nodes:
        return []
    label = _vendor("hal.drivers.gpio_chips", "label", "gpio")
    try:
        return [label(node) for node in nodes]
    except OSError as error:
        raise CannotLook(f"a GPIO chip cannot be asked: {error.strerror}") from error


def printers(root: Path) -> list[Found]:
    """USB printers that the kernel gives a node."""
    found = []
    for path in sorted((root / "dev/usb").glob("lp*")):
        usb = _usb_of((root / "sys/class/usbmisc" / path.name / "device").resolve())
        table = {"driver": "escpos", "target": "device", "path": _written(path, root)}
        what = f"{usb or path.name} (printer)"
        found.append(Found(what, TicketPrinter, table, _closed_to_us(path)))
    return found


FAMILIES = (
    Family("Scanners that type", "/dev/input/by-id, by-path", "input", typing_scanners),
    Family("Serial scanners and relays", "/dev/serial/by-id, by-path", "dialout", serial_devices),
    Family("Card readers", "pcscd", "", card_readers),
    Family("GPIO chips", "/dev/gpiochip*", "gpio", gpio_chips),
    Family("Printers", "/dev/usb/lp*", "lp", printers),
)


def _vendor(module: str, name: str, extra: str) -> Any:
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as missing:
        raise CannotLook(f"needs {missing.name}; install wicket[{extra}]") from missing


def _nodes(root: Path, folder: str, pattern: str, classes: str) -> Iterator[_Node]:
    """Every device that udev named, once, under the name that stays its own."""
    by_id = _links(root / folder / "by-id", pattern)
    by_path = _links(root / folder / "by-path", pattern)
    paths = sorted(by_id.keys() | by_path.keys())
    usbs = {path: _usb_of((root / classes / path.name / "device").resolve()) for path in paths}
    count = Counter(usb for usb in usbs.values() if usb)
    for path in paths:
        usb = usbs[path]
        alike = usb is not None and count[usb] > 1
        name = by_path.get(path) if alike else by_id.get(path) or by_path.get(path)
        remarks = _closed_to_us(path)
        if alike:
            remarks += ("another one says the same of itself: this is the socket it is in",)
        yield _Node(path, name or path, usb, remarks)


def _links(folder: Path, pattern: str) -> dict[Path, Path]:
    """Node → the link to it; of several the first in order, which systemd's older form is."""
    links = sorted(folder.glob(pattern), reverse=True)
    return {link.resolve(): link for link in links if link.exists()}


def _usb_interfaces(root: Path) -> list[Path]:
    folder = root / "sys/bus/usb/devices"
    return [path.resolve() for path in sorted(folder.glob("*")) if ":" in path.name]


def _is_card_reader(interface: Path) -> bool:
    return _read(interface / "bInterfaceClass") == CARD_INTERFACE


def _usb_of(folder: Path) -> _Usb | None:
    """The USB device that a folder of sysfs belongs to."""
    interface = ""
    for place in (folder, *folder.parents):
        interface = interface or _read(place / "bInterfaceNumber")
        if vendor := _read(place / "idVendor"):
            names = (_read(place / name) for name in ("manufacturer", "product", "serial"))
            maker, model, serial = map(_plain, names)
            return _Usb(vendor, _read(place / "idProduct"), maker, model, serial, interface)
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def _plain(text: str) -> str:
    """One short line of printable characters: devices may call themselves anything."""
    return "".join(char if char.isprintable() else "?" for char in text[:SHOWN])


def _closed_to_us(path: Path) -> tuple[str, ...]:
    if os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        return ()
    try:
        group = path.group()
    except (KeyError, OSError):
        group = "?"
    return (f"this user may not open it; it is for group {group}",)


def _written(path: Path, root: Path) -> str:
    """As it is called on the system itself."""
    return f"/{path.relative_to(root)}"


def _ranges(numbers: Sequence[int]) -> str:
    """[2, 3, 4, 9] as "2-4, 9"."""
    if not numbers:
        return "none"
    breaks = [i for i, (a, b) in enumerate(pairwise(numbers), 1) if b != a + 1]
    runs = [numbers[i:j] for i, j in pairwise([0, *breaks, len(numbers)])]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
