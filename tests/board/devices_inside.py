"""`wicket devices` on the board: what it prints opens what is plugged in. `--print` shows it."""

from __future__ import annotations

import asyncio
import sys
import tomllib
from pathlib import Path
from typing import Any

import gpiod
from gpio_sim import LABEL, GpioSim
from udev import start_udev, wait_for
from usb_scanner import KeyboardScanner, SerialScanner

from hal.ports import CodeReader
from hal.registry import Devices
from hal.sim.stage import Stage
from runtime.convert import structure
from wicket.devices import listing

BY_ID, BY_PATH = Path("/dev/input/by-id"), Path("/dev/input/by-path")
SERIAL = Path("/dev/serial/by-id/usb-Maker_Xenon_1900_SN3-if00")


def tables(printed: str) -> list[dict[str, Any]]:
    lines = [line for line in printed.splitlines() if line and not line.startswith("#")]
    return [tomllib.loads(f"device = {line}")["device"] for line in lines]


async def each_opens(readers: list[dict[str, Any]]) -> None:
    devices = Devices(structure, Stage())
    for n, table in enumerate(readers):
        async with devices.build(CodeReader, str(n), table):
            pass


def plug() -> None:
    start_udev()
    scanners = [
        KeyboardScanner("north", 0, product="Voyager 1450g", serial="SN1"),
        KeyboardScanner("twin1", 1, product="Cheap"),
        KeyboardScanner("twin2", 2, product="Cheap"),
        SerialScanner("serial", 3, product="Xenon 1900", serial="SN3"),
    ]
    for scanner in scanners:
        scanner.plug()
    for n in range(3):
        wait_for(BY_PATH / f"platform-dummy_hcd.{n}-usb-0:1:1.0-event-kbd")
    wait_for(BY_ID / "usb-Maker_Voyager_1450g_SN1-event-kbd")
    wait_for(SERIAL)


def main() -> None:
    plug()
    chip = GpioSim()
    with gpiod.request_lines(str(chip.chip), consumer="fan", config={3: None}):
        printed = listing(Path("/"))
    if "--print" in sys.argv:
        print(printed)
    found = tables(printed)
    readers = [table for table in found if table["driver"] in ("evdev", "serial")]
    assert [table["driver"] for table in readers] == ["evdev"] * 3 + ["serial"], printed
    names = sorted(Path(table["device"]) for table in readers[:3])
    assert [name.parent for name in names] == [BY_ID, BY_PATH, BY_PATH], printed
    assert readers[3]["port"] == str(SERIAL), printed
    asyncio.run(each_opens(readers))
    assert f"GPIO chip {LABEL} ({chip.chip}), 54 lines" in printed
    assert "lines to choose from: 2, 4-27" in printed
    assert "in use: 3 (fan)" in printed
    assert found[-1]["chip"] == LABEL, found[-1]


main()
