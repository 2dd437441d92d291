"""Every driver is found by name; what is wrong with a table is said, all of it."""

from __future__ import annotations

from dataclasses import is_dataclass
from importlib import import_module
from typing import Any

import pytest
from support.program import run_python

from hal.ports import CodeReader, InputLine, OutputLine, TicketPrinter
from hal.registry import DRIVERS, EXTRAS, BadDevice, Devices

ROWS = [(port, driver) for port, drivers in DRIVERS.items() for driver in drivers]
SIM = {"driver": "sim"}
SIMPLEST: dict[str, dict[str, Any]] = {
    "serial": {"port": "/dev/ttyACM0"},
    "evdev": {"device": "/dev/input/by-id/scanner"},
    "osdp": {"port": "/dev/ttyUSB0", "key": "00" * 16},
    "wiegand": {"d0": 5, "d1": 6},
    "tripod": {"latch_in": SIM, "sensor": SIM},
    "swing_gate": {"open_in": SIM, "outer": SIM, "inner": SIM},
    "door": {"strike": SIM, "contact": SIM},
    "lights": {"green": SIM},
    "text": {"port": "/dev/ttyUSB0"},
    "gpiozero": {"pin": 17},
    "gpiod": {"pin": 17},
    "serial_relay": {"port": "/dev/ttyUSB0", "relay": 1},
    "escpos": {"target": "device", "path": "/dev/usb/lp0"},
}


MODBUS = {
    (OutputLine, "modbus"): {"host": "192.168.10.30", "coil": 0},
    (InputLine, "modbus"): {"host": "192.168.10.30", "input": 0},
}


@pytest.mark.parametrize(("port", "driver"), ROWS)
def test_every_driver_is_built_without_touching_the_world(
    devices: Devices, port: type[Any], driver: str
) -> None:
    table = {"driver": driver, **SIMPLEST.get(driver, {}), **MODBUS.get((port, driver), {})}
    device = devices.build(port, "lanes.north.device", table)
    assert device.name == "lanes.north.device"
    methods = [name for name, value in vars(port).items() if callable(value) and name[0] != "_"]
    assert methods
    assert all(callable(getattr(device, name)) for name in methods)


@pytest.mark.parametrize(("port", "driver"), ROWS)
def test_the_options_of_every_driver_are_frozen(port: type[Any], driver: str) -> None:
    module, _, name = DRIVERS[port][driver].partition(":")
    options = getattr(import_module(module), name).Options
    assert is_dataclass(options)
    assert vars(options)["__dataclass_params__"].frozen


@pytest.mark.parametrize("table", [{"driver": "seriall"}, {}, {"driver": 17}, {"driver": ["sim"]}])
def test_an_unknown_driver_names_the_known_ones(devices: Devices, table: dict[str, Any]) -> None:
    with pytest.raises(BadDevice, match=r"^lane\.reader\.driver: .* known: evdev, .*serial, sim"):
        devices.build(CodeReader, "lane.reader", table)


def test_every_wrong_option_is_named_with_its_path(devices: Devices) -> None:
    table = {"driver": "escpos", "target": "tcp", "prot": 9100, "columns": "48", "cut": 1}
    with pytest.raises(BadDevice) as bad:
        devices.build(TicketPrinter, "printer", table)
    problems = sorted(bad.value.problems)
    assert [problem.partition(":")[0] for problem in problems] == [
        "printer.columns",
        "printer.cut",
        "printer.prot",
    ]
    assert "did you mean 'port'?" in problems[2]


MISSING = """
import sys
sys.modules[sys.argv[1]] = None
from hal import ports, registry
from hal.sim.stage import Stage
devices = registry.Devices(lambda data, kind: kind(**data), Stage())
try:
    devices.build(getattr(ports, sys.argv[2]), "lane.device", {"driver": sys.argv[3]})
except registry.BadDevice as bad:
    print(bad)
"""


@pytest.mark.parametrize(
    ("library", "port", "driver", "extra"),
    [
        ("evdev", "CodeReader", "evdev", "hid"),
        ("xkbcommon", "CodeReader", "evdev", "hid"),
        ("gpiozero", "OutputLine", "gpiozero", "gpio"),
        ("escpos", "TicketPrinter", "escpos", "print"),
        ("PIL", "TicketPrinter", "sim", "print"),
        ("segno", "TicketPrinter", "escpos", "print"),
    ],
)
def test_a_missing_library_names_the_extra_that_brings_it(
    library: str, port: str, driver: str, extra: str
) -> None:
    said = run_python(MISSING, library, port, driver).stdout
    assert f"lane.device.driver: '{driver}' needs {library}" in said
    assert f"install wicket[{extra}]" in said


LOADED = """
import sys
import hal.ports, hal.registry, hal.sim.reader, hal.drivers.serial_reader
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_a_gate_with_a_serial_scanner_loads_no_vendor_library() -> None:
    loaded = set(run_python(LOADED).stdout.split())
    assert "hal" in loaded
    assert not loaded & {*EXTRAS, "six", "yaml", "aiohttp", "cattrs", "cryptography"}
