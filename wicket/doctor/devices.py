"""Are the configured devices there, and may the daemon open them? None is opened."""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from hal.discovery import CannotLook, gpio_labels, pcscd_socket
from wicket.doctor.finding import Examined, Finding, ok, wrong

READ_WRITE = 6
GPIO_DRIVERS = ("gpiozero", "gpiod")
CARD_DRIVERS = ("nfc",)
HEADER = "pinctrl-"
"""How the labels of the chips behind a Raspberry Pi's header begin."""


def device_nodes(it: Examined) -> Iterator[Finding]:
    """Every path below /dev that a device table names."""
    named: dict[str, str] = {}
    for place, table in it.tables():
        for value in table.values():
            if isinstance(value, str) and value.startswith("/dev/"):
                named.setdefault(value, place)
    for path, place in named.items():
        yield _node(it, place, path)


def _node(it: Examined, place: str, path: str) -> Finding:
    node = it.root / path.removeprefix("/")
    try:
        mode, may = node.stat().st_mode, it.user.may(node, READ_WRITE)
    except OSError:
        return wrong(
            f"{place}: {path} is not there",
            "plug it in; `wicket devices` shows what is plugged in and how it is called",
        )
    if stat.S_ISDIR(mode):
        return wrong(f"{place}: {path} is a folder", "name the device itself")
    if not may:
        group = _group(node)
        return wrong(
            f"{place}: {it.user.name} may not open {path}",
            f"sudo usermod -aG {group} {it.user.name}, then start it anew",
        )
    return ok(f"{place}: {path}")


def gpio(it: Examined) -> Iterator[Finding]:
    """The chip of each configured line."""
    wanted = [
        (place, table.get("chip"))
        for place, table in it.tables()
        if table["driver"] in GPIO_DRIVERS and table.get("factory") != "mock"
    ]
    if not wanted:
        return
    nodes = sorted((it.root / "dev").glob("gpiochip*"))
    for node in nodes:
        if not it.user.may(node, READ_WRITE):
            group = _group(node)
            yield wrong(
                f"{it.user.name} may not open /dev/{node.name}",
                f"sudo usermod -aG {group} {it.user.name}, then start it anew",
            )
            return
    try:
        labels = gpio_labels(it.root)
    except CannotLook as why:
        yield wrong(f"GPIO chips cannot be looked at: {why}", "see what it says")
        return
    has = f"this computer has {', '.join(labels) or 'none'}"
    for place, chip in dict(wanted).items():
        if chip is None and any(label.startswith(HEADER) for label in labels):
            continue
        if chip in labels:
            continue
        yield wrong(
            f"{place}: no GPIO chip {chip or HEADER + '…'}; {has}",
            "is this the computer that it was written for? `wicket devices` shows its chips",
        )
        return
    yield ok(f"GPIO: {', '.join(labels)}")


def pcscd(it: Examined) -> Iterator[Finding]:
    """The daemon behind card readers, if one is configured."""
    places = [place for place, table in it.tables() if table["driver"] in CARD_DRIVERS]
    if not places:
        return
    cure = "apt install pcscd; systemctl enable --now pcscd.socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as unix:
        try:
            unix.connect(str(pcscd_socket(it.root)))
        except OSError as error:
            yield wrong(f"{places[0]}: pcscd does not answer ({error.strerror or error})", cure)
            return
    yield ok("pcscd answers")


def _group(node: Path) -> str:
    try:
        return node.group()
    except KeyError:
        return str(node.stat().st_gid)
