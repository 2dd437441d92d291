"""`wicket devices`: every table that it prints can be pasted as it is."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from support.plugged import Machine, Usb

from hal.registry import DRIVERS, Devices
from hal.sim.stage import Stage
from runtime.convert import structure
from wicket.__main__ import main
from wicket.devices import PLACES, inline_table, listing


def plug_everything(root: Path) -> Machine:
    machine = Machine(root)
    machine.scanner()
    for _ in range(2):
        machine.scanner(Usb("", 'Scan "2D" \\ µ', "", "1234"))
    machine.serial(Usb(model="Xenon 1900"))
    machine.serial(Usb("", "USB Serial", "", "1a86", "7523"))
    machine.printer(Usb("EPSON", "TM-T20III", "", "04b8"))
    machine.card_reader(Usb("ACS", "ACR122U", "", "072f"))
    return machine


def pasted(printed: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(the comment above it, the table), as TOML reads them."""
    lines = printed.splitlines()
    for above, line in pairwise(lines):
        if line and not line.startswith("#"):
            yield above, tomllib.loads(f"device = {line}")["device"]


def test_everything_printed_is_a_comment_or_a_table_that_builds_the_device(tmp_path: Path) -> None:
    plug_everything(tmp_path)
    devices = Devices(structure, Stage())
    found = list(pasted(listing(tmp_path)))
    drivers = [table["driver"] for _, table in found]
    assert drivers == ["evdev", "evdev", "evdev", "serial", "serial_relay", "escpos"]
    ports = {f"# {place}:": port for port, place in PLACES.items()}
    for above, table in found:
        assert devices.build(ports[above], "it", table)


def test_nothing_found_says_where_was_looked_and_which_group_is_needed(tmp_path: Path) -> None:
    printed = listing(tmp_path)
    assert not list(pasted(printed))
    for word in ("/dev/input/by-id", "/dev/serial/by-id", "/dev/gpiochip", "pcscd", "/dev/usb/lp"):
        assert word in printed
    for group in ("input", "dialout", "gpio"):
        assert f"the group {group} " in printed


def test_what_cannot_be_looked_at_does_not_hide_the_rest(tmp_path: Path) -> None:
    plug_everything(tmp_path)
    printed = listing(tmp_path)
    assert "# ACS ACR122U is plugged in, but pcscd does not run" in printed
    assert "escpos" in printed


def test_the_command_prints_the_listing(tmp_path: Path) -> None:
    plug_everything(tmp_path)
    run = CliRunner().invoke(main, ["devices", "--root", str(tmp_path)])
    assert (run.exit_code, run.output) == (0, listing(tmp_path))


def test_every_place_is_a_port_of_the_registry() -> None:
    assert PLACES.keys() <= DRIVERS.keys()


def test_a_table_is_written_as_toml_reads_it() -> None:
    table = {"driver": "x", "path": 'a"\\\x7f\n\u2028é😀', "line": 17}
    assert tomllib.loads(f"device = {inline_table(table)}")["device"] == table
