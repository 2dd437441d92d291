"""What is plugged in is found under the name that stays its own."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from support.plugged import Machine, Usb
from support.program import run_python

from hal.discovery import (
    CannotLook,
    Found,
    card_readers,
    gpio_chips,
    printers,
    serial_devices,
    typing_scanners,
)
from hal.ports import CodeReader, OutputLine, TicketPrinter

CHEAP = Usb("", "USB Scanner", "", "1234", "5678")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def tables(found: list[Found]) -> list[Mapping[str, Any] | None]:
    return [one.table for one in found]


def test_an_empty_machine_has_nothing(tmp_path: Path) -> None:
    for find in (typing_scanners, serial_devices, card_readers, gpio_chips, printers):
        assert find(tmp_path) == []


def test_a_scanner_that_types_is_found_by_its_id(machine: Machine) -> None:
    machine.scanner()
    device = "/dev/input/by-id/usb-Honeywell_Voyager_1450g_SN0001-event-kbd"
    (found,) = typing_scanners(machine.root)
    assert found == Found(
        "Honeywell Voyager 1450g, serial number SN0001 (types like a keyboard)",
        CodeReader,
        {"driver": "evdev", "device": device},
    )


def test_a_mouse_is_no_scanner(machine: Machine) -> None:
    machine.scanner()
    for link in (machine.root / "dev/input").rglob("*-event-kbd"):
        link.rename(link.with_name(link.name.replace("kbd", "mouse")))
    assert typing_scanners(machine.root) == []


def test_two_scanners_with_their_own_numbers_keep_their_ids(machine: Machine) -> None:
    for number in ("A", "B"):
        machine.scanner(Usb(serial=number))
    names = [table["device"] for table in tables(typing_scanners(machine.root)) if table]
    assert [Path(name).parent.name for name in names] == ["by-id", "by-id"]
    assert len(set(names)) == 2


def test_two_scanners_that_share_an_id_are_told_apart_by_their_sockets(machine: Machine) -> None:
    expected = [machine.scanner(CHEAP), machine.scanner(CHEAP)]
    machine.scanner()
    found = typing_scanners(machine.root)
    names = [table["device"] for table in tables(found) if table]
    assert names[:2] == expected
    assert [Path(name).parent.name for name in names[2:]] == ["by-id"]
    assert [bool(one.remarks) for one in found] == [True, True, False]


def test_a_serial_scanner_is_a_reader(machine: Machine) -> None:
    machine.serial(Usb(model="Xenon 1900"))
    (found,) = serial_devices(machine.root)
    assert found.port is CodeReader
    port = "/dev/serial/by-id/usb-Honeywell_Xenon_1900_SN0001-if00-port0"
    assert found.table == {"driver": "serial", "port": port}


def test_the_chip_of_a_relay_board_makes_an_output_line(machine: Machine) -> None:
    machine.serial(Usb("", "USB Serial", "", "1a86", "7523"))
    (found,) = serial_devices(machine.root)
    assert found.port is OutputLine
    assert found.table
    assert found.table["driver"] == "serial_relay"


def test_a_device_that_sysfs_does_not_know_is_called_by_its_link(machine: Machine) -> None:
    machine.serial()
    for device in (machine.root / "sys/class/tty").glob("*/device"):
        device.unlink()
    (found,) = serial_devices(machine.root)
    assert found.what == "usb-Honeywell_Voyager_1450g_SN0001-if00-port0 (serial)"


def test_a_link_that_leads_nowhere_is_passed_over(machine: Machine) -> None:
    machine.serial()
    for node in (machine.root / "dev").glob("ttyUSB*"):
        node.unlink()
    assert serial_devices(machine.root) == []


@pytest.mark.parametrize("said", ["\x1b[2J\nEvil", "x" * 10_000, "\u2028line", "\u202eright"])
def test_what_a_device_says_of_itself_cannot_upset_a_screen(machine: Machine, said: str) -> None:
    machine.scanner(Usb(model=said))
    (found,) = typing_scanners(machine.root)
    assert found.what.isprintable()
    assert len(found.what) < 300


def test_a_printer_is_found_with_its_name(machine: Machine) -> None:
    machine.printer(Usb("EPSON", "TM-T20III", "", "04b8", "0e28"))
    (found,) = printers(machine.root)
    assert found == Found(
        "EPSON TM-T20III (printer)",
        TicketPrinter,
        {"driver": "escpos", "target": "device", "path": "/dev/usb/lp0"},
    )


def test_a_card_reader_without_pcscd_says_what_to_do(machine: Machine) -> None:
    machine.scanner()
    machine.card_reader(Usb("ACS", "ACR122U", "", "072f", "2200"))
    with pytest.raises(CannotLook, match="ACS ACR122U is plugged in, but pcscd does not run"):
        card_readers(machine.root)


def test_a_pcscd_that_has_died_is_told(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "pcscd.comm"))
    run = run_python(
        "import os, sys\nfrom pathlib import Path\nfrom hal.discovery import card_readers\n"
        "os.environ['PCSCLITE_CSOCK_NAME'] = sys.argv[1]\ncard_readers(Path('/'))",
        str(tmp_path / "pcscd.comm"),
    )
    assert "CannotLook: pcscd does not answer" in run.stderr


@pytest.fixture
def closed_node(machine: Machine) -> Iterator[Path]:
    """A scanner of another user; we are nobody meanwhile if we were root."""
    machine.scanner()
    (node,) = (machine.root / "dev/input").glob("event*")
    node.chmod(0)
    for folder in (machine.root, *list(machine.root.parents)[:-2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    yield node
    node.chmod(0o600)


def test_a_device_that_may_not_be_opened_is_shown_with_its_group(
    machine: Machine, closed_node: Path
) -> None:
    was, group = os.geteuid(), closed_node.group()
    if was == 0:
        os.seteuid(65534)
    try:
        (found,) = typing_scanners(machine.root)
    finally:
        os.seteuid(was)
    assert found.remarks == (f"this user may not open it; it is for group {group}",)
